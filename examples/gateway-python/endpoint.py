"""Where the gateway's metrics are served: a thread of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tykmetrics import start_http_server

if TYPE_CHECKING:
    from collections.abc import Callable


class Endpoint(NamedTuple):
    """A server that runs."""

    url: str
    close: Callable[[], None]


def serve_metrics(port: int) -> Endpoint:
    """Serve the metrics at this port, or at any that is free."""
    server = start_http_server(port, "127.0.0.1")
    return Endpoint(f"http://127.0.0.1:{server.port}", server.close)

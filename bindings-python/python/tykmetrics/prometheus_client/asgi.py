"""An ASGI application that answers with the metrics of a registry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from tykmetrics.prometheus_client.registry import REGISTRY, Collector

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def make_asgi_app(
    registry: Collector = REGISTRY, disable_compression: bool = False
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return an ASGI application that answers every HTTP request with the metrics of a registry."""
    # Here, since it imports this module.
    from tykmetrics.prometheus_client import exposition

    async def prometheus_app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope.get("type") == "http", f"metrics are served over HTTP, not {scope.get('type')}"
        status, headers, output = exposition._bake_output(
            registry,
            _header(scope, b"accept"),
            _header(scope, b"accept-encoding"),
            parse_qs(scope.get("query_string", b"").decode("utf8")),
            disable_compression,
        )
        payload = await receive()
        if payload.get("type") == "http.request":
            await send(
                {
                    "type": "http.response.start",
                    "status": int(status.split(" ")[0]),
                    "headers": [(name.encode("utf8"), value.encode("utf8")) for name, value in headers],
                }
            )
            await send({"type": "http.response.body", "body": output})

    return prometheus_app


def _header(scope: Scope, name: bytes) -> str:
    """Return all values of a request header as one."""
    return ",".join(value.decode("utf8") for key, value in scope.get("headers") or () if key.lower() == name)

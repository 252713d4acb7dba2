"""Prometheus metrics that record at the interpreter's own floor.

    from tykmetrics import Counter, render

    requests = Counter("requests_total", "Requests served", ["method"])
    requests.labels("GET").inc()
    print(render().decode())

The classes and their arguments are prometheus_client's, so that changing the import is the migration; instrumented
packages of others record here too once `tykmetrics.prometheus_client.install()` was called. A record is one native call
that adds to a cell of this interpreter's own; a scrape runs while the interpreter is free.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# First, since what the modules below share with it lives there.
import tykmetrics.prometheus_client as _drop_in  # noqa: F401
from tykmetrics._native import __version__
from tykmetrics.metrics import Counter, Enum, Gauge, Histogram, Info, Summary
from tykmetrics.registry import REGISTRY, CollectorRegistry, DuplicateTimeseries
from tykmetrics.rendering import negotiate, render

if TYPE_CHECKING:
    from tykmetrics.exposition import make_asgi_app, make_wsgi_app
    from tykmetrics.requests import get_metrics_collector, record_request, track_block, track_request
    from tykmetrics.server import MetricsServer, start_http_server

Registry = CollectorRegistry

__all__ = [
    "REGISTRY",
    "CollectorRegistry",
    "Counter",
    "DuplicateTimeseries",
    "Enum",
    "Gauge",
    "Histogram",
    "Info",
    "MetricsServer",
    "Registry",
    "Summary",
    "__version__",
    "get_metrics_collector",
    "make_asgi_app",
    "make_wsgi_app",
    "negotiate",
    "record_request",
    "render",
    "start_http_server",
    "track_block",
    "track_request",
]

_LATER = {
    "MetricsServer": "server",
    "get_metrics_collector": "requests",
    "make_asgi_app": "exposition",
    "make_wsgi_app": "exposition",
    "record_request": "requests",
    "start_http_server": "server",
    "track_block": "requests",
    "track_request": "requests",
}


def __getattr__(name: str) -> Any:
    """Import what serves and decorates when it is asked for: `ssl` and `inspect` take longer than all the rest."""
    module = _LATER.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(f"tykmetrics.{module}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})

"""Prometheus metrics that record at the interpreter's own floor.

    from tykmetrics import Counter, render

    requests = Counter("requests_total", "Requests served", ["method"])
    requests.labels("GET").inc()
    print(render().decode())

The classes and their arguments are prometheus_client's. To migrate, change the import to
`tykmetrics.prometheus_client`, which has its functions and its text as well; instrumented packages of others record
here too once its `install()` was called. A record is one native call that adds to a cell of this interpreter's own; a
scrape runs while the interpreter is free.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

# First, since what the modules below share with it lives there.
import tykmetrics.prometheus_client as _drop_in
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
        raise _absent(name)
    found = globals()[name] = getattr(importlib.import_module(f"tykmetrics.{module}"), name)
    return found


def _absent(name: str) -> Exception:
    """Return the error for a name that is not here: one that says where it is, if the drop-in has it."""
    message = f"module {__name__!r} has no attribute {name!r}"
    if not _in_drop_in(name):
        return AttributeError(message)
    message += f": what is prometheus_client's only is in the drop-in, this as {_drop_in.__name__}.{name}"
    # `from tykmetrics import name` asks whether there is an attribute, and makes an error of its own if there is none,
    # so that nobody would read ours. Everybody else who asks wants an AttributeError.
    asking = sys._getframe(2).f_code
    if asking.co_name == "_handle_fromlist" and "importlib" in asking.co_filename:
        return ImportError(message, name=__name__)
    return AttributeError(message)


def _in_drop_in(name: str) -> bool:
    """Tell whether the drop-in has a name or a module that this package has not."""
    if name.startswith("_") or not name.isidentifier():
        return False
    if name in _drop_in.__all__:
        return True
    from importlib import util

    return util.find_spec(f"{__name__}.{name}") is None and util.find_spec(f"{_drop_in.__name__}.{name}") is not None


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})

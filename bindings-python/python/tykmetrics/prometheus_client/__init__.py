"""prometheus_client's public names over the engine of tykmetrics.

To change the import is to migrate: `from tykmetrics.prometheus_client import Counter, start_http_server`. Where the
import is somebody else's, `install` makes `import prometheus_client` mean this package.

The default registry is that of tykmetrics itself, and as in prometheus_client it has the collectors of the process, the
platform and the garbage collector from the start.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tykmetrics.prometheus_client import (
    gc_collector as gc_collector,
    metrics as metrics,
    metrics_core as metrics_core,
    platform_collector as platform_collector,
    process_collector as process_collector,
    registry as registry,
)
from tykmetrics.prometheus_client._install import install as install
from tykmetrics.prometheus_client.gc_collector import GC_COLLECTOR, GCCollector
from tykmetrics.prometheus_client.metrics import (
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Summary,
    disable_created_metrics,
    enable_created_metrics,
)
from tykmetrics.prometheus_client.metrics_core import Metric
from tykmetrics.prometheus_client.platform_collector import PLATFORM_COLLECTOR, PlatformCollector
from tykmetrics.prometheus_client.process_collector import PROCESS_COLLECTOR, ProcessCollector
from tykmetrics.prometheus_client.registry import REGISTRY, CollectorRegistry

if TYPE_CHECKING:
    from tykmetrics.prometheus_client import exposition as exposition
    from tykmetrics.prometheus_client.exposition import (
        CONTENT_TYPE_LATEST,
        CONTENT_TYPE_PLAIN_0_0_4,
        CONTENT_TYPE_PLAIN_1_0_0,
        MetricsHandler,
        delete_from_gateway,
        generate_latest,
        instance_ip_grouping_key,
        make_asgi_app,
        make_wsgi_app,
        push_to_gateway,
        pushadd_to_gateway,
        start_http_server,
        start_wsgi_server,
        write_to_textfile,
    )

__all__ = (
    "CONTENT_TYPE_LATEST",
    "CONTENT_TYPE_PLAIN_0_0_4",
    "CONTENT_TYPE_PLAIN_1_0_0",
    "GC_COLLECTOR",
    "PLATFORM_COLLECTOR",
    "PROCESS_COLLECTOR",
    "REGISTRY",
    "CollectorRegistry",
    "Counter",
    "Enum",
    "GCCollector",
    "Gauge",
    "Histogram",
    "Info",
    "Metric",
    "MetricsHandler",
    "PlatformCollector",
    "ProcessCollector",
    "Summary",
    "delete_from_gateway",
    "disable_created_metrics",
    "enable_created_metrics",
    "generate_latest",
    "instance_ip_grouping_key",
    "make_asgi_app",
    "make_wsgi_app",
    "push_to_gateway",
    "pushadd_to_gateway",
    "start_http_server",
    "start_wsgi_server",
    "write_to_textfile",
)

# Modules that prometheus_client has imported when it is imported itself, and this package when they are asked for.
_LATE = ("asgi", "exposition", "openmetrics")


def __getattr__(name: str) -> Any:
    """Import what serves and pushes when it is asked for: http.server, ssl and urllib are half of the import's time."""
    if name in _LATE:
        return importlib.import_module(f"tykmetrics.prometheus_client.{name}")
    if name in __all__:
        value = getattr(importlib.import_module("tykmetrics.prometheus_client.exposition"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_LATE})

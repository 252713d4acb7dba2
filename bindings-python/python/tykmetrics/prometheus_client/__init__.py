"""prometheus_client's public names over the engine of tykmetrics.

To change the import is to migrate: `from tykmetrics.prometheus_client import Counter, start_http_server`. Where the
import is somebody else's, `install` makes `import prometheus_client` mean this package.

The default registry is that of tykmetrics itself, and as in prometheus_client it has the collectors of the process, the
platform and the garbage collector from the start.
"""

from __future__ import annotations

from tykmetrics.prometheus_client import (
    exposition,
    gc_collector,
    metrics,
    metrics_core,
    platform_collector,
    process_collector,
    registry,
)
from tykmetrics.prometheus_client._install import install
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

__all__ = (
    "CollectorRegistry",
    "REGISTRY",
    "Metric",
    "Counter",
    "Gauge",
    "Summary",
    "Histogram",
    "Info",
    "Enum",
    "enable_created_metrics",
    "disable_created_metrics",
    "CONTENT_TYPE_LATEST",
    "CONTENT_TYPE_PLAIN_0_0_4",
    "CONTENT_TYPE_PLAIN_1_0_0",
    "generate_latest",
    "MetricsHandler",
    "make_wsgi_app",
    "make_asgi_app",
    "start_http_server",
    "start_wsgi_server",
    "write_to_textfile",
    "push_to_gateway",
    "pushadd_to_gateway",
    "delete_from_gateway",
    "instance_ip_grouping_key",
    "ProcessCollector",
    "PROCESS_COLLECTOR",
    "PlatformCollector",
    "PLATFORM_COLLECTOR",
    "GCCollector",
    "GC_COLLECTOR",
)

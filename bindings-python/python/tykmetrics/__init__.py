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

# First, since what the modules below share with it lives there.
import tykmetrics.prometheus_client as _drop_in  # noqa: F401
from tykmetrics._native import __version__
from tykmetrics.metrics import Counter, Enum, Gauge, Histogram, Info, Summary
from tykmetrics.registry import REGISTRY, CollectorRegistry, DuplicateTimeseries
from tykmetrics.rendering import negotiate, render

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
    "Registry",
    "Summary",
    "__version__",
    "negotiate",
    "render",
]

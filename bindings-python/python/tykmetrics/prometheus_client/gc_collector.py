"""What Python's garbage collector did, by generation."""

from __future__ import annotations

import gc
import platform
from collections.abc import Iterable

from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client.metrics_core import CounterMetricFamily, Metric
from tykmetrics.prometheus_client.registry import REGISTRY, Collector, CollectorRegistry

_FAMILIES = (
    ("python_gc_objects_collected", "Objects collected during gc", "collected"),
    ("python_gc_objects_uncollectable", "Uncollectable objects found during GC", "uncollectable"),
    ("python_gc_collections", "Number of times this generation was collected", "collections"),
)


class GCCollector(Collector):
    """Tells how often each generation was collected, and how many objects that freed or could not free."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        """Join a registry; an interpreter without these statistics joins none."""
        if hasattr(gc, "get_stats") and platform.python_implementation() == "CPython":
            registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Return the statistics of all generations."""
        stats = gc.get_stats()
        families: list[Metric] = []
        for name, documentation, key in _FAMILIES:
            family = CounterMetricFamily(name, documentation, labels=["generation"])
            for generation, stat in enumerate(stats):
                family.add_metric([str(generation)], stat[key])
            families.append(family)
        return families


adopt(__name__)

GC_COLLECTOR = GCCollector()
"""The one of the default registry."""

"""What a user of prometheus_client writes, with nothing but the import changed, for mypy and pyright."""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import assert_type

from tykmetrics.prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    generate_latest,
    make_asgi_app,
    make_wsgi_app,
)
from tykmetrics.prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from tykmetrics.prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from tykmetrics.prometheus_client.parser import text_string_to_metric_families
from tykmetrics.prometheus_client.registry import Collector


class Mine(Collector):
    """A collector of one's own."""

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("mine", "Help.", value=7)
        family = CounterMetricFamily("mine_too", "Help.", labels=["a"])
        family.add_metric(["x"], 1.5)
        yield family


registry = CollectorRegistry()
registry.register(Mine())
counter = Counter("c", "Help.", ["a"], registry=registry)
histogram = Histogram("h", "Help.", registry=REGISTRY)

assert_type(counter.labels("x"), Counter)
assert_type(generate_latest(registry), bytes)
assert_type(generate_openmetrics(registry), bytes)
header: tuple[str, str] = ("Content-Type", CONTENT_TYPE_LATEST)
applications = (make_asgi_app(registry), make_wsgi_app(registry))
for family in text_string_to_metric_families("a 1\n"):
    assert_type(family, Metric)
    for sample in family.samples:
        assert_type(sample.value, float)

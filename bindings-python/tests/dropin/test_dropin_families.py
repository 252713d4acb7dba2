"""Families that collectors make: as prometheus_client's, which is asked the same."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import prometheus_client.core as peer
import pytest

from tykmetrics.prometheus_client import CollectorRegistry, core, generate_latest
from tykmetrics.prometheus_client.core import GaugeMetricFamily, Metric

MAKERS: dict[str, Callable[[Any], Any]] = {
    "unknown": lambda of: of.UnknownMetricFamily("u", "help", 1),
    "untyped": lambda of: of.UntypedMetricFamily("u", "help", labels=["a"]),
    "counter": lambda of: of.CounterMetricFamily("c_total", "help", 1, created=2, exemplar=of.Exemplar({"a": "b"}, 1)),
    "counter with a unit": lambda of: of.CounterMetricFamily("c", "help", 1, unit="bytes"),
    "gauge": lambda of: of.GaugeMetricFamily("g", "help", 1.5),
    "summary": lambda of: of.SummaryMetricFamily("s", "help", 1, 2.5),
    "histogram": lambda of: of.HistogramMetricFamily("h", "help", [("1.0", 1), ("+Inf", 2, of.Exemplar({}, 7))], 3),
    "histogram of negative values": lambda of: of.HistogramMetricFamily("h", "help", [("-1.0", 1), ("+Inf", 2)], 3),
    "histogram without a sum": lambda of: of.HistogramMetricFamily("h", "help", [("1.0", 1), ("+Inf", 2)]),
    "gauge histogram": lambda of: of.GaugeHistogramMetricFamily("gh", "help", [("1.0", 1), ("+Inf", 2)], 3),
    "info": lambda of: of.InfoMetricFamily("i", "help", {"a": "b"}),
    "state set": lambda of: of.StateSetMetricFamily("s", "help", {"on": True, "off": False}),
}

LABELLED: dict[str, Callable[[Any, Any], Any]] = {
    "UnknownMetricFamily": lambda family, of: family.add_metric(["x"], 1, 2.0),
    "CounterMetricFamily": lambda family, of: family.add_metric(["x"], 1, 2, 3, of.Exemplar({}, 4)),
    "GaugeMetricFamily": lambda family, of: family.add_metric(["x"], 1, of.Timestamp(1, 2)),
    "SummaryMetricFamily": lambda family, of: family.add_metric(["x"], 1, 2, 3),
    "HistogramMetricFamily": lambda family, of: family.add_metric(["x"], [("1", 1), ("+Inf", 1)], 2, 3),
    "GaugeHistogramMetricFamily": lambda family, of: family.add_metric(["x"], [("1", 1), ("+Inf", 1)], None, 3),
    "InfoMetricFamily": lambda family, of: family.add_metric(["x"], {"c": "d"}, 3),
    "StateSetMetricFamily": lambda family, of: family.add_metric(["x"], {"b": True, "a": False}, 3),
}

REFUSED: dict[str, Callable[[Any], Any]] = {
    "labels and a value": lambda of: of.GaugeMetricFamily("g", "help", 1, labels=["a"]),
    "half a summary": lambda of: of.SummaryMetricFamily("s", "help", count_value=1),
    "a sum of no buckets": lambda of: of.HistogramMetricFamily("h", "help", sum_value=1),
    "an unknown type": lambda of: of.Metric("m", "help", "meter"),
    "no name": lambda of: of.Metric("", "help", "gauge"),
    "buckets in a dictionary": lambda of: of.HistogramMetricFamily("h", "help", buckets={}),
    "a bound that is no number": lambda of: of.HistogramMetricFamily("h", "help", [("x", 1)], 1),
}


def plain(metric: Any) -> tuple[Any, ...]:
    """Return a family as tuples and texts, whoever's it is."""
    samples = [
        (*sample[:3], sample.timestamp and str(sample.timestamp), sample.exemplar and tuple(sample.exemplar))
        for sample in metric.samples
    ]
    return (metric.name, metric.documentation, metric.type, metric.unit, samples)


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_a_family_of_one_value_has_the_samples_of_prometheus_client(maker: Callable[[Any], Any]) -> None:
    assert plain(maker(core)) == plain(maker(peer))
    assert repr(maker(core)) == repr(maker(peer))


@pytest.mark.parametrize("name", LABELLED)
def test_a_family_with_labels_has_the_samples_of_prometheus_client(name: str) -> None:
    found = []
    modules: tuple[ModuleType, ...] = (core, peer)
    for module in modules:
        family = getattr(module, name)("m", "help", labels=iter(["a"]))
        LABELLED[name](family, module)
        found.append(plain(family))
    assert found[0] == found[1]
    assert found[0][-1]


@pytest.mark.parametrize("maker", REFUSED.values(), ids=REFUSED)
def test_what_prometheus_client_refuses_is_refused_with_the_same_type_of_error(maker: Callable[[Any], Any]) -> None:
    with pytest.raises(Exception) as theirs:
        maker(peer)
    with pytest.raises(theirs.type):
        maker(core)


def test_a_message_names_the_family() -> None:
    with pytest.raises(ValueError, match="queue_size"):
        GaugeMetricFamily("queue_size", "help", 1, labels=["a"])
    with pytest.raises(ValueError, match="meter for queue_size"):
        Metric("queue_size", "help", "meter")


def test_a_name_that_is_no_utf_8_is_refused() -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        Metric("\udc80", "help", "gauge")


def test_a_unit_becomes_part_of_the_name_once() -> None:
    assert Metric("a", "help", "gauge", "seconds").name == "a_seconds"
    assert Metric("a_seconds", "help", "gauge", "seconds").name == "a_seconds"


def test_families_are_equal_when_all_of_them_is() -> None:
    assert GaugeMetricFamily("a", "help", 1) == GaugeMetricFamily("a", "help", 1)
    assert GaugeMetricFamily("a", "help", 1) != Metric("a", "help", "gauge")
    assert GaugeMetricFamily("a", "help", 1) != GaugeMetricFamily("a", "help", 2)
    assert GaugeMetricFamily("a", "help", 1) != GaugeMetricFamily("a", "other", 1)
    assert GaugeMetricFamily("a", "help", 1) != "a"


def test_a_subclass_is_exposed_like_its_base(registry: CollectorRegistry) -> None:
    class Bytes(GaugeMetricFamily):
        def __init__(self, name: str, **values: float) -> None:
            super().__init__(name, "Sizes.", labels=["of"], unit="bytes")
            for of, value in values.items():
                self.add_metric([of], value)

    class Collector:
        def collect(self) -> list[Metric]:
            return [Bytes("size", cache=1, heap=2)]

    registry.register(Collector())
    assert generate_latest(registry).decode().splitlines()[2:] == [
        'size_bytes{of="cache"} 1.0',
        'size_bytes{of="heap"} 2.0',
    ]


def test_timestamps_compare_and_print_as_prometheus_clients() -> None:
    for seconds, nanoseconds in ((1, 5), (-1, 5), (0, 0), (2.0, 999_999_999)):
        mine, theirs = core.Timestamp(seconds, nanoseconds), peer.Timestamp(seconds, nanoseconds)
        assert (str(mine), repr(mine), float(mine)) == (str(theirs), repr(theirs), float(theirs))
    assert core.Timestamp(1, 2) == core.Timestamp(1, 2) != core.Timestamp(1, 3)
    assert core.Timestamp(1, 2) < core.Timestamp(1, 3) < core.Timestamp(2, 0)
    for nanoseconds in (-1, 1_000_000_000):
        with pytest.raises(ValueError, match="nanoseconds"):
            core.Timestamp(1, nanoseconds)

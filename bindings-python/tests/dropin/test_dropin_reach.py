"""What tests of instrumented programs reach for inside metrics, in both packages alike."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import prometheus_client as peer
import pytest

import tykmetrics
from tykmetrics import prometheus_client as ours

LIBRARIES: list[ModuleType] = [peer, ours, tykmetrics]


@pytest.fixture(params=LIBRARIES, ids=lambda library: library.__name__)
def library(request: pytest.FixtureRequest) -> Any:
    return request.param


def missing(metric: Any, *names: str) -> list[str]:
    return [name for name in names if not hasattr(metric, name)]


def test_a_counters_value_is_read_and_replaced(library: Any) -> None:
    counter = library.Counter("c", "help", ["a"], registry=None)
    series = counter.labels("x")
    series.inc(2)
    assert series._value.get() == counter.labels(a="x")._value.get() == 2
    series._value.set(0)
    assert series._value.get() == 0
    series._value.inc(1.5)
    assert series._value.get() == 1.5
    assert series._created > 0
    assert missing(counter, "_value", "_metrics", "_created") == ["_value", "_created"]
    assert missing(series, "_value", "_metrics", "_sum") == ["_metrics", "_sum"]


def test_an_exemplar_is_read(library: Any) -> None:
    counter = library.Counter("c", "help", registry=None)
    assert counter._value.get_exemplar() is None
    counter.inc(2, exemplar={"trace": "abc"})
    assert counter._value.get_exemplar()[:2] == ({"trace": "abc"}, 2.0)


def test_a_gauges_value_is_read_and_replaced(library: Any) -> None:
    gauge = library.Gauge("g", "help", registry=None)
    gauge.set(3)
    assert gauge._value.get() == 3
    gauge._value.set(5)
    gauge._value.inc(-1)
    assert gauge._value.get() == 4
    assert missing(gauge, "_value", "_metrics", "_buckets", "_count") == ["_metrics", "_buckets", "_count"]


def test_a_histograms_sum_and_buckets_are_read(library: Any) -> None:
    histogram = library.Histogram("h", "help", buckets=[1, 2], registry=None)
    for value in (0.5, 0.5, 1.5, 9):
        histogram.observe(value)
    assert histogram._sum.get() == 11.5
    assert [bucket.get() for bucket in histogram._buckets] == [2, 1, 1]
    assert histogram._upper_bounds == [1, 2, float("inf")]
    assert missing(histogram, "_value", "_sum", "_buckets", "_created") == ["_value"]


def test_a_summarys_count_and_sum_are_read(library: Any) -> None:
    summary = library.Summary("s", "help", registry=None)
    summary.observe(2)
    summary.observe(3)
    assert (summary._count.get(), summary._sum.get()) == (2, 5)


def test_facts_and_states_are_read(library: Any) -> None:
    info = library.Info("i", "help", registry=None)
    assert info._value == {}
    info.info({"a": "b"})
    assert info._value == {"a": "b"}
    enum = library.Enum("e", "help", states=["on", "off"], registry=None)
    assert enum._value == 0
    enum.state("off")
    assert enum._value == 1


def test_series_are_looked_through_and_taken_out(library: Any) -> None:
    counter = library.Counter("c", "help", ["a", "b"], registry=None)
    for values in (("1", "x"), ("2", "x"), ("3", "x")):
        counter.labels(*values).inc(int(values[0]))
    assert {values: series._value.get() for values, series in counter._metrics.items()} == {
        ("1", "x"): 1,
        ("2", "x"): 2,
        ("3", "x"): 3,
    }
    assert counter._metrics["2", "x"] is counter.labels("2", "x")
    del counter._metrics["1", "x"]
    assert counter._metrics.pop(("2", "x"))._labelvalues == ("2", "x")
    assert counter._metrics.pop(("9", "x"), None) is None
    assert list(counter._metrics) == [("3", "x")]
    counter._metrics.clear()
    assert list(counter._metrics) == []


def test_samples_are_named_by_what_comes_behind_the_family(library: Any) -> None:
    counter = library.Counter("c", "help", ["a"], registry=None)
    counter.labels("x").inc()
    assert next(iter(counter.labels("x")._child_samples()))[:3] == ("_total", {}, 1)
    for samples in (counter._samples(), counter._multi_samples()):
        assert next(iter(samples))[:3] == ("_total", {"a": "x"}, 1)
    assert (counter._is_parent(), bool(counter._is_observable())) == (True, False)
    assert bool(counter.labels("x")._is_observable())


def test_names_that_describe_a_metric_are_there(library: Any) -> None:
    metric = library.Counter("c_total", "help", ["a"], namespace="n", unit="bytes", registry=None)
    assert (metric._name, metric._type, metric._documentation, metric._unit) == (
        "n_c_bytes",
        "counter",
        "help",
        "bytes",
    )
    assert (metric._labelnames, metric._labelvalues, metric.labels("x")._labelvalues) == (("a",), (), ("x",))


@pytest.mark.parametrize(
    "write",
    [
        lambda of: of.Histogram("h", "help", registry=None)._sum.set(0),
        lambda of: of.Histogram("h", "help", registry=None)._buckets[0].inc(1),
        lambda of: of.Summary("s", "help", registry=None)._count.set(0),
    ],
)
def test_what_belongs_to_a_whole_observation_cannot_be_written(write: Callable[[Any], None]) -> None:
    with pytest.raises(AttributeError, match="can be read and not"):
        write(ours)


def test_values_are_there_when_created_samples_are_not(program: Callable[..., str]) -> None:
    program(
        """
        from tykmetrics.prometheus_client import Counter
        counter = Counter("c", "help")
        counter.inc(2)
        assert counter._value.get() == 2
        assert counter._created > 0
        assert len(list(counter._child_samples())) == 1
        """,
        PROMETHEUS_DISABLE_CREATED_SERIES="1",
    )

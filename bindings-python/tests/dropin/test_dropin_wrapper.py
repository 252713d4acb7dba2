"""Kinds of metric that somebody writes in Python over `MetricWrapperBase`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import prometheus_client.metrics
import pytest

from tykmetrics.prometheus_client import (
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Summary,
    generate_latest,
    values,
)
from tykmetrics.prometheus_client.core import DuplicateTimeseries, Sample
from tykmetrics.prometheus_client.metrics import MetricWrapperBase


class Peak(MetricWrapperBase):
    """The highest value since it was made, and how often one was given."""

    _type = "summary"
    _reserved_labelnames = ("quantile",)

    def __init__(self, *args: Any, start: float = 0, **kwargs: Any) -> None:
        self._start = start
        super().__init__(*args, **kwargs)
        self._kwargs["start"] = start

    def _metric_init(self) -> None:
        self._peak = values.ValueClass(self._type, self._name, self._name, self._labelnames, self._labelvalues, "")
        self._peak.set(self._start)
        self._count = values.ValueClass(self._type, self._name, self._name, self._labelnames, self._labelvalues, "")

    def observe(self, value: float) -> None:
        self._raise_if_not_observable()
        self._peak.set(max(self._peak.get(), value))
        self._count.inc(1)

    def _child_samples(self) -> Iterable[Sample]:
        return (
            Sample("", {"quantile": "1.0"}, self._peak.get()),
            Sample("_count", {}, self._count.get()),
        )


def test_a_kind_of_ones_own_is_exposed(registry: CollectorRegistry) -> None:
    peak = Peak("peak", "Peaks.", ["a", "b"], namespace="app", unit="bytes", start=1, registry=registry)
    peak.labels("x", "y").observe(5)
    peak.labels(b="y", a="x").observe(3)
    peak.labels("quiet", 1)
    assert generate_latest(registry).decode() == (
        "# HELP app_peak_bytes Peaks.\n"
        "# TYPE app_peak_bytes summary\n"
        'app_peak_bytes{a="x",b="y",quantile="1.0"} 5.0\n'
        'app_peak_bytes_count{a="x",b="y"} 2.0\n'
        'app_peak_bytes{a="quiet",b="1",quantile="1.0"} 1.0\n'
        'app_peak_bytes_count{a="quiet",b="1"} 0.0\n'
    )
    assert repr(peak).endswith("Peak(app_peak_bytes)")
    assert str(peak) == "summary:app_peak_bytes"


def test_a_kind_of_ones_own_takes_its_names(registry: CollectorRegistry) -> None:
    Peak("p", "help", registry=registry).observe(2)
    assert registry.get_sample_value("p", {"quantile": "1.0"}) == 2
    with pytest.raises(DuplicateTimeseries):
        Gauge("p_count", "help", registry=registry)


def test_series_are_removed_by_all_or_some_of_their_labels() -> None:
    peak = Peak("p", "help", ["a", "b"], registry=None)

    def series() -> set[tuple[str, ...]]:
        return set(peak._metrics)

    for values_ in (("1", "x"), ("2", "x"), ("2", "y"), ("3", "z")):
        peak.labels(*values_)
    peak.remove(3, "z")
    peak.remove("none", "such")
    assert series() == {("1", "x"), ("2", "x"), ("2", "y")}
    peak.remove_by_labels({})
    peak.remove_by_labels({"a": "2"})
    assert series() == {("1", "x")}
    peak.clear()
    assert series() == set()


@pytest.mark.parametrize(
    ("use", "error"),
    [
        (lambda peak: peak.observe(1), ValueError),
        (lambda peak: peak.labels("1"), ValueError),
        (lambda peak: peak.labels("1", "2", a="1"), ValueError),
        (lambda peak: peak.labels(a="1"), ValueError),
        (lambda peak: peak.labels("1", "2").labels("1", "2"), ValueError),
        (lambda peak: peak.remove("1"), ValueError),
        (lambda peak: peak.remove_by_labels(["a"]), TypeError),
        (lambda peak: peak.remove_by_labels({"c": "1"}), ValueError),
    ],
)
def test_misuse_is_refused_with_the_metrics_name(use: Any, error: type[Exception]) -> None:
    peak = Peak("p", "help", ["a", "b"], registry=None)
    with pytest.raises(error, match="p|labels"):
        use(peak)


@pytest.mark.parametrize("arguments", [("",), ("p", "help", ["__a"]), ("p", "help", ["quantile"]), ("\udc80", "help")])
def test_bad_names_are_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="name"):
        Peak(*(arguments if len(arguments) > 1 else (*arguments, "help")), registry=None)


def test_a_metric_without_labels_has_none_to_give() -> None:
    peak = Peak("p", "help", registry=None)
    for use in (lambda: peak.labels("a"), lambda: peak.remove("a"), lambda: peak.remove_by_labels({"a": "b"})):
        with pytest.raises(ValueError, match="No label names were set when constructing summary:p"):
            use()
    peak.clear()
    peak.observe(3)


def test_a_kind_that_is_not_finished_says_what_is_missing() -> None:
    class Unfinished(MetricWrapperBase):
        _type = "gauge"

    with pytest.raises(NotImplementedError, match="_metric_init"):
        Unfinished("u", "help", registry=None)

    class Silent(Unfinished):
        def _metric_init(self) -> None:
            pass

    with pytest.raises(NotImplementedError, match="_child_samples"):
        list(Silent("s", "help", registry=None).collect())


def test_our_metrics_pass_for_metrics() -> None:
    for kind in (Counter, Gauge, Summary, Histogram, Info):
        assert isinstance(kind("m", "help", registry=None), MetricWrapperBase)
        assert issubclass(kind, MetricWrapperBase)
    assert isinstance(Enum("e", "help", states=["a"], registry=None), MetricWrapperBase)
    assert not isinstance("m", MetricWrapperBase)


@pytest.mark.parametrize(
    "arguments",
    [
        ("counter", "c_total", "", "", ""),
        ("counter", "c", "ns", "sub", "seconds"),
        ("gauge", "g_total", "", "sub", ""),
        ("gauge", "g_bytes", "ns", "", "bytes"),
    ],
)
def test_whole_names_are_built_as_prometheus_client_builds_them(arguments: tuple[str, ...]) -> None:
    from tykmetrics.prometheus_client.metrics import _build_full_name

    assert _build_full_name(*arguments) == prometheus_client.metrics._build_full_name(*arguments)


def test_info_and_state_sets_have_no_unit() -> None:
    from tykmetrics.prometheus_client.metrics import _build_full_name

    for kind in ("info", "stateset"):
        with pytest.raises(ValueError, match="cannot have a unit"):
            _build_full_name(kind, "m", "", "", "seconds")

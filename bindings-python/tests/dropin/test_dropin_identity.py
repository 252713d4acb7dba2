"""Names of classes in representations, and pickles."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

from tykmetrics.prometheus_client import CollectorRegistry, Counter, core
from tykmetrics.prometheus_client.core import (
    BucketSpan,
    DuplicateTimeseries,
    Exemplar,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    NativeHistogram,
    Sample,
    Timestamp,
)

VALUES = [
    Timestamp(12, 34),
    Timestamp(-12, 34),
    BucketSpan(1, 2),
    Exemplar({"trace": "a"}, 1.5, Timestamp(1, 2)),
    NativeHistogram(3, 1.0, 2, 0.001, 1, (BucketSpan(0, 1),), None, (2,)),
    Sample("a_total", {"b": "c"}, 1.0, 2.0, Exemplar({}, 1)),
]


class Own(GaugeMetricFamily):
    """Somebody's own family."""


class OwnSample(Sample):
    """Somebody's own sample."""


def test_a_metric_is_shown_by_the_name_it_has_in_prometheus_client(registry: CollectorRegistry) -> None:
    assert repr(Counter("c_total", "help", registry=registry)) == "prometheus_client.metrics.Counter(c)"
    assert str(Counter("d", "help", registry=registry)) == "counter:d"


def test_classes_have_the_names_they_have_in_prometheus_client() -> None:
    assert Sample.__module__ == "prometheus_client.samples"
    assert core.CounterMetricFamily.__module__ == "prometheus_client.metrics_core"
    assert repr(CollectorRegistry).startswith("<class 'prometheus_client.registry.CollectorRegistry")
    assert repr(Sample("a", {}, 1)) == (
        "Sample(name='a', labels={}, value=1, timestamp=None, exemplar=None, native_histogram=None)"
    )


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_survives_a_pickle_without_install(value: object, protocol: int) -> None:
    again = pickle.loads(pickle.dumps(value, protocol))
    assert again == value
    assert type(again) is type(value)
    assert copy.deepcopy(value) == value


def test_families_survive_a_pickle_and_a_copy() -> None:
    family = HistogramMetricFamily("h", "help", labels=["a"])
    family.add_metric(["b"], [("1.0", 1), ("+Inf", 2)], 3)
    for again in (pickle.loads(pickle.dumps(family)), copy.copy(family), copy.deepcopy(family)):
        assert again == family
        assert type(again) is HistogramMetricFamily
        again.add_metric(["c"], [("+Inf", 1)], 1)
        assert again.samples[-1].labels == {"a": "c"}
        del again.samples[-3:]


def test_subclasses_survive_a_pickle_as_themselves() -> None:
    family = pickle.loads(pickle.dumps(Own("own", "help", value=1)))
    assert type(family) is Own
    assert family.samples == [Sample("own", {}, 1)]
    sample = pickle.loads(pickle.dumps(OwnSample("a", {}, 1)))
    assert type(sample) is OwnSample
    assert sample == Sample("a", {}, 1)


def test_a_duplicate_error_survives_a_pickle() -> None:
    error = pickle.loads(pickle.dumps(DuplicateTimeseries({"a_total"})))
    assert error.duplicates == {"a_total"}
    assert "a_total" in str(error)
    assert isinstance(error, ValueError)


def test_a_pickle_passes_between_processes_with_and_without_install(program: Callable[..., str]) -> None:
    metric = Metric("m", "help", "gauge")
    metric.add_sample("m", {"a": "b"}, 1.0)
    text = pickle.dumps(metric).hex()
    printed = program(f"""
        from tykmetrics.prometheus_client import install
        install()
        import pickle, prometheus_client
        metric = pickle.loads(bytes.fromhex("{text}"))
        assert type(metric) is prometheus_client.Metric
        print(pickle.dumps(metric).hex())
    """)
    assert pickle.loads(bytes.fromhex(printed)) == metric
    assert type(pickle.loads(bytes.fromhex(printed))) is Metric


def test_a_pickle_of_prometheus_client_is_read_as_ours_after_install(program: Callable[..., str]) -> None:
    written = program("""
        import pickle
        from prometheus_client.core import Sample, Timestamp
        print(pickle.dumps(Sample("a", {"b": "c"}, 1.0, Timestamp(1, 2))).hex())
    """)
    program(f"""
        from tykmetrics.prometheus_client import install
        install()
        import pickle
        from tykmetrics.prometheus_client.core import Sample, Timestamp
        sample = pickle.loads(bytes.fromhex("{written.strip()}"))
        assert type(sample) is Sample and sample == Sample("a", {{"b": "c"}}, 1.0, Timestamp(1, 2))
    """)

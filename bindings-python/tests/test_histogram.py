"""Histograms and summaries, as prometheus_client's users know them."""

from __future__ import annotations

import inspect
import math
import random
import time
from bisect import bisect_left

import pytest

from tykmetrics import Histogram

DEFAULT = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, math.inf]


def buckets(registry, name="h", **labels):
    """Tell the cumulative counts by bound."""
    found = {}
    for family in registry.collect():
        for sample in family.samples:
            rest = {name: value for name, value in sample.labels.items() if name != "le"}
            if sample.name == f"{name}_bucket" and rest == labels:
                found[float(sample.labels["le"])] = sample.value
    return found


def test_the_default_buckets_are_those_of_prometheus_client(library, registry):
    histogram = library.Histogram("h", "Help.", registry=registry)
    assert list(buckets(registry)) == DEFAULT
    assert list(histogram.DEFAULT_BUCKETS) == DEFAULT


def test_a_bound_is_inclusive(library, registry):
    histogram = library.Histogram("h", "Help.", registry=registry, buckets=[1, 2.5, 10])
    for value in (1, math.nextafter(1, 2), 2.5, 10, math.nextafter(10, 11)):
        histogram.observe(value)
    assert buckets(registry) == {1: 1, 2.5: 3, 10: 4, math.inf: 5}
    assert registry.get_sample_value("h_count") == 5
    assert registry.get_sample_value("h_sum") == pytest.approx(24.5)


def test_counts_are_those_of_a_naive_count(library, registry):
    dice = random.Random(7)
    bounds = [0.001, 0.01, 0.1, 1, 10, 100]
    histogram = library.Histogram("h", "Help.", registry=registry, buckets=bounds)
    counted = [0] * 7
    values = [dice.lognormvariate(0, 3) for _ in range(5000)] + bounds
    for value in values:
        histogram.observe(value)
        counted[bisect_left(bounds, value)] += 1
    cumulative = [sum(counted[: at + 1]) for at in range(7)]
    assert list(buckets(registry).values()) == cumulative
    assert registry.get_sample_value("h_sum") == pytest.approx(math.fsum(values), rel=1e-9)


def test_whole_numbers_and_zero_are_observed(library, registry):
    histogram = library.Histogram("h", "Help.", registry=registry, buckets=[0, 1])
    for value in (0, True, 0.0, -0.0):
        histogram.observe(value)
    assert buckets(registry) == {0: 3, 1: 4, math.inf: 4}
    assert registry.get_sample_value("h_sum") == 1


def test_negative_values_have_their_place(library, registry):
    histogram = library.Histogram("h", "Help.", registry=registry, buckets=[-5, 0, 5])
    for value in (-6, -5, -1, 3):
        histogram.observe(value)
    assert buckets(registry) == {-5: 2, 0: 3, 5: 4, math.inf: 4}
    # A sum that can fall is none that Prometheus could use.
    assert registry.get_sample_value("h_sum") is None


@pytest.mark.parametrize(
    ("bounds", "word"),
    [([3, 1], "sorted"), ([], "bucket"), ([math.inf], "bucket"), (["x"], "convert|float")],
)
def test_bounds_that_make_no_sense_are_refused(library, registry, bounds, word):
    with pytest.raises(ValueError, match=f"(?i){word}"):
        library.Histogram("h", "Help.", registry=registry, buckets=bounds)
    assert not buckets(registry)


def test_bounds_may_be_texts_and_may_end_in_infinity(library, registry):
    histogram = library.Histogram("h", "Help.", registry=registry, buckets=("0.5", 1, "+Inf"))
    histogram.observe(0.7)
    assert buckets(registry) == {0.5: 0, 1: 1, math.inf: 1}


@pytest.mark.parametrize("value", ["1", None, [1], object()])
def test_what_is_no_number_is_a_type_error(library, registry, value):
    histogram = library.Histogram("h", "Help.", registry=registry)
    with pytest.raises(TypeError):
        histogram.observe(value)
    assert registry.get_sample_value("h_count") == 0
    assert registry.get_sample_value("h_sum") == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_never_poisons_the_sum(door, registry, value):
    histogram = door.Histogram("h", "Help.", registry=registry)
    histogram.observe(1)
    histogram.observe(value)
    # The drop-in takes an infinity for one that is meant, as prometheus_client does.
    meant = value == math.inf and door.__name__.endswith("prometheus_client")
    assert registry.get_sample_value("h_sum") == (math.inf if meant else 1)


def test_the_reserved_label_is_refused(library, registry):
    with pytest.raises(ValueError, match=r"(?i)le|reserved"):
        library.Histogram("h", "Help.", ["le"], registry=registry)
    with pytest.raises(ValueError, match=r"(?i)quantile|reserved"):
        library.Summary("s", "Help.", ["quantile"], registry=registry)


def test_a_block_is_timed(library, registry):
    histogram = library.Histogram("h", "Help.", registry=registry)
    with histogram.time() as timer:
        time.sleep(0.01)
    assert registry.get_sample_value("h_count") == 1
    assert registry.get_sample_value("h_sum") == pytest.approx(timer.duration)
    assert timer.duration >= 0.01
    with pytest.raises(KeyError), histogram.time():
        raise KeyError
    assert registry.get_sample_value("h_count") == 2


def test_a_block_may_say_its_labels_when_it_knows_them(library, registry):
    histogram = library.Histogram("h", "Help.", ["a"], registry=registry)
    with histogram.time() as timer:
        timer.labels("known late")
    assert registry.get_sample_value("h_count", {"a": "known late"}) == 1


@pytest.mark.parametrize("kind", ["Histogram", "Summary", "Gauge"])
def test_a_timed_function_stays_the_same_function(library, registry, kind):
    metric = getattr(library, kind)("m", "Help.", registry=registry)

    @metric.time()
    def f(a, b=2, *, c):
        """Say what it does."""
        return a, b, c

    assert f(1, c=3) == (1, 2, 3)
    assert (f.__name__, f.__doc__, str(inspect.signature(f))) == ("f", "Say what it does.", "(a, b=2, *, c)")
    assert f.__wrapped__(1, c=3) == (1, 2, 3)


def test_a_timed_function_may_call_itself(library, registry):
    histogram = library.Histogram("h", "Help.", registry=registry)

    @histogram.time()
    def down(n):
        return 0 if n == 0 else down(n - 1)

    down(4)
    assert registry.get_sample_value("h_count") == 5


def test_an_exemplar_is_kept_with_its_bucket(library, registry):
    histogram = library.Histogram("h", "Help.", registry=registry, buckets=[1, 2])
    histogram.observe(1.5, {"trace_id": "abc"})
    histogram.observe(exemplar={"trace_id": "def"}, amount=7)
    (family,) = histogram.collect()
    found = {s.labels["le"]: s.exemplar for s in family.samples if s.name == "h_bucket"}
    assert found["1.0"] is None
    assert (found["2.0"].labels, found["2.0"].value) == ({"trace_id": "abc"}, 1.5)
    assert (found["+Inf"].labels, found["+Inf"].value) == ({"trace_id": "def"}, 7)


def test_a_refused_exemplar_costs_no_record(library, registry):
    histogram = library.Histogram("h", "Help.", registry=registry)
    with pytest.raises(ValueError, match="(?i)exemplar"):
        histogram.observe(1, {"a" * 65: "b" * 64})
    assert registry.get_sample_value("h_count") == 1


def test_a_summary_counts_and_sums(library, registry):
    summary = library.Summary("s", "Help.", ["a"], registry=registry)
    summary.labels("x").observe(2)
    summary.labels("x").observe(3.5)
    assert registry.get_sample_value("s_count", {"a": "x"}) == 2
    assert registry.get_sample_value("s_sum", {"a": "x"}) == 5.5
    with summary.labels("x").time():
        pass
    assert registry.get_sample_value("s_count", {"a": "x"}) == 3


@pytest.mark.parametrize("kind", ["Histogram", "Summary"])
@pytest.mark.parametrize("value", ["1", None, [1], 1j, object()])
def test_a_refused_observation_leaves_everything_as_it_was(door, registry, kind, value):
    metric = getattr(door, kind)("m", "Help.", registry=registry)
    metric.observe(2)
    with pytest.raises(TypeError):
        metric.observe(value)
    assert registry.get_sample_value("m_count") == 1
    assert registry.get_sample_value("m_sum") == 2


def test_bounds_may_be_as_far_apart_as_numbers_are(library, registry):
    histogram = library.Histogram("wide", "Help.", buckets=(5e-324, 1e-9, 1, 1e300), registry=registry)
    for value in (0, 1e-10, 0.5, 2, 1e301):
        histogram.observe(value)
    counts = [
        registry.get_sample_value("wide_bucket", {"le": le}) for le in ("5e-324", "1e-09", "1.0", "1e+300", "+Inf")
    ]
    assert counts == [1, 2, 3, 4, 5]


def test_a_store_that_was_asked_for_is_not_changed_for_wide_bounds():
    with pytest.raises(ValueError, match="powers of two"):
        Histogram("asked", "Help.", buckets=(5e-324, 1e300), store="hdr", registry=None)

"""Label objects that raise, lie, come back or are not text: nothing breaks, and nothing lands in another's series."""

from __future__ import annotations

import json

import pytest

from tykmetrics import get_metrics_collector, track_block


def total(registry, value):
    """Tell what the series of this label counted."""
    return registry.get_sample_value("c_total", {"a": value})


def series(registry):
    """Tell the labels of all series."""
    samples = (sample for family in registry.collect() for sample in family.samples)
    return {sample.labels["a"] for sample in samples if sample.name == "c_total"}


@pytest.fixture
def counter(library, registry):
    return library.Counter("c", "Help.", ["a"], registry=registry)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, MemoryError, ValueError])
def test_a_label_whose_str_raises_is_refused_with_its_own_error(counter, registry, error):
    class Bad:
        def __str__(self):
            raise error("mine")

    for _ in range(3):
        with pytest.raises(error, match="mine"):
            counter.labels(Bad())
        with pytest.raises(error, match="mine"):
            counter.labels(a=Bad())
        with pytest.raises(error, match="mine"):
            counter.remove(Bad())
    assert series(registry) == set()


def test_a_label_whose_str_is_no_text_is_a_type_error(counter, registry):
    class Bad:
        def __str__(self):
            return 7

    with pytest.raises(TypeError):
        counter.labels(Bad())
    assert series(registry) == set()


def test_what_a_label_says_of_equality_and_hashes_does_not_matter(counter, registry):
    class Liar:
        def __init__(self, text):
            self.text = text

        def __eq__(self, other):
            return True

        def __hash__(self):
            return 1

        def __str__(self):
            return self.text

    class Unhashable:
        __hash__ = None

        def __eq__(self, other):
            raise RuntimeError("never compared")

        def __str__(self):
            return "unhashable"

    for _ in range(3):
        counter.labels(Liar("a")).inc()
        counter.labels(Liar("b")).inc()
        counter.labels(Unhashable()).inc()
        counter.labels(["list"]).inc()
    assert [total(registry, text) for text in ("a", "b", "unhashable", "['list']")] == [3, 3, 3, 3]


def test_a_label_may_look_up_while_it_is_turned_into_text(counter, registry):
    class Deep:
        def __init__(self, depth):
            self.depth = depth

        def __str__(self):
            if self.depth:
                counter.labels(Deep(self.depth - 1)).inc()
                counter.labels(f"plain {self.depth}").inc()
            return f"deep {self.depth}"

    for _ in range(5):
        counter.labels(Deep(20)).inc()
    assert total(registry, "deep 20") == 5
    assert total(registry, "deep 0") == 5
    assert all(total(registry, f"plain {n}") == 5 for n in range(1, 21))


def test_a_label_may_remove_the_series_it_is_looked_up_for(counter, registry):
    class Remover:
        def __str__(self):
            counter.remove("victim")
            counter.clear()
            return "victim"

    for _ in range(5):
        counter.labels(Remover()).inc()
        assert total(registry, "victim") == 1


@pytest.mark.parametrize("depth", [1, 5])
def test_a_label_that_scrapes_itself(counter, registry, depth):
    class Scraper:
        def __str__(self):
            list(registry.collect())
            return "scraper"

    for _ in range(depth):
        counter.labels(Scraper()).inc()
    assert total(registry, "scraper") == depth


def test_subclasses_of_str_are_their_text(counter, registry):
    class Loud(str):
        __slots__ = ()

        def __str__(self):
            return "loud"

    class Plain(str):
        __slots__ = ()

        def __eq__(self, other):
            raise RuntimeError("never compared")

        __hash__ = str.__hash__

    for _ in range(3):
        counter.labels(Loud("quiet")).inc()
        counter.labels(str.__str__(Plain("plain"))).inc()
    assert total(registry, "loud") == 3
    assert total(registry, "quiet") is None


def test_a_label_that_changes_its_own_arguments(counter, registry):
    """The list that the arguments come from is emptied while they are read."""
    values = []

    class Emptier:
        def __str__(self):
            values.clear()
            return "emptier"

    for _ in range(5):
        values[:] = [Emptier()]
        counter.labels(*values).inc()
    assert total(registry, "emptier") == 5


@pytest.mark.parametrize("value", ["\udc80", "a\ud800b", json.loads('"\\ud800"')])
def test_lone_surrogates_are_made_fit(door, registry, text, value):
    """They are no Unicode text, and no format can say them; a client's JSON can, and the request goes on."""
    counter = door.Counter("c", "Help.", ["a"], registry=registry)
    counter.labels("fine").inc()
    for _ in range(20):
        counter.labels(value).inc()
        counter.labels(a=value).inc(1, {"trace": value})
    assert text().encode().count(b"\xef\xbf\xbd") > 0
    assert total(registry, "fine") == 1
    (odd,) = series(registry) - {"fine"}
    assert total(registry, odd) == 40
    counter.remove(value)
    assert series(registry) == {"fine"}


def test_lone_surrogates_do_not_break_a_request(registry):
    collector = get_metrics_collector(registry)
    model = json.loads('"gpt\\ud800"')
    for _ in range(3):
        collector.record_request(model, model, 0.1, 200, model, model=model)
        collector.record_external_api_call(model)
        with track_block(model, registry=registry):
            pass
    told = {sample.name: sample.value for family in registry.collect() for sample in family.samples}
    assert told["model_requests_total"] == told["external_api_calls_total"] == told["block_duration_seconds_count"] == 3


@pytest.mark.parametrize("size", [1, 255, 256, 4095, 4096, 65_536])
def test_long_labels_are_told_apart_to_their_last_letter(counter, registry, size):
    for end in "ab":
        counter.labels("x" * (size - 1) + end).inc()
    assert total(registry, "x" * (size - 1) + "a") == 1
    assert total(registry, "x" * (size - 1) + "b") == 1


def test_a_huge_label_neither_crashes_nor_disturbs_the_others(door, registry, text):
    counter = door.Counter("c", "Help.", ["a"], registry=registry)
    counter.labels("x" * 5_000_000).inc()
    counter.labels("fine").inc()
    assert total(registry, "fine") == 1
    assert len(text()) > 60_000


def test_zero_bytes_do_not_end_a_label(counter, registry):
    for value in ("a", "a\x00", "a\x00b", "\x00"):
        counter.labels(value).inc()
    assert series(registry) == {"a", "a\x00", "a\x00b", "\x00"}


def test_the_same_text_in_other_objects_is_the_same_series(counter, registry):
    for n in range(100):
        counter.labels("".join(["va", "lue"])).inc()
        counter.labels(str(b"value", "ascii")).inc()
        counter.labels(f"val{'ue' if n >= 0 else ''}").inc()
    assert total(registry, "value") == 300
    assert series(registry) == {"value"}


def test_an_object_at_the_place_of_another_is_not_taken_for_it(counter, registry):
    """A lookup may remember objects by their address; the address of one that is gone belongs to somebody else."""
    for n in range(5000):
        counter.labels(f"value {n % 97} {'x' * (n % 13)}").inc()
        counter.labels(10_000 + n % 89).inc()
        counter.labels(float(n % 83)).inc()
    (family,) = registry.collect()
    counted = {sample.labels["a"]: sample.value for sample in family.samples if sample.name == "c_total"}
    assert sum(counted.values()) == 15_000
    assert counted["10000"] == len(range(0, 5000, 89))
    assert counted["0.0"] == len(range(0, 5000, 83))


def test_names_of_labels_may_be_other_objects_than_those_of_the_call(library, registry):
    """Keywords are compared as text, whatever object holds them."""
    counter = library.Counter("d", "Help.", ["first" + "_label", "b"], registry=registry)
    name = "".join(["first", "_label"])
    for _ in range(3):
        counter.labels(**{name: "x", "b": "y"}).inc()
    assert registry.get_sample_value("d_total", {"first_label": "x", "b": "y"}) == 3

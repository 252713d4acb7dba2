"""Counters, as prometheus_client's users know them."""

from __future__ import annotations

import inspect
import math

import pytest


def test_a_counter_begins_at_zero_and_adds_up(library, registry):
    counter = library.Counter("c", "Help.", registry=registry)
    assert registry.get_sample_value("c_total") == 0
    counter.inc()
    counter.inc(2)
    counter.inc(0.5)
    counter.inc(amount=1)
    assert registry.get_sample_value("c_total") == 4.5


@pytest.mark.parametrize("name", ["c", "c_total"])
def test_the_suffix_total_is_there_once(library, registry, text, name):
    library.Counter(name, "Help.", registry=registry).inc()
    assert "\nc_total 1" in text()
    assert "c_total_total" not in text()


def test_zero_is_an_amount(library, registry):
    counter = library.Counter("c", "Help.", registry=registry)
    counter.inc(0)
    counter.inc(-0.0)
    assert registry.get_sample_value("c_total") == 0


@pytest.mark.parametrize("amount", [-1, -0.5, -math.inf])
def test_a_negative_amount_is_refused_and_nothing_is_counted(library, registry, amount):
    counter = library.Counter("c", "Help.", registry=registry)
    counter.inc(3)
    with pytest.raises(ValueError, match="non-negative|negative"):
        counter.inc(amount)
    assert registry.get_sample_value("c_total") == 3


@pytest.mark.parametrize("amount", ["1", None, [1], b"1", 1j])
def test_what_is_no_number_is_a_type_error(library, registry, amount):
    counter = library.Counter("c", "Help.", registry=registry)
    with pytest.raises(TypeError):
        counter.inc(amount)
    assert registry.get_sample_value("c_total") == 0


def test_every_kind_of_number_counts(library, registry):
    counter = library.Counter("c", "Help.", registry=registry)
    for amount in (True, 2**53, 10**18, 0.25):
        before = registry.get_sample_value("c_total")
        counter.inc(amount)
        assert registry.get_sample_value("c_total") == before + amount


def test_an_object_with_float_counts_as_its_float(door, registry):
    class Amount:
        def __float__(self):
            return 2.5

    counter = door.Counter("c", "Help.", registry=registry)
    counter.inc(Amount())
    assert registry.get_sample_value("c_total") == 2.5


def test_a_whole_number_that_no_float_holds_is_refused(library, registry):
    counter = library.Counter("c", "Help.", registry=registry)
    with pytest.raises(OverflowError):
        counter.inc(10**400)
    assert registry.get_sample_value("c_total") == 0


def test_whole_amounts_beyond_two_to_the_sixty_fourth_are_floats(library, registry):
    counter = library.Counter("c", "Help.", registry=registry)
    counter.inc(2**70)
    assert registry.get_sample_value("c_total") == 2.0**70


@pytest.mark.parametrize("amount", [math.nan, math.inf])
def test_what_is_not_finite_never_poisons_a_counter(door, registry, amount):
    counter = door.Counter("c", "Help.", registry=registry)
    counter.inc(2)
    counter.inc(amount)
    assert registry.get_sample_value("c_total") == 2


def test_a_reset_counter_begins_again(library, registry):
    counter = library.Counter("c", "Help.", registry=registry)
    counter.inc(7)
    counter.inc(0.5)
    counter.reset()
    assert registry.get_sample_value("c_total") == 0
    counter.inc()
    assert registry.get_sample_value("c_total") == 1


def test_exceptions_are_counted_and_go_on(library, registry):
    counter = library.Counter("c", "Help.", registry=registry)
    error = ValueError("mine")
    with pytest.raises(ValueError, match="mine") as caught, counter.count_exceptions():
        raise error
    assert caught.value is error
    with counter.count_exceptions():
        pass
    assert registry.get_sample_value("c_total") == 1


@pytest.mark.parametrize("kinds", [ValueError, (ValueError, KeyError)])
def test_only_the_exceptions_asked_for_are_counted(library, registry, kinds):
    counter = library.Counter("c", "Help.", registry=registry)
    with pytest.raises(TypeError), counter.count_exceptions(kinds):
        raise TypeError
    assert registry.get_sample_value("c_total") == 0
    with pytest.raises(ValueError), counter.count_exceptions(kinds):
        raise ValueError
    assert registry.get_sample_value("c_total") == 1


def test_a_function_whose_exceptions_are_counted_stays_the_same_function(library, registry):
    counter = library.Counter("c", "Help.", registry=registry)

    @counter.count_exceptions(KeyError)
    def f(a: int, b: str = "x", *rest: int, key: bool = False) -> str:
        """Say what it does."""
        if key:
            raise KeyError(b)
        return f"{a}{b}{rest}"

    assert f(1, "y", 2) == "1y(2,)"
    with pytest.raises(KeyError):
        f(1, key=True)
    assert registry.get_sample_value("c_total") == 1
    assert (f.__name__, f.__doc__) == ("f", "Say what it does.")
    assert str(inspect.signature(f)) == "(a: 'int', b: 'str' = 'x', *rest: 'int', key: 'bool' = False) -> 'str'"


def test_a_counter_says_what_it_is(library, registry):
    counter = library.Counter("c", "Help.", ["a"], registry=registry)
    assert str(counter) == "counter:c"
    assert repr(counter).endswith(".Counter(c)")
    (described,) = counter.describe()
    assert (described.name, described.documentation, described.type) == ("c", "Help.", "counter")


def test_a_counter_collects_itself(library, registry):
    counter = library.Counter("c", "Help.", ["a"], registry=registry)
    counter.labels("x").inc(2)
    (family,) = counter.collect()
    assert (family.name, family.type, family.documentation) == ("c", "counter", "Help.")
    samples = [sample for sample in family.samples if sample.name == "c_total"]
    assert [(sample.labels, sample.value) for sample in samples] == [({"a": "x"}, 2)]


def test_an_exemplar_is_kept_with_the_amount(library, registry):
    counter = library.Counter("c", "Help.", registry=registry)
    counter.inc(2, {"trace_id": "abc"})
    counter.inc(exemplar={"trace_id": "def"}, amount=3)
    (family,) = counter.collect()
    (sample,) = [sample for sample in family.samples if sample.name == "c_total"]
    assert sample.value == 5
    assert sample.exemplar.labels == {"trace_id": "def"}
    assert sample.exemplar.value == 3


@pytest.mark.parametrize("exemplar", [{"a" * 65: "b" * 64}, {"__reserved": "x"}])
def test_an_exemplar_that_breaks_the_rules_is_refused_and_costs_no_record(library, registry, exemplar):
    counter = library.Counter("c", "Help.", registry=registry)
    with pytest.raises(ValueError, match="(?i)exemplar|label"):
        counter.inc(1, exemplar)
    assert registry.get_sample_value("c_total") == 1
    (family,) = counter.collect()
    assert [sample.exemplar for sample in family.samples if sample.name == "c_total"] == [None]


@pytest.mark.parametrize("exemplar", [{"a": 1}, {1: "a"}, 7, "ab"])
def test_what_is_no_exemplar_is_refused_and_costs_no_record(library, registry, exemplar):
    counter = library.Counter("c", "Help.", registry=registry)
    with pytest.raises((TypeError, AttributeError)):
        counter.inc(1, exemplar)
    assert registry.get_sample_value("c_total") == 1

"""Gauges, as prometheus_client's users know them."""

from __future__ import annotations

import gc
import math
import time
import weakref

import pytest


def test_a_gauge_goes_up_and_down(library, registry):
    gauge = library.Gauge("g", "Help.", registry=registry)
    assert registry.get_sample_value("g") == 0
    gauge.inc()
    gauge.inc(2.5)
    gauge.dec()
    gauge.dec(0.25)
    gauge.dec(amount=-1)
    assert registry.get_sample_value("g") == 3.25


@pytest.mark.parametrize("value", [0, -1, 1.5, math.inf, -math.inf, 2**63, 1e308, 5e-324])
def test_a_gauge_holds_what_is_set(library, registry, value):
    gauge = library.Gauge("g", "Help.", registry=registry)
    gauge.set(3)
    gauge.set(value)
    assert registry.get_sample_value("g") == float(value)


def test_a_gauge_may_be_no_number(library, registry):
    gauge = library.Gauge("g", "Help.", registry=registry)
    gauge.set(math.nan)
    assert math.isnan(registry.get_sample_value("g"))


def test_a_gauge_takes_the_text_of_a_number(library, registry):
    gauge = library.Gauge("g", "Help.", registry=registry)
    gauge.set("4.5")
    assert registry.get_sample_value("g") == 4.5
    with pytest.raises(ValueError, match="could not convert"):
        gauge.set("four")
    assert registry.get_sample_value("g") == 4.5


@pytest.mark.parametrize("value", [None, [1], object()])
def test_what_is_no_number_is_a_type_error(library, registry, value):
    gauge = library.Gauge("g", "Help.", registry=registry)
    gauge.set(1)
    with pytest.raises(TypeError):
        gauge.set(value)
    with pytest.raises(TypeError):
        gauge.inc(value)
    with pytest.raises(TypeError):
        gauge.dec(value)
    assert registry.get_sample_value("g") == 1


def test_a_gauge_is_set_to_the_current_time(library, registry):
    gauge = library.Gauge("g", "Help.", registry=registry)
    before = time.time()
    gauge.set_to_current_time()
    assert before <= registry.get_sample_value("g") <= time.time()


def test_a_callback_is_asked_at_every_scrape(library, registry):
    gauge = library.Gauge("g", "Help.", registry=registry)
    values = []
    gauge.set_function(lambda: len(values))
    assert registry.get_sample_value("g") == 0
    values.extend([1, 2])
    assert registry.get_sample_value("g") == 2
    gauge.set(9)
    gauge.inc()
    assert registry.get_sample_value("g") == 2


def test_a_callback_is_asked_for_the_text_too(library, registry, text):
    gauge = library.Gauge("g", "Help.", ["a"], registry=registry)
    gauge.labels("x").set_function(lambda: 7)
    assert 'g{a="x"} 7' in text()


def test_a_callback_may_use_other_metrics(library, registry, text):
    counter = library.Counter("c", "Help.", ["a"], registry=registry)
    gauge = library.Gauge("g", "Help.", registry=registry)

    def value():
        counter.labels("from the callback").inc()
        return 3

    gauge.set_function(value)
    for _ in range(3):
        assert "\ng 3" in text()
    assert registry.get_sample_value("c_total", {"a": "from the callback"}) >= 3


def test_what_is_in_progress_is_counted(library, registry):
    gauge = library.Gauge("g", "Help.", registry=registry)
    with gauge.track_inprogress():
        assert registry.get_sample_value("g") == 1
        with gauge.track_inprogress():
            assert registry.get_sample_value("g") == 2

    @gauge.track_inprogress()
    def inside():
        """Tell how many are inside."""
        return registry.get_sample_value("g")

    assert inside() == 1
    assert inside.__doc__ == "Tell how many are inside."
    with pytest.raises(KeyError), gauge.track_inprogress():
        raise KeyError
    assert registry.get_sample_value("g") == 0


def test_a_gauge_is_set_to_how_long_it_took(library, registry):
    gauge = library.Gauge("g", "Help.", registry=registry)
    with gauge.time() as timer:
        time.sleep(0.01)
    assert registry.get_sample_value("g") == timer.duration
    assert timer.duration >= 0.01


@pytest.mark.parametrize("mode", ["all", "liveall", "min", "livemin", "max", "livemax", "sum", "livesum", "mostrecent"])
def test_modes_of_many_processes_are_taken(library, registry, mode):
    gauge = library.Gauge("g", "Help.", registry=registry, multiprocess_mode=mode)
    gauge.set(2)
    assert registry.get_sample_value("g") == 2


def test_an_unknown_mode_is_refused(library, registry):
    with pytest.raises(ValueError, match="mode"):
        library.Gauge("g", "Help.", registry=registry, multiprocess_mode="most")
    assert registry.get_sample_value("g") is None


def test_of_the_most_recent_value_nothing_is_added_or_taken(library, registry):
    gauge = library.Gauge("g", "Help.", registry=registry, multiprocess_mode="mostrecent")
    gauge.set(2)
    with pytest.raises(RuntimeError):
        gauge.inc()
    with pytest.raises(RuntimeError):
        gauge.dec()
    assert registry.get_sample_value("g") == 2


def test_what_a_function_knows_goes_away_with_its_gauge(library, registry, text):
    class Queue:
        def __init__(self):
            self.depth = library.Gauge("g", "Help.", registry=registry)
            self.depth.set_function(self.length)
            self.by_kind = library.Gauge("k", "Help.", ["kind"], registry=registry)
            self.by_kind.labels("a").set_function(lambda: self.length())

        def length(self):
            return 5

    queue = Queue()
    for n in range(20_000):
        queue.by_kind.labels(str(n % 8000))
    gc.collect()
    shown = text()
    assert "\ng 5" in shown
    assert '\nk{kind="a"} 5' in shown
    gone = weakref.ref(queue)
    registry.unregister(queue.depth)
    registry.unregister(queue.by_kind)
    del queue
    gc.collect()
    assert gone() is None


def test_the_function_of_a_removed_series_is_let_go_of(library, registry, text):
    class Function:
        def __call__(self):
            return 1

    gauge = library.Gauge("g", "Help.", ["a", "b"], registry=registry)

    def given(*labels):
        function = Function()
        gauge.labels(*labels).set_function(function)
        return weakref.ref(function)

    one, two, three, four = given("1", "x"), given("2", "x"), given("2", "y"), given("3", "z")
    gauge.remove("1", "x")
    text()
    gc.collect()
    assert (one() is None, two() is None) == (True, False)
    gauge.remove_by_labels({"a": "2"})
    text()
    gc.collect()
    assert (two() is None, three() is None, four() is None) == (True, True, False)
    assert '\ng{a="3",b="z"} 1' in text()
    gauge.clear()
    text()
    gc.collect()
    assert four() is None

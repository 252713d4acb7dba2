"""Records from where code runs unasked: signal handlers, finalizers, callbacks of the collector, weak references."""

from __future__ import annotations

import gc
import signal
import sys
import time
import weakref

import pytest


@pytest.fixture
def everything(door, registry):
    """One record of each kind, bound and looked up, as one call; it also says what it recorded."""
    counter = door.Counter("c", "Help.", registry=registry)
    family = door.Counter("f", "Help.", ["a", "b"], registry=registry)
    gauge = door.Gauge("g", "Help.", registry=registry)
    histogram = door.Histogram("h", "Help.", ["a"], registry=registry, buckets=[1, 2])
    summary = door.Summary("s", "Help.", registry=registry)
    bound = histogram.labels("bound")

    def record(step: int = 0) -> None:
        counter.inc()
        family.labels("x", step % 5).inc(0.5)
        family.labels(a="y", b="z").inc()
        gauge.inc()
        bound.observe(1.5)
        histogram.labels(f"new {step % 3}").observe(1)
        summary.observe(1)

    def check(times: int) -> None:
        value = registry.get_sample_value
        assert value("c_total") == times
        assert sum(value("f_total", {"a": "x", "b": str(n)}) or 0 for n in range(5)) == times / 2
        assert value("f_total", {"a": "y", "b": "z"}) == times
        assert value("g") == times
        assert value("h_count", {"a": "bound"}) == times
        assert sum(value("h_count", {"a": f"new {n}"}) or 0 for n in range(3)) == times
        assert value("s_count") == times

    record.check = check
    return record


def test_a_storm_of_signals_loses_nothing(everything, registry):
    """The handler records what the main line records, wherever it interrupts it, scrapes included."""
    times = {"signals": 0, "line": 0}

    def handler(*_):
        times["signals"] += 1
        everything(times["signals"])

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    try:
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            for _ in range(50):
                times["line"] += 1
                everything(times["line"])
            list(registry.collect())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert times["signals"] > 50
    everything.check(times["signals"] + times["line"])


def test_a_finalizer_records(everything):
    class Counted:
        def __init__(self, n):
            self.n = n

        def __del__(self):
            everything(self.n)

    for n in range(500):
        Counted(n)
    gc.collect()
    everything.check(500)


def test_a_finalizer_that_runs_within_a_lookup_records(door, registry):
    """The label's own text is thrown away in the middle of the lookup, and its finalizer looks up too."""
    counter = door.Counter("c", "Help.", ["a"], registry=registry)
    ended = []

    class Text(str):
        __slots__ = ()

        def __del__(self):
            ended.append(1)
            counter.labels("finalizer").inc()

    class Label:
        def __str__(self):
            return Text("label")

    for _ in range(300):
        counter.labels(Label()).inc()
        counter.labels(Text("text")).inc()
    gc.collect()
    assert registry.get_sample_value("c_total", {"a": "label"}) == 300
    assert registry.get_sample_value("c_total", {"a": "text"}) == 300
    assert ended
    assert registry.get_sample_value("c_total", {"a": "finalizer"}) == len(ended)


def test_a_cycle_that_is_collected_records(everything):
    class Knot:
        def __init__(self, n):
            self.me, self.n = self, n

        def __del__(self):
            everything(self.n)

    before = gc.get_threshold()
    gc.set_threshold(5)
    try:
        for n in range(400):
            Knot(n)
    finally:
        gc.set_threshold(*before)
    gc.collect()
    everything.check(400)


def test_callbacks_of_the_garbage_collector_record(everything):
    calls = []

    def callback(phase, info):
        calls.append(phase)
        everything(len(calls))

    gc.callbacks.append(callback)
    try:
        for _ in range(20):
            gc.collect()
    finally:
        gc.callbacks.remove(callback)
    assert len(calls) >= 40
    everything.check(len(calls))


def test_callbacks_of_weak_references_record(everything):
    class Thing:
        pass

    seen = []
    references = []
    for n in range(200):
        thing = Thing()
        references.append(weakref.ref(thing, lambda _, n=n: (seen.append(n), everything(n))))
        del thing
    assert len(seen) == 200
    everything.check(200)


def test_a_trace_function_records(everything):
    """What a profiler does: records at every call and return, those of the metrics' own Python code included."""
    times, inside = [0], [False]

    def trace(frame, event, argument):
        if not inside[0]:
            inside[0] = True
            try:
                times[0] += 1
                everything(times[0])
            finally:
                inside[0] = False

    sys.setprofile(trace)
    try:
        for n in range(200):
            times[0] += 1
            everything(n)
    finally:
        sys.setprofile(None)
    assert times[0] > 400
    everything.check(times[0])


def test_a_callback_of_a_gauge_may_scrape(door, registry):
    gauge = door.Gauge("g", "Help.", registry=registry)
    other = door.Counter("c", "Help.", registry=registry)
    asked = []

    def value():
        asked.append(1)
        if len(asked) < 5:
            list(registry.collect())
        other.inc()
        return 1

    gauge.set_function(value)
    assert registry.get_sample_value("g") == 1
    assert registry.get_sample_value("c_total") == len(asked)


def test_collectors_written_in_python_may_record_register_and_scrape(library, registry):
    counter = library.Counter("c", "Help.", ["a"], registry=registry)
    made = []

    class Collector:
        def describe(self):
            return []

        def collect(self):
            counter.labels("from a collector").inc()
            made.append(library.Gauge(f"g{len(made)}", "Help.", registry=registry))
            return []

    registry.register(Collector())
    for _ in range(3):
        list(registry.collect())
    assert len(made) == 3
    assert registry.get_sample_value("c_total", {"a": "from a collector"}) >= 3


def test_a_finalizer_within_a_registration_unregisters(door, succeeds):
    succeeds(
        f"""
import faulthandler
import {door.__name__} as library

faulthandler.dump_traceback_later(60, exit=True)
registry = library.CollectorRegistry(auto_describe=True)


class Pool:
    def __init__(self, n):
        self.me, self.size = self, library.Gauge(f"pool_{{n}}", "Help.", registry=registry)

    def __del__(self):
        registry.unregister(self.size)


for n in range(3000):
    Pool(n)
"""
    )


def test_a_signal_handler_scrapes_while_a_scrape_is_under_way(door, succeeds):
    succeeds(
        f"""
import faulthandler, signal
import {door.__name__} as library
from tykmetrics import render
from tykmetrics.prometheus_client import generate_latest

faulthandler.dump_traceback_later(60, exit=True)
registry = library.CollectorRegistry()
library.Counter("c", "Help.", registry=registry).inc()
handled = [0, False]


def handle(*_):
    if not handled[1]:
        handled[1] = True
        handled[0] += b"c_total 1" in generate_latest(registry) and b"c_total 1" in render("text", registry=registry)
        handled[1] = False


signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
while handled[0] < 1000:
    generate_latest(registry)
    render("text", registry=registry)
signal.setitimer(signal.ITIMER_REAL, 0)
"""
    )

"""Nothing is left behind: a million of each operation, and neither blocks, nor references, nor memory have grown.

What happens once (a thread's first record, a cache that fills) happens in a warm-up before. Where an operation makes
something (a series, a metric, an exposition), fewer of them stand for the million: what one leaks is larger.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections import deque
from collections.abc import Callable
from itertools import repeat
from statistics import mode
from types import SimpleNamespace
from typing import Any

import pytest

import tykmetrics

MILLION = 1_000_000

# Free lists and caches move by some hundred blocks; a leak is one for each of thousands of operations.
BLOCKS = 1000

# A leak of 8 bytes in each of a million operations; what the allocator keeps moves by less.
BYTES = 8 * MILLION

PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Tell how much memory the process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE


def swallow(
    error: type[BaseException] | tuple[type[BaseException], ...],
    function: Callable[..., Any],
    *arguments: Any,
    **named: Any,
) -> Callable[[], None]:
    """Make a call that must fail, over and over."""

    def call() -> None:
        try:
            function(*arguments, **named)
        except error:
            return
        raise AssertionError(f"{function} took {arguments} {named}")

    return call


@pytest.fixture
def metrics(registry):
    made = SimpleNamespace(registry=registry)
    made.counter = tykmetrics.Counter("c", "Help.", registry=registry)
    made.family = tykmetrics.Counter("f", "Help.", ["a", "b"], registry=registry)
    made.gauge = tykmetrics.Gauge("g", "Help.", registry=registry)
    made.histogram = tykmetrics.Histogram("h", "Help.", registry=registry)
    made.histograms = tykmetrics.Histogram("hs", "Help.", ["a"], registry=registry)
    made.summary = tykmetrics.Summary("s", "Help.", registry=registry)
    made.info = tykmetrics.Info("i", "Help.", registry=registry)
    made.enum = tykmetrics.Enum("e", "Help.", states=["on", "off"], registry=registry)
    return made


class Text(str):
    """A text that is no plain one."""

    __slots__ = ()


LABEL, EXEMPLAR, NAMED = "a label's value", {"trace_id": "abc"}, {"a": "x", "b": "y"}


def bad_float() -> Any:
    """Make something that is no number."""

    class Bad:
        def __float__(self) -> float:
            raise KeyError("mine")

    return Bad()


# What is done, how often, and how it is made from the metrics.
OPERATIONS: dict[str, tuple[int, Callable[[SimpleNamespace], Callable[[], object]]]] = {
    "inc": (MILLION, lambda m: m.counter.inc),
    "inc by a float": (MILLION, lambda m: lambda: m.counter.inc(0.5)),
    "inc by a keyword": (MILLION, lambda m: lambda: m.counter.inc(amount=2)),
    "inc with an exemplar": (MILLION // 4, lambda m: lambda: m.counter.inc(1, EXEMPLAR)),
    "inc that is refused": (MILLION // 4, lambda m: swallow(ValueError, m.counter.inc, -1)),
    "inc by no number": (MILLION // 4, lambda m: swallow(TypeError, m.counter.inc, "1")),
    "inc of what raises": (MILLION // 10, lambda m: swallow((KeyError, TypeError), m.counter.inc, bad_float())),
    "inc with a bad exemplar": (MILLION // 10, lambda m: swallow(ValueError, m.counter.inc, 1, {"x" * 200: "y"})),
    "labels by place": (MILLION, lambda m: lambda: m.family.labels(LABEL, "b").inc()),
    "labels by name": (MILLION, lambda m: lambda: m.family.labels(a=LABEL, b="b").inc()),
    "labels by a dictionary": (MILLION // 2, lambda m: lambda: m.family.labels(**NAMED).inc()),
    "labels that are numbers": (MILLION // 2, lambda m: lambda: m.family.labels(1, 2.5).inc()),
    "labels in fresh texts": (
        MILLION // 2,
        lambda m: lambda: m.family.labels("".join(["a", "b"]), str(Text("b"))).inc(),
    ),
    "labels of a subclass": (MILLION // 2, lambda m: lambda: m.family.labels(Text("a"), Text("b")).inc()),
    "too few labels": (MILLION // 4, lambda m: swallow(ValueError, m.family.labels, "1")),
    "labels of other names": (MILLION // 4, lambda m: swallow(ValueError, m.family.labels, a="1", c="2")),
    "a label that raises": (MILLION // 10, lambda m: swallow((KeyError, TypeError), m.family.labels, BadText(), "b")),
    "set": (MILLION, lambda m: lambda: m.gauge.set(2.5)),
    "set by a text": (MILLION // 2, lambda m: lambda: m.gauge.set("2.5")),
    "inc and dec of a gauge": (MILLION, lambda m: lambda: (m.gauge.inc(), m.gauge.dec(2))),
    "the current time": (MILLION // 2, lambda m: m.gauge.set_to_current_time),
    "in progress": (MILLION // 4, lambda m: lambda: with_it(m.gauge.track_inprogress())),
    "observe": (MILLION, lambda m: lambda: m.histogram.observe(0.3)),
    "observe a whole number": (MILLION, lambda m: lambda: m.histogram.observe(3)),
    "observe with an exemplar": (MILLION // 4, lambda m: lambda: m.histogram.observe(0.3, EXEMPLAR)),
    "observe by labels": (MILLION, lambda m: lambda: m.histograms.labels(LABEL).observe(0.3)),
    "observe no number": (MILLION // 4, lambda m: swallow(TypeError, m.histogram.observe, None)),
    "observe in a summary": (MILLION, lambda m: lambda: m.summary.observe(2)),
    "time a block": (MILLION // 4, lambda m: lambda: with_it(m.histogram.time())),
    "count exceptions": (MILLION // 4, lambda m: lambda: with_it(m.counter.count_exceptions())),
    "info": (MILLION // 4, lambda m: lambda: m.info.info(NAMED)),
    "state": (MILLION // 4, lambda m: lambda: m.enum.state("off")),
    "state that is none": (MILLION // 10, lambda m: swallow(ValueError, m.enum.state, "broken")),
    "reset": (MILLION // 10, lambda m: m.counter.reset),
    "decorate": (5_000, lambda m: lambda: m.histogram.time()(lambda: 1)()),
    "call what is timed": (MILLION // 4, lambda m: m.histogram.time()(lambda: 1)),
    "make and remove a series": (
        50_000,
        lambda m: lambda: (m.family.labels("gone", "b").inc(), m.family.remove("gone", "b")),
    ),
    "clear": (20_000, lambda m: lambda: (m.family.labels("gone", "b").inc(), m.family.clear())),
    "remove by some labels": (
        20_000,
        lambda m: lambda: (m.family.labels("gone", "b"), m.family.remove_by_labels({"a": "gone"})),
    ),
    "set a function": (20_000, lambda m: lambda: m.gauge.set_function(lambda: 1)),
    "register, scrape and unregister": (5_000, lambda m: lambda: registered(m.registry)),
    "a metric in no registry": (10_000, lambda m: lambda: tykmetrics.Counter("n", "Help.", registry=None).inc()),
    "register a name that is taken": (
        5_000,
        lambda m: swallow(ValueError, tykmetrics.Counter, "c", "Help.", registry=m.registry),
    ),
    "a registry of its own": (
        2_000,
        lambda m: lambda: tykmetrics.Counter("c", "H.", registry=tykmetrics.Registry()).inc(),
    ),
    "render": (5_000, lambda m: lambda: tykmetrics.render("text", registry=m.registry)),
    "render OpenMetrics": (5_000, lambda m: lambda: tykmetrics.render("openmetrics", registry=m.registry)),
    "render a format that is none": (
        20_000,
        lambda m: swallow(ValueError, tykmetrics.render, "none", registry=m.registry),
    ),
    "collect": (3_000, lambda m: lambda: list(m.registry.collect())),
    "get a sample's value": (3_000, lambda m: lambda: m.registry.get_sample_value("c_total")),
    "repr": (MILLION // 10, lambda m: lambda: (repr(m.family), str(m.family))),
    "record a request": (MILLION, lambda m: lambda: tykmetrics.record_request("/chat", "POST", 0.25, 200, "p", "m")),
    "record a request by names": (
        MILLION,
        lambda m: (
            lambda: tykmetrics.record_request(
                endpoint="/chat", method="POST", latency_seconds=0.25, status_code=500, provider="p", model="m"
            )
        ),
    ),
    "track a request": (MILLION // 2, lambda m: tykmetrics.track_request(endpoint="/x", method="GET")(lambda: 1)),
    "track a block": (MILLION // 10, lambda m: lambda: with_it(tykmetrics.track_block("block"))),
    "a request through the collector": (MILLION // 2, lambda m: collector_methods()),
    "negotiate": (MILLION // 10, lambda m: lambda: tykmetrics.negotiate("application/openmetrics-text;version=1.0.0")),
}


class BadText:
    """A label that has no text."""

    def __str__(self) -> str:
        raise KeyError("mine")


def registered(registry: Any) -> None:
    """Register a metric, see it and take it out. What it had is given back at scrapes."""
    counter = tykmetrics.Counter("n", "Help.", ["a"], registry=registry)
    counter.labels("x").inc()
    assert b"n_total" in tykmetrics.render("text", registry=registry)
    registry.unregister(counter)


def with_it(manager: Any) -> None:
    """Enter and leave."""
    with manager:
        pass


def collector_methods() -> Callable[[], object]:
    """Make a call of every method of the requests' collector."""
    collector = tykmetrics.get_metrics_collector()

    def call() -> None:
        collector.record_cache_hit()
        collector.record_cache_miss()
        collector.record_db_query(latency_seconds=0.01)
        collector.record_external_api_call(service="s", error=True)

    return call


def times(function: Callable[[], object], how_often: int) -> None:
    """Call in a loop that itself makes nothing."""
    deque((None for _ in repeat(None, how_often) if function() is Ellipsis), maxlen=0)


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_is_left_behind(metrics, name):
    how_often, make = OPERATIONS[name]
    operation = make(metrics)
    watched = [LABEL, EXEMPLAR, NAMED, *vars(metrics).values()]
    # Enough to fill what lookups remember, which is bounded by some thousands.
    times(operation, min(how_often // 10, 50_000))
    gc.collect()
    references = [sys.getrefcount(thing) for thing in watched]
    blocks, memory = sys.getallocatedblocks(), resident()
    times(operation, how_often)
    gc.collect()
    assert sys.getallocatedblocks() - blocks < BLOCKS
    assert resident() - memory < BYTES
    assert all(abs(sys.getrefcount(thing) - before) < 5 for thing, before in zip(watched, references, strict=True))


@pytest.mark.parametrize(
    "name", ["inc", "inc by a float", "inc by a keyword", "labels by place", "labels by name", "set", "observe"]
)
def test_a_record_allocates_nothing_that_stays(metrics, name):
    """Within the operation too: what it allocates it has freed when it returns, to the last block."""
    operation = OPERATIONS[name][1](metrics)
    times(operation, 2_000)
    gc.collect()
    gc.disable()
    try:
        # What the measuring itself makes is what it makes of nothing.
        alone = mode(measured(nothing) for _ in range(200))
        seen = mode(measured(operation) for _ in range(200))
    finally:
        gc.enable()
    assert seen == alone


def nothing() -> None:
    """Do nothing."""


def measured(operation: Callable[[], object]) -> int:
    """Tell by how many blocks one call grew the heap."""
    before = sys.getallocatedblocks()
    operation()
    return sys.getallocatedblocks() - before


def test_coroutines_that_are_tracked_leave_nothing(registry):
    @tykmetrics.track_request(endpoint="/async", method="GET")
    async def handler() -> int:
        return 1

    async def many(count: int) -> None:
        for _ in range(count):
            await handler()

    asyncio.run(many(2_000))
    gc.collect()
    blocks, memory = sys.getallocatedblocks(), resident()
    asyncio.run(many(MILLION // 5))
    gc.collect()
    assert sys.getallocatedblocks() - blocks < BLOCKS
    assert resident() - memory < BYTES


def test_metrics_that_nobody_holds_give_their_memory_back():
    """A registry with its families and series, many times over."""

    def round_trip() -> None:
        registry = tykmetrics.Registry()
        family = tykmetrics.Counter("c", "Help.", ["a"], registry=registry)
        for n in range(100):
            family.labels(n).inc()
        tykmetrics.render("text", registry=registry)

    for _ in range(30):
        round_trip()
    gc.collect()
    blocks, memory = sys.getallocatedblocks(), resident()
    for _ in range(2_000):
        round_trip()
    gc.collect()
    assert sys.getallocatedblocks() - blocks < BLOCKS
    assert resident() - memory < BYTES

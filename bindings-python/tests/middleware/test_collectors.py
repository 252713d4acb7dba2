"""Collectors of the garbage collector and of event loops, and those of prometheus_client under our names."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from reading import samples

from tykmetrics import REGISTRY, Registry, render
from tykmetrics.collectors import EventLoopLagCollector, GCCollector, PlatformCollector, ProcessCollector
from tykmetrics.testing import sample_value


def pauses(registry: Registry, generation: int) -> float:
    labels = {"generation": str(generation)}
    return sample_value("python_gc_duration_seconds_count", labels, registry) or 0


def test_every_collection_is_timed(metrics_registry: Registry) -> None:
    gc.disable()
    try:
        with GCCollector(metrics_registry):
            for generation in (0, 1, 2, 2):
                gc.collect(generation)
            assert [pauses(metrics_registry, generation) for generation in range(3)] == [1, 1, 2]
        gc.collect()
        assert pauses(metrics_registry, 2) == 2
    finally:
        gc.enable()
    assert samples(metrics_registry, "python_gc_duration_seconds_sum")["2",] > 0


def test_what_was_collected_is_told_as_prometheus_client_does(metrics_registry: Registry) -> None:
    with GCCollector(metrics_registry):
        before = samples(metrics_registry, "python_gc_objects_collected_total")["2",]
        for _ in range(100):
            cycle: list[Any] = []
            cycle.append(cycle)
        del cycle
        gc.collect()
        assert samples(metrics_registry, "python_gc_objects_collected_total")["2",] >= before + 1
        assert samples(metrics_registry, "python_gc_collections_total")["2",] == gc.get_stats()[2]["collections"]
        assert ("2",) in samples(metrics_registry, "python_gc_objects_uncollectable_total")


def test_the_default_registry_gets_the_pauses_alone() -> None:
    collector = GCCollector()
    try:
        gc.collect()
        assert pauses(REGISTRY, 2) >= 1
    finally:
        collector.close()
        REGISTRY.unregister(REGISTRY._names_to_collectors["python_gc_duration_seconds"])
    assert sample_value("python_gc_collections_total", {"generation": "2"}) is not None


def test_the_callback_makes_nothing_that_is_collected(metrics_registry: Registry) -> None:
    with GCCollector(metrics_registry):
        watch = gc.callbacks[-1]
        info = {"generation": 0, "collected": 0, "uncollectable": 0}
        gc.collect()
        gc.disable()
        try:
            before = gc.get_count()[0]
            for _ in range(1000):
                watch("start", info)
                watch("stop", info)
            assert gc.get_count()[0] - before < 10
        finally:
            gc.enable()
    assert pauses(metrics_registry, 0) >= 1000


def test_closing_twice_and_a_callback_that_others_removed_are_fine(metrics_registry: Registry) -> None:
    collector = GCCollector(metrics_registry)
    collector.close()
    collector.close()


def test_collections_while_scrapes_and_records_go_on(metrics_registry: Registry) -> None:
    with GCCollector(metrics_registry):
        stop = threading.Event()

        def collect() -> None:
            while not stop.is_set():
                gc.collect(0)

        thread = threading.Thread(target=collect)
        thread.start()
        for _ in range(50):
            render("text", metrics_registry)
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
    assert pauses(metrics_registry, 0) > 0


def lags(registry: Registry, loop: str = "main") -> float:
    return sample_value("asyncio_event_loop_lag_seconds_count", {"loop": loop}, registry) or 0


def total_lag(registry: Registry) -> float:
    return sample_value("asyncio_event_loop_lag_seconds_sum", {"loop": "main"}, registry) or 0


LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


@pytest.mark.parametrize("kind", LOOPS)
def test_a_loop_that_is_held_up_is_late(kind: str, metrics_registry: Registry) -> None:
    async def main() -> None:
        async with EventLoopLagCollector(metrics_registry, interval=0.01):
            while lags(metrics_registry) < 2:
                await asyncio.sleep(0.005)
            before = total_lag(metrics_registry)
            time.sleep(0.3)  # What is to be noticed.
            await asyncio.sleep(0.05)
            assert total_lag(metrics_registry) - before >= 0.25
            others = [asyncio.ensure_future(asyncio.sleep(60)) for _ in range(5)]
            while sample_value("asyncio_tasks", {"loop": "main"}, metrics_registry) != 6:
                await asyncio.sleep(0.005)
            for other in others:
                other.cancel()
        seen = lags(metrics_registry)
        await asyncio.sleep(0.05)
        assert lags(metrics_registry) == seen

    loop = LOOPS[kind]()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


@pytest.mark.parametrize("kind", LOOPS)
def test_a_loop_that_is_watched_is_not_kept_alive(kind: str, metrics_registry: Registry) -> None:
    collector = EventLoopLagCollector(metrics_registry, interval=0.001)
    loop = LOOPS[kind]()

    async def main() -> None:
        collector.start()
        collector.start()
        await asyncio.sleep(0.05)

    loop.run_until_complete(main())
    assert lags(metrics_registry) > 0
    loop.close()
    gone = weakref.ref(loop)
    del loop
    gc.collect()
    assert gone() is None
    assert len(collector._watches) == 0


def test_several_loops_in_several_threads(metrics_registry: Registry) -> None:
    collector = EventLoopLagCollector(metrics_registry, interval=0.001)

    async def main(name: str) -> None:
        collector.start(name)
        while lags(metrics_registry, name) < 5:
            await asyncio.sleep(0.001)
        collector.stop()
        collector.stop()

    threads = [threading.Thread(target=lambda name=name: asyncio.run(main(name))) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert all(lags(metrics_registry, name) >= 5 for name in ("a", "b", "c"))


def test_an_interval_that_is_none_is_refused(metrics_registry: Registry) -> None:
    with pytest.raises(ValueError, match="interval"):
        EventLoopLagCollector(metrics_registry, interval=0)


def test_the_process_and_the_platform(metrics_registry: Registry) -> None:
    ProcessCollector(registry=metrics_registry)
    PlatformCollector(metrics_registry)
    assert (sample_value("process_resident_memory_bytes", None, metrics_registry) or 0) > 1e6
    (labels,) = [
        sample.labels
        for family in metrics_registry.collect()
        for sample in family.samples
        if sample.name == "python_info"
    ]
    assert labels["major"] == str(sys.version_info.major)
    assert labels["implementation"] == "CPython"

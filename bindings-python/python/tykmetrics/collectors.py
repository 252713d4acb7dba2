"""Collectors of what runs beside the program's own metrics: process, interpreter, garbage collector, event loops.

What lives here: `EngineCollector`, `GCCollector` and `EventLoopLagCollector`; `ProcessCollector` and
`PlatformCollector` are those of `tykmetrics.prometheus_client`, and the default registry has them from the start.
Promised: a callback of the garbage collector allocates nothing that it tracks and takes no lock; a loop that is watched
is not kept alive.
"""

from __future__ import annotations

import contextlib
import gc
import time
import weakref
from typing import TYPE_CHECKING

from tykmetrics.metrics import Gauge, Histogram, metric_of
from tykmetrics.prometheus_client.gc_collector import GCCollector as _GenerationsCollector
from tykmetrics.prometheus_client.platform_collector import PlatformCollector
from tykmetrics.prometheus_client.process_collector import ProcessCollector
from tykmetrics.registry import REGISTRY

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from tykmetrics.prometheus_client.metrics_core import Metric
    from tykmetrics.registry import CollectorRegistry

__all__ = ["EngineCollector", "EventLoopLagCollector", "GCCollector", "PlatformCollector", "ProcessCollector"]

_PAUSES = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""A young collection takes some tens of microseconds, a full one of a large heap seconds."""

_LAGS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""A timer of a loop with nothing to do is late by some hundred microseconds; asyncio's debug mode warns at 100 ms."""

_SERIES = "python_gc_collections"
"""One of the families that prometheus_client's collector of generations tells."""


class EngineCollector:
    """Tells of the engine itself: what it did not count, what went beyond a limit, and what scrapes cost.

    `tykmetrics_series`, `tykmetrics_overflow_total` and `tykmetrics_invalid_records_total` are by family;
    `tykmetrics_scrape_failures_total` are collectors and functions that raised; and more of the like.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._core = registry._core
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Return the families as they are now."""
        return [metric_of(told[:4], told[4]) for told in self._core.tell_engine()]

    def describe(self) -> Iterable[Metric]:
        """Return the families."""
        return self.collect()


class GCCollector:
    """Tells how long the garbage collector stops the program, and what it collected, by generation.

    `python_gc_duration_seconds{generation}` is a histogram of pauses, kept by a callback in `gc.callbacks` until
    `close()`. `python_gc_objects_collected_total`, `python_gc_objects_uncollectable_total` and
    `python_gc_collections_total` come with it unless the registry has them, as the default one does.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        pauses = Histogram(
            "python_gc_duration_seconds",
            "Time the program stood still for a collection",
            ["generation"],
            buckets=_PAUSES,
            registry=registry,
        )
        # Bound here and not in the callback, which runs in the middle of anything.
        observe = [pauses.labels(str(generation)).observe for generation in range(len(gc.get_stats()))]
        if f"{_SERIES}_total" not in registry._names_to_collectors:
            _GenerationsCollector(registry)
        began = [0.0]

        # It has no names to look up but `time.perf_counter`, and makes no object but floats, which are not tracked.
        def watch(phase: str, info: dict[str, int]) -> None:
            if phase == "start":
                began[0] = time.perf_counter()
            elif began[0]:
                observe[info["generation"]](time.perf_counter() - began[0])
                began[0] = 0.0

        self._watch: Callable[[str, dict[str, int]], None] = watch
        gc.callbacks.append(watch)

    def close(self) -> None:
        """Stop to watch. What was observed stays."""
        with contextlib.suppress(ValueError):
            gc.callbacks.remove(self._watch)

    def __enter__(self) -> Self:
        """Return the collector, which watches."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop to watch."""
        self.close()


class EventLoopLagCollector:
    """Tells how late an asyncio event loop is, and how many tasks it has.

    `start()` in a coroutine watches the loop that runs it: every `interval` seconds a timer is set, and what it is late
    by goes into `asyncio_event_loop_lag_seconds{loop}`; `asyncio_tasks{loop}` is the number of tasks that are not
    done. `loop` is the name given to `start`. Several loops may be watched at once, in whichever threads; uvloop's
    too. `stop()` ends it for the running loop; a loop that is closed or gone ends it by itself.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY, *, interval: float = 0.1) -> None:
        if interval <= 0:
            raise ValueError(f"interval is {interval}: it is a number of seconds above 0")
        self._interval = interval
        self._lag = Histogram(
            "asyncio_event_loop_lag_seconds",
            "Time a timer of the event loop is late by",
            ["loop"],
            buckets=_LAGS,
            registry=registry,
        )
        self._tasks = Gauge("asyncio_tasks", "Tasks of the event loop that are not done", ["loop"], registry=registry)
        # A watch is held by its timer, and the timer by its loop: whoever holds a timer holds the loop.
        self._watches: weakref.WeakSet[_Watch] = weakref.WeakSet()

    def start(self, name: str = "main", loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Watch the running loop, or the one given if it is called in its thread. Again is once."""
        import asyncio

        loop = asyncio.get_running_loop() if loop is None else loop
        if self._watch_of(loop) is None:
            watch = _Watch(loop, self._interval, self._lag.labels(name), self._tasks.labels(name))
            self._watches.add(watch)
            watch.begin()

    def stop(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Stop to watch the running loop, or the one given if it is called in its thread."""
        import asyncio

        watch = self._watch_of(asyncio.get_running_loop() if loop is None else loop)
        if watch is not None:
            self._watches.discard(watch)
            watch.end()

    def _watch_of(self, loop: asyncio.AbstractEventLoop) -> _Watch | None:
        return next((watch for watch in list(self._watches) if watch.watches(loop)), None)

    async def __aenter__(self) -> Self:
        """Watch the running loop."""
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop to watch it."""
        self.stop()


class _Watch:
    """The timer of one loop. The loop holds it while it waits, and it only knows the loop weakly."""

    def __init__(self, loop: asyncio.AbstractEventLoop, interval: float, lag: Histogram, tasks: Gauge) -> None:
        self._loop = weakref.ref(loop)
        self._interval = interval
        self._observe = lag.observe
        self._tasks = tasks
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def watches(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Tell whether it is this loop's."""
        return self._loop() is loop

    def begin(self) -> None:
        """Set the timer."""
        loop = self._loop()
        if loop is None or loop.is_closed():
            return
        # The loop's own clock, which is the one that its timers are set by.
        self._due = loop.time() + self._interval
        self._timer = loop.call_at(self._due, self._rung)

    def end(self) -> None:
        """Take the timer back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._tasks.set(0)

    def _rung(self) -> None:
        import asyncio

        loop = self._loop()
        if loop is None or self._timer is None:
            return
        self._observe(max(0.0, loop.time() - self._due))
        self._tasks.set(len(asyncio.all_tasks(loop)))
        self.begin()

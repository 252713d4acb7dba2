"""A scrape of many counters: how long it takes, and what another thread loses to it."""

from __future__ import annotations

import gc
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import prometheus_client

import tykmetrics
import tykmetrics.prometheus_client
from timing import OURS, PEER, Result

RENDER, LOSS = "scrape", "another thread's loss to a scrape"
DROP_IN = "tykmetrics, generate_latest"


def filled(kind: Callable[..., Any], registry: Any, series: int, **options: Any) -> Any:
    """Make a family of three labels with so many series."""
    family = kind("bench", "Help.", ["method", "endpoint", "status"], registry=registry, **options)
    for n in range(series):
        family.labels(("GET", "POST", "PUT")[n % 3], f"/api/endpoint/{n}", "200").inc(n)
    return registry


class Busy:
    """A thread that runs pure Python, and the clock of its own processor time."""

    def __init__(self) -> None:
        self.done = False
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        n = 0
        while not self.done:
            n = (n * 31 + 7) % 1_000_003

    def __enter__(self) -> Busy:
        self.thread.start()
        time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self.done = True
        self.thread.join()

    def lost(self, work: Callable[[], object]) -> float:
        """Do some work beside it; return the seconds in which the thread did not run."""
        clock = time.pthread_getcpuclockid(self.thread.ident or 0)
        wall, processor = time.perf_counter(), time.clock_gettime(clock)
        work()
        return (time.perf_counter() - wall) - (time.clock_gettime(clock) - processor)


def run(series: int, rounds: int, say: Callable[[str], None]) -> list[Result]:
    """Scrape by each contender in turn, alone and beside a busy thread."""
    ours = filled(tykmetrics.Counter, tykmetrics.Registry(), series, limit=series)
    theirs = filled(prometheus_client.Counter, prometheus_client.CollectorRegistry(), series)
    contenders: dict[str, Callable[[], bytes]] = {
        OURS: lambda: tykmetrics.render("text", registry=ours),
        DROP_IN: lambda: tykmetrics.prometheus_client.generate_latest(ours),
        PEER: lambda: prometheus_client.generate_latest(theirs),
    }
    for side, scrape in contenders.items():
        lines = sum(line.startswith(b"bench_total{") for line in scrape().splitlines())
        if lines != series:
            raise SystemExit(f"{side} shows {lines} of {series} series")
    took: dict[str, list[float]] = {side: [] for side in contenders}
    lost: dict[str, list[float]] = {side: [] for side in contenders}
    order = list(contenders)
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            for side in order[turn % len(order) :] + order[: turn % len(order)]:
                begin = time.perf_counter()
                contenders[side]()
                took[side].append((time.perf_counter() - begin) * 1e3)
                with Busy() as busy:
                    lost[side].append(max(0.0, busy.lost(contenders[side])) * 1e3)
            gc.collect()
            say(f"scrapes, round {turn + 1} of {rounds}")
    finally:
        gc.enable()
    name = f"{RENDER} of {series:,} counters"
    results = [Result(name, side, statistics.median(seen), "ms", seen) for side, seen in took.items()]
    return results + [Result(LOSS, side, statistics.median(seen), "ms", seen) for side, seen in lost.items()]

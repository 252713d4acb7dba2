"""Memory of a counter series: a process for each contender, resident memory before and after so many series.

    python memory.py tykmetrics 100000

prints the bytes of one series.
"""

from __future__ import annotations

import gc
import importlib
import os
import statistics
import subprocess
import sys
from collections.abc import Callable

from timing import OURS, PEER, Result

JOB = "memory of a counter series"


def resident() -> int:
    """Tell how much memory the process has."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(name: str, series: int) -> float:
    """Make the series as a program does, and tell the bytes of each."""
    library = importlib.import_module(name)
    registry = (getattr(library, "CollectorRegistry", None) or library.Registry)()
    options = {"limit": series} if name == OURS else {}
    family = library.Counter("bench", "Help.", ["method", "endpoint", "status"], registry=registry, **options)
    family.labels("GET", "/", "200").inc()
    before = resident()
    for n in range(series - 1):
        family.labels(("GET", "POST", "PUT")[n % 3], f"/api/endpoint/{n}", "200").inc()
    return (resident() - before) / series


def run(series: int, rounds: int, say: Callable[[str], None]) -> list[Result]:
    """Measure each contender in processes of its own."""
    seen: dict[str, list[float]] = {OURS: [], PEER: []}
    for turn in range(rounds):
        for side in seen:
            command = [sys.executable, __file__, side, str(series)]
            said = subprocess.run(command, check=True, capture_output=True, text=True)
            seen[side].append(float(said.stdout))
        say(f"memory, round {turn + 1} of {rounds}")
    return [Result(JOB, side, statistics.median(found), "bytes", found) for side, found in seen.items()]


if __name__ == "__main__":
    print(measure(sys.argv[1], int(sys.argv[2])))

"""How long something takes: loops made for it, contenders in turn, medians of rounds.

Nothing here knows what is measured. A job is a name and its contenders; a contender makes a function that does the job
a number of times and says how long it took.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

OURS, PEER, OTEL, LIMIT = "tykmetrics", "prometheus_client", "opentelemetry-sdk", "limit"

# Does the job so often, and returns the seconds that took.
Runner = Callable[[int], float]

# Statements in the body of a loop, so that the loop itself is a small part.
UNROLLED = 10


@dataclass
class Job:
    """What is to be done, and who can do it."""

    name: str
    contenders: dict[str, Callable[[], Runner]]


@dataclass
class Result:
    """A job done by one contender: the median over the rounds, and each of them."""

    job: str
    side: str
    value: float
    unit: str
    rounds: list[float] = field(default_factory=list)
    times_ours: float | None = None


def loop(statements: str | Sequence[str], **names: Any) -> Runner:
    """Make a runner of a statement, or of several that take turns. Its names are local variables."""
    lines = [statements] * UNROLLED if isinstance(statements, str) else list(statements)
    arguments = ", ".join(["_times", *names])
    body = "\n        ".join(lines)
    source = f"""
def run({arguments}):
    begin = perf_counter()
    for _ in _times:
        {body}
    return perf_counter() - begin
"""
    space: dict[str, Any] = {"perf_counter": time.perf_counter}
    exec(source, space)
    run, count = space["run"], len(lines)

    def runner(times: int) -> float:
        turns = max(1, times // count)
        return float(run(range(turns), **names)) * times / (turns * count)

    return runner


def often_enough(runner: Runner, seconds: float) -> int:
    """Find how often the job is done in about so many seconds."""
    times = 10 * UNROLLED
    while True:
        took = runner(times)
        if took >= seconds / 4:
            return max(10 * UNROLLED, int(times * seconds / took))
        times *= 4


def run(jobs: Iterable[Job], rounds: int, seconds: float, say: Callable[[str], None]) -> list[Result]:
    """Do every job by every contender, round after round."""
    prepared = []
    for job in jobs:
        for side, make in job.contenders.items():
            runner = make()
            prepared.append((job, side, runner, often_enough(runner, seconds), list[float]()))
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            # The order turns, so that nobody always comes after the same one.
            shift = turn % max(1, len(prepared))
            for _, _, runner, times, seen in prepared[shift:] + prepared[:shift]:
                seen.append(runner(times) / times * 1e9)
            gc.collect()
            say(f"round {turn + 1} of {rounds}")
    finally:
        gc.enable()
    return [Result(job.name, side, statistics.median(seen), "ns", seen) for job, side, _, _, seen in prepared]

"""Requests per second of a service under load, with each kind of metrics and with none, all in turn.

wrk loads one service at a time, from another process. Every round has processes of its own, since two of the very same
service differ by more than what is looked for: by where things lie in memory, and in the seeds of hashes. Within a
round the services are loaded for a second each, over and over, since the machine is not the same a minute later.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import instructions
from gateway import INSTRUMENTATOR, OFF, OURS, PEER

JOB = "gateway"

PER_SECOND = re.compile(r"Requests/sec:\s+([0-9.]+)")


@dataclass
class Gateway:
    """What a gateway answered: the median over the rounds, their spread, and what it lost."""

    metrics: str
    requests_per_second: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0
    # The median of each round's own loss against the gateway without metrics.
    fewer: float = 0.0
    # Of a request, and how many more than without metrics.
    instructions: float | None = None
    more: float | None = None
    rounds: list[float] = field(default_factory=list)


class Running:
    """A gateway in a process of its own."""

    def __init__(self, metrics: str) -> None:
        program = Path(__file__).with_name("gateway.py")
        self.process = subprocess.Popen(
            [sys.executable, str(program), metrics], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.address = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def __enter__(self) -> Running:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)

    def check(self, metrics: str) -> None:
        """Make sure that it answers and measures, before anything is timed."""
        self.read("/users/7")
        if metrics != OFF and not re.search(r'^http_requests_total\{.*"/users/\{user\}"', self.read("/metrics/"), re.M):
            raise SystemExit(f"the gateway with {metrics} does not count its requests by route")

    def read(self, path: str) -> str:
        """Get a document; a service that has just been started is waited for."""
        for attempt in range(200):
            try:
                with urllib.request.urlopen(self.address + path, timeout=10) as answer:
                    return str(answer.read().decode())
            except ConnectionError:
                if attempt == 199:
                    raise
                time.sleep(0.05)
        raise AssertionError

    def load(self, wrk: str) -> float:
        """Have one thread of wrk keep 32 connections busy for a second."""
        command = [wrk, "-t1", "-c32", "-d1s", f"{self.address}/users/7"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = PER_SECOND.search(said)
        if not found or "Non-2xx" in said:
            raise SystemExit(f"wrk said:\n{said}")
        return float(found[1])


def run(rounds: int, slices: int, seeds: int, say: Callable[[str], None]) -> tuple[list[Gateway], str]:
    """Load every gateway in turn, then count instructions with so many seeds. The text says why there is no result."""
    wrk = shutil.which("wrk")
    if not wrk:
        return [], "wrk is not installed"
    all_ = [Gateway(metrics) for metrics in (OFF, OURS, PEER, INSTRUMENTATOR)]
    for turn in range(rounds):
        with ExitStack() as stack:
            running = [stack.enter_context(Running(gateway.metrics)) for gateway in all_]
            for gateway, service in zip(all_, running, strict=True):
                service.check(gateway.metrics)
                # The first requests make series and grow heaps.
                service.load(wrk)
            answered = [0.0] * len(all_)
            for slice_ in range(slices):
                # The order turns, so that no gateway always comes after the same one.
                for step in range(len(all_)):
                    at = (step + turn + slice_) % len(all_)
                    answered[at] += running[at].load(wrk) / slices
            for gateway, figure in zip(all_, answered, strict=True):
                gateway.rounds.append(figure)
        say(f"gateways, round {turn + 1} of {rounds}")
    counted = []
    for gateway in all_:
        counted.append(instructions.of_a_request(gateway.metrics, seeds))
        gateway.instructions = statistics.median(counted[-1]) if counted[-1] else None
        more = [own / off - 1 for own, off in zip(counted[-1], counted[0], strict=True)]
        gateway.more = statistics.median(more) if more else None
        say(f"instructions of a request, {gateway.metrics}")
    for gateway in all_:
        gateway.requests_per_second = statistics.median(gateway.rounds)
        gateway.lowest, gateway.highest = min(gateway.rounds), max(gateway.rounds)
        losses = [1 - own / off for own, off in zip(gateway.rounds, all_[0].rounds, strict=True)]
        gateway.fewer = statistics.median(losses)
    return all_, ""

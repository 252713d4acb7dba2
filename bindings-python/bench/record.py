"""What a run found: as data, as tables, and against what was asked for."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path

import jobs
import memory
import scrapes
from gateways import Gateway
from timing import OURS, PEER, Result

PEERS = (
    "prometheus_client",
    "opentelemetry-sdk",
    "fastapi",
    "uvicorn",
    "prometheus-fastapi-instrumentator",
)

# How many times as long prometheus_client is to take.
FASTER = {
    jobs.INC: 12,
    jobs.OBSERVE: 20,
    jobs.BY_PLACE: 12,
    jobs.BY_NAME: 12,
    jobs.BY_FRESH: 12,
    jobs.REQUEST_BY_PLACE: 20,
    jobs.REQUEST_BY_NAME: 20,
    jobs.TRACKED: 5,
    scrapes.RENDER: 300,
    memory.JOB: 4,
}

# What ours may be at most, in the result's own unit.
UNDER = {jobs.REQUEST_BY_PLACE: 200, jobs.REQUEST_BY_NAME: 200, scrapes.LOSS: 5}

# The share of requests that measuring may cost a service.
FEWEST = 0.02


@dataclass
class Target:
    """A figure that was asked for, and what was measured."""

    what: str
    asked: str
    measured: str = "-"
    verdict: str = "not measured"


def machine() -> dict[str, object]:
    """Tell where this runs, and with what."""
    cpu = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    return {
        "cpu": cpu,
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()}",
        "arch": platform.machine(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": {name: importlib.metadata.version(name) for name in ("tykmetrics", *PEERS)},
    }


@dataclass
class Record:
    """A whole run."""

    rounds: int
    seconds: float
    machine: dict[str, object] = field(default_factory=machine)
    date: str = field(default_factory=lambda: now())
    results: list[Result] = field(default_factory=list)
    gateways: list[Gateway] = field(default_factory=list)
    gateways_absent: str = "not asked for"
    targets: list[Target] = field(default_factory=list)

    def find(self, job: str, side: str) -> Result | None:
        """Find a result by the beginning of its job's name, which for scrapes goes on with how many series."""
        for result in self.results:
            if result.side == side and (result.job == job or result.job.startswith(f"{job} of ")):
                return result
        return None

    def compare(self) -> None:
        """Fill in the ratios, each the median of the rounds' own."""
        for result in self.results:
            ours = self.find(result.job, OURS)
            if ours and all(ours.rounds):
                ratios = [one / own for one, own in zip(result.rounds, ours.rounds, strict=True)]
                result.times_ours = statistics.median(ratios)

    def judge(self) -> None:
        """Hold what was asked against what was measured. What was not measured is not met."""
        for job, times in FASTER.items():
            less = "less" if job == memory.JOB else "faster"
            target = Target(job, f"{times}x {less} than prometheus_client")
            ours, peer = self.find(job, OURS), self.find(job, PEER)
            if ours and peer and peer.times_ours:
                both = f"{short(ours.value)} against {short(peer.value)} {ours.unit}"
                target.measured = f"{peer.times_ours:.1f}x ({both})"
                target.verdict = verdict(peer.times_ours >= times)
            self.targets.append(target)
        for job, limit in UNDER.items():
            ours = self.find(job, OURS)
            target = Target(job, f"under {limit} {'ms' if job == scrapes.LOSS else 'ns'}")
            if ours:
                target.measured, target.verdict = f"{short(ours.value)} {ours.unit}", verdict(ours.value < limit)
            self.targets.append(target)
        target = Target("gateway under load", f"under {FEWEST:.0%} fewer requests")
        for gateway in self.gateways:
            if gateway.metrics == OURS:
                target.measured, target.verdict = f"{gateway.fewer:.2%}", verdict(gateway.fewer < FEWEST)
        self.targets.append(target)
        target = Target("gateway's request", f"under {FEWEST:.0%} more instructions")
        for gateway in self.gateways:
            if gateway.metrics == OURS and gateway.more is not None:
                target.measured, target.verdict = f"{gateway.more:.2%}", verdict(gateway.more < FEWEST)
        self.targets.append(target)

    def text(self) -> str:
        """Give the tables."""
        m = self.machine
        versions = m["versions"]
        assert isinstance(versions, dict)
        head = f"{m['cpu']}, {m['cpus']} CPUs, {m['kernel']} {m['arch']}, {m['python']}\n"
        head += "".join(f"{name} {version}\n" for name, version in versions.items())
        head += (
            f"medians of {self.rounds} rounds of {self.seconds} s, contenders in turn; "
            '"times ours" is the median of each round\'s ratio\n'
        )
        rows, last = [["job", "contender", "", "", "times ours"]], ""
        for result in self.results:
            job = "" if result.job == last else result.job
            last = result.job
            ratio = "" if result.times_ours is None else f"{result.times_ours:.2f}"
            rows.append([job, result.side, short(result.value), result.unit, ratio])
        gateways = f"no gateways: {self.gateways_absent}\n"
        if self.gateways:
            lines = [
                ["gateway with metrics", "requests/s", "lowest", "highest", "fewer than off", "instructions", "more"]
            ]
            for g in self.gateways:
                figures = [f"{figure:.0f}" for figure in (g.requests_per_second, g.lowest, g.highest)]
                counted = ["", ""]
                if g.instructions is not None and g.more is not None:
                    counted = [f"{g.instructions:.0f}", f"{g.more:.2%}"]
                lines.append([g.metrics, *figures, f"{g.fewer:.2%}", *counted])
            gateways = table(lines)
        asked = [["asked of", "what", "measured", "verdict"]]
        asked += [[t.what, t.asked, t.measured, t.verdict] for t in self.targets]
        return "\n".join([head, table(rows), gateways, table(asked)])

    def write(self, name: str, text: str) -> None:
        """Leave the record for programs and for people."""
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(f"{name}.json").write_text(json.dumps(asdict(self), indent=2) + "\n")
        Path(f"{name}.txt").write_text(text)


def now() -> str:
    """Tell the time of the record, in UTC."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def verdict(met: bool) -> str:
    """Say it as the other records do."""
    return "met" if met else "MISSED"


def short(value: float) -> str:
    """Show as many digits as mean something."""
    return f"{value:.2f}" if value < 1000 else f"{value:.0f}"


def table(rows: list[list[str]]) -> str:
    """Align the columns."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)

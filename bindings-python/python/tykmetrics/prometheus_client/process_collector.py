"""What the kernel says of a process: CPU time, memory, file descriptors, start.

Read from proc at each scrape. What cannot be read is left out; where there is no proc, all of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from tykmetrics.prometheus_client.registry import REGISTRY, Collector, CollectorRegistry

# proc_pid_stat(5), counted from the field behind the command's name, which may have spaces of its own.
_UTIME, _STIME, _START_TIME, _VSIZE, _RSS = 11, 12, 19, 20, 21


class ProcessCollector(Collector):
    """Tells the standard `process_*` families of this process, or of the one that `pid` names."""

    def __init__(
        self,
        namespace: str = "",
        pid: Callable[[], int | str] = lambda: "self",
        proc: str = "/proc",
        registry: CollectorRegistry | None = REGISTRY,
    ) -> None:
        """Join a registry, if there is one.

        namespace: stands before `process_` in every name.
        pid: returns the process to read, asked at each scrape.
        proc: where proc is mounted.
        """
        self._namespace = namespace
        self._pid = pid
        self._proc = proc
        self._prefix = f"{namespace}_process_" if namespace else "process_"
        self._ticks: float = _sysconf("SC_CLK_TCK", 100)
        self._pagesize: float = _sysconf("SC_PAGE_SIZE", 4096)
        self._btime = self._boot_time()
        if registry:
            registry.register(self)

    def _boot_time(self) -> float:
        """Return when the machine was started, or 0 where there is no proc."""
        try:
            with open(os.path.join(self._proc, "stat"), "rb") as stat:
                for line in stat:
                    if line.startswith(b"btime "):
                        return float(line.split()[1])
        except OSError:
            pass
        return 0

    def collect(self) -> Iterable[Metric]:
        """Return what can be read now."""
        if not self._btime:
            return []
        folder = os.path.join(self._proc, str(self._pid()).strip())
        return [*self._times_and_memory(folder), *self._descriptors(folder)]

    def _times_and_memory(self, folder: str) -> list[Metric]:
        try:
            with open(os.path.join(folder, "stat"), "rb") as stat:
                fields = stat.read().rpartition(b")")[2].split()
        except OSError:
            return []
        resident = float(fields[_RSS]) * self._pagesize
        return [
            self._gauge("virtual_memory_bytes", "Virtual memory size in bytes.", float(fields[_VSIZE])),
            self._gauge("resident_memory_bytes", "Resident memory size in bytes.", resident),
            self._gauge(
                "start_time_seconds",
                "Start time of the process since unix epoch in seconds.",
                float(fields[_START_TIME]) / self._ticks + self._btime,
            ),
            CounterMetricFamily(
                self._prefix + "cpu_seconds_total",
                "Total user and system CPU time spent in seconds.",
                value=float(fields[_UTIME]) / self._ticks + float(fields[_STIME]) / self._ticks,
            ),
        ]

    def _descriptors(self, folder: str) -> list[Metric]:
        try:
            limit = _limit(os.path.join(folder, "limits"))
            open_now = len(os.listdir(os.path.join(folder, "fd")))
        except OSError:
            return []
        families = [self._gauge("open_fds", "Number of open file descriptors.", open_now)]
        if limit is not None:
            families.append(self._gauge("max_fds", "Maximum number of open file descriptors.", limit))
        return families

    def _gauge(self, name: str, documentation: str, value: float) -> Metric:
        return GaugeMetricFamily(self._prefix + name, documentation, value=value)


def _sysconf(name: str, otherwise: float) -> float:
    """Ask the system for a constant of its own."""
    try:
        return os.sysconf(name)
    except (ValueError, TypeError, AttributeError, OSError):
        return otherwise


def _limit(path: str) -> float | None:
    """Return how many files the process may have open, from its list of limits."""
    with open(path, "rb") as limits:
        for line in limits:
            if line.startswith(b"Max open file"):
                soft = line.split()[3]
                return float("inf") if soft == b"unlimited" else float(soft)
    return None


adopt(__name__)

PROCESS_COLLECTOR = ProcessCollector()
"""The one of the default registry."""

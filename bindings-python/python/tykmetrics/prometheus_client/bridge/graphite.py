"""Sending the metrics of a registry to Graphite, once or regularly, in its plain text protocol."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import Callable

from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client.registry import REGISTRY, Collector
from tykmetrics.prometheus_client.samples import Sample

# What a file name can have, since Graphite keeps files. A dot separates, so it is not among them.
_INVALID_GRAPHITE_CHARS = re.compile(r"[^a-zA-Z0-9_-]")

_LOGGER = logging.getLogger(__name__)


def _sanitize(s: str) -> str:
    return _INVALID_GRAPHITE_CHARS.sub("_", s)


def _now() -> float:
    """Read the clock as it is at the call, which a test may have patched."""
    return time.time()


class _RegularPush(threading.Thread):
    """Pushes once per interval. A push that takes longer than that leaves out the ones it overran."""

    def __init__(self, pusher: GraphiteBridge, interval: float, prefix: str) -> None:
        super().__init__(daemon=True)
        self._pusher = pusher
        self._interval = interval
        self._prefix = prefix

    def run(self) -> None:
        due = time.perf_counter()
        while True:
            now = time.perf_counter()
            if now < due:
                time.sleep(due - now)
                continue
            while due <= now:
                due += self._interval
            try:
                self._pusher.push(prefix=self._prefix)
            except OSError:
                _LOGGER.exception("Push failed")


class GraphiteBridge:
    """Sends the metrics of a registry to a Graphite server."""

    def __init__(
        self,
        address: tuple[str, int],
        registry: Collector = REGISTRY,
        timeout_seconds: float = 30,
        _timer: Callable[[], float] = _now,
        tags: bool = False,
    ) -> None:
        """Take the server's address. With `tags` labels become Graphite's tags, otherwise parts of the name."""
        self._address = address
        self._registry = registry
        self._tags = tags
        self._timeout = timeout_seconds
        self._timer = _timer

    def push(self, prefix: str = "") -> None:
        """Send all samples as they are now."""
        now = int(self._timer())
        start = f"{prefix}." if prefix else ""
        lines = [
            f"{start}{_sanitize(sample.name)}{self._labels(sample)} {float(sample.value)} {now}\n"
            for metric in self._registry.collect()
            for sample in metric.samples
        ]
        with socket.create_connection(self._address, self._timeout) as connection:
            connection.sendall("".join(lines).encode("ascii"))

    def _labels(self, sample: Sample) -> str:
        between, joined = (";", "=") if self._tags else (".", ".")
        return "".join(
            f"{between}{_sanitize(name)}{joined}{_sanitize(value)}" for name, value in sorted(sample.labels.items())
        )

    def start(self, interval: float = 60.0, prefix: str = "") -> None:
        """Push once per interval, in seconds, from a daemon thread."""
        _RegularPush(self, interval, prefix).start()


adopt(__name__)

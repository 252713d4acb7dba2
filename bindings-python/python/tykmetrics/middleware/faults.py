"""Our own failures: counted, logged once, never the request's.

What lives here: where every middleware takes an exception of its own code. Promised: it never raises.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tykmetrics.metrics import Counter
from tykmetrics.once import once

if TYPE_CHECKING:
    from tykmetrics.registry import CollectorRegistry

_log = logging.getLogger("tykmetrics")


def _counter(registry: CollectorRegistry) -> Counter:
    return Counter(
        "tykmetrics_instrumentation_errors_total",
        "Failures inside the instrumentation, which the requests did not notice",
        ["where"],
        registry=registry,
    )


class Faults:
    """Takes the failures of one middleware."""

    def __init__(self, where: str, registry: CollectorRegistry) -> None:
        self._where = where
        self._count = once(registry, "faults", _counter).labels(where).inc
        self._logged = False

    def caught(self, error: Exception) -> None:
        """Count a failure, and log it if it is the first."""
        try:
            self._count()
            if not self._logged:
                self._logged = True
                _log.error(
                    "tykmetrics failed inside %s, requests go on; later failures are counted and not logged",
                    self._where,
                    exc_info=error,
                )
        except Exception:  # A log handler may do anything.
            return

"""How long texts and samples take, beside prometheus_client: `python bench/samples.py`.

Both sides are the same functions of the same modules, prometheus_client's and the drop-in's, on the same data in one
process. The best of the rounds counts, in processor time of the thread, so that a busy neighbour does not.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from prometheus_client import exposition, parser
from prometheus_client.core import CounterMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics_exposition, parser as openmetrics_parser

from tykmetrics.prometheus_client import exposition as our_exposition, parser as our_parser
from tykmetrics.prometheus_client.openmetrics import (
    exposition as our_openmetrics_exposition,
    parser as our_openmetrics_parser,
)

ROUNDS = 5
SERIES = 100_000
# A text of about this many bytes.
SIZE = 1_000_000


def best(work: Callable[[], object]) -> float:
    """Return the seconds of the quickest of the rounds."""
    quickest = float("inf")
    for _ in range(ROUNDS):
        gc.collect()
        begun = time.thread_time()
        work()
        quickest = min(quickest, time.thread_time() - begun)
    return quickest


class Counters:
    """A registry of one family of many counters."""

    def __init__(self, series: int) -> None:
        """Make the family."""
        family = CounterMetricFamily("requests", "Requests served", labels=["route", "method", "status"])
        for n in range(series):
            family.add_metric([f"/route/{n}", "GET", "200"], n)
        self.families = [family]

    def collect(self) -> list[CounterMetricFamily]:
        """Return the family."""
        return self.families


def compare(name: str, theirs: Callable[[], object], ours: Callable[[], object]) -> None:
    """Print both times and their ratio."""
    them, us = best(theirs), best(ours)
    print(f"{name:42} {them * 1000:10.1f} ms {us * 1000:10.1f} ms {them / us:8.1f}x")


def main() -> None:
    """Run every comparison."""
    print(f"{'':42} {'prometheus_client':>13} {'tykmetrics':>13} {'faster':>9}")
    few = Counters(SIZE // len('requests_total{method="GET",route="/route/1234",status="200"} 1234.0\n'))
    text = exposition.generate_latest(few).decode()
    compare(
        f"parse {len(text):,} bytes of text",
        lambda: list(parser.text_string_to_metric_families(text)),
        lambda: list(our_parser.text_string_to_metric_families(text)),
    )
    open_text = openmetrics_exposition.generate_latest(few).decode()
    compare(
        f"parse {len(open_text):,} bytes of OpenMetrics",
        lambda: list(openmetrics_parser.text_string_to_metric_families(open_text)),
        lambda: list(our_openmetrics_parser.text_string_to_metric_families(open_text)),
    )
    many = Counters(SERIES)
    compare(
        f"write {SERIES:,} counters as text",
        lambda: exposition.generate_latest(many),
        lambda: our_exposition.generate_latest(many),
    )
    compare(
        f"write {SERIES:,} counters as OpenMetrics",
        lambda: openmetrics_exposition.generate_latest(many),
        lambda: our_openmetrics_exposition.generate_latest(many),
    )


if __name__ == "__main__":
    main()

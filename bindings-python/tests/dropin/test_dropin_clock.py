"""Clocks that a test has frozen or moved are seen, whichever tool did it."""

from __future__ import annotations

import time
from datetime import datetime, timezone

import freezegun
import pytest

from tykmetrics.prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from tykmetrics.prometheus_client.bridge.graphite import GraphiteBridge

MOMENT = datetime(2020, 5, 17, 12, tzinfo=timezone.utc)
SECONDS = MOMENT.timestamp()


def test_freezegun_freezes_created_times_and_exemplars(registry: CollectorRegistry) -> None:
    with freezegun.freeze_time(MOMENT):
        counter = Counter("c", "help", registry=registry)
        counter.inc(exemplar={"a": "b"})
        Gauge("g", "help", registry=registry).set_to_current_time()
        [family, *_] = registry.collect()
    assert registry.get_sample_value("c_created") == SECONDS
    assert registry.get_sample_value("g") == SECONDS
    assert family.samples[0].exemplar is not None
    assert family.samples[0].exemplar.timestamp == SECONDS


def test_freezegun_decides_how_long_a_block_took(registry: CollectorRegistry) -> None:
    histogram = Histogram("h", "help", registry=registry)
    with freezegun.freeze_time(MOMENT) as frozen, histogram.time() as timer:
        frozen.tick(2.5)
    assert timer.duration == 2.5
    assert registry.get_sample_value("h_sum") == 2.5


def test_a_clock_that_runs_backwards_is_no_negative_duration(
    registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([10.0, 4.0])
    summary = Summary("s", "help", registry=registry)
    with monkeypatch.context() as patched:
        patched.setattr(time, "perf_counter", lambda: next(moments))
        with summary.time():
            pass
    assert registry.get_sample_value("s_sum") == 0


def test_the_graphite_bridge_reads_the_clock_when_it_pushes(registry: CollectorRegistry) -> None:
    bridge = GraphiteBridge(("127.0.0.1", 1), registry)
    with freezegun.freeze_time(MOMENT):
        assert bridge._timer() == SECONDS

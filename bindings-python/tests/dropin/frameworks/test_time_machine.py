"""A clock that is patched in place, as time-machine does it, is seen too."""

from __future__ import annotations

from datetime import datetime, timezone

import time_machine

from tykmetrics.prometheus_client import CollectorRegistry, Counter

MOMENT = datetime(2020, 5, 17, 12, tzinfo=timezone.utc)
SECONDS = MOMENT.timestamp()


def test_time_machine_moves_created_times(registry: CollectorRegistry) -> None:
    with time_machine.travel(MOMENT, tick=False) as traveller:
        counter = Counter("c", "help", registry=registry)
        assert registry.get_sample_value("c_created") == SECONDS
        traveller.shift(10)
        counter.reset()
    assert registry.get_sample_value("c_created") == SECONDS + 10

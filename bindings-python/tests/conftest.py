"""What the tests share: a registry for each, and waiting for what another thread does."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tykmetrics.pytest_plugin import metrics_registry

__all__ = ["metrics_registry"]


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Return what waits until a condition holds. The limit is only there to end a test that fails."""

    def wait(condition: Callable[[], bool]) -> None:
        limit = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < limit, "it never came true"
            time.sleep(0.005)

    return wait

"""The pytest plugin: the fixture `metrics_registry`.

pytest loads it by the package's entry point. Without that, `from tykmetrics.pytest_plugin import metrics_registry` in a
`conftest.py` does the same.
"""

from __future__ import annotations

import pytest

from tykmetrics.registry import CollectorRegistry

__all__ = ["metrics_registry"]


@pytest.fixture
def metrics_registry() -> CollectorRegistry:
    """Return a registry of this test alone."""
    return CollectorRegistry()

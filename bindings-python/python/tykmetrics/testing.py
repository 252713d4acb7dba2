"""For tests of programs that record: what a sample is worth.

What lives here: `sample_value`. The fixture `metrics_registry`, a fresh registry for each test, is in
`pytest_plugin.py`, which pytest finds by itself once the package is installed. Absent: any import of pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tykmetrics.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tykmetrics.registry import CollectorRegistry

__all__ = ["sample_value"]


def sample_value(
    name: str, labels: Mapping[str, str] | None = None, registry: CollectorRegistry = REGISTRY
) -> float | None:
    """Return the value of one sample as a scrape would show it, or None if there is none.

    The name is the sample's (`requests_total`, `latency_seconds_count`) and the labels are all of its labels.
    """
    return registry.get_sample_value(name, dict(labels or {}))

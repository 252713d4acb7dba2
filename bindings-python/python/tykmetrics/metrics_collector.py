"""The collector of a gateway's requests, as a member of a registry.

What lives here: `MetricsCollector`, which `get_metrics_collector` of `requests.py` makes, one for a registry. All that
records is native and inherited. Promised: its names are taken in the registry like those of any metric, and a scrape by
the engine shows its families without asking Python. Absent: any arithmetic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tykmetrics import _native
from tykmetrics.metrics import metric_of
from tykmetrics.prometheus_client.metrics_core import Metric
from tykmetrics.registry import CollectorRegistry, shows_created

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self


class MetricsCollector(_native.Requests):
    """Records requests, lookups of a cache, queries and calls to services in the families of a gateway.

    `record_request`, `record_cache_hit`, `record_cache_miss`, `record_db_query` and `record_external_api_call` are the
    native methods. Averages, quantiles and rates are worked out when somebody scrapes.
    """

    def __new__(cls, registry: CollectorRegistry) -> Self:
        """Make it without showing it anywhere: the registry does that, once it has found the names free."""
        return super().__new__(cls)

    def __init__(self, registry: CollectorRegistry) -> None:
        """Join a registry; DuplicateTimeseries, a ValueError, if other metrics there have one of the names."""
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Return the families without samples."""
        return [metric_of(family, ()) for family in self._tell(False)]

    def collect(self) -> Iterable[Metric]:
        """Return the families with their samples."""
        return [metric_of(family, family[4]) for family in self._tell(shows_created())]

    def _join(self, registry: CollectorRegistry) -> None:
        """Have a registry's engine show the families, without asking Python."""
        registry._asked[self] = self._list(registry._core)

    def _leave(self, registry: CollectorRegistry) -> None:
        registry._core.remove_collector(registry._asked.pop(self))


_native.equip(MetricsCollector)

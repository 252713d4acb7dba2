"""The metrics under their names in prometheus_client. They live in `tykmetrics.metrics`.

Here is also the switch of `_created` samples. It is read at each scrape, so it can be thrown at any time.
"""

from __future__ import annotations

import os
from abc import ABCMeta
from typing import cast

from tykmetrics import metrics as _metrics
from tykmetrics.prometheus_client import values as values
from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client._wrapper import MetricWrapperBase, _build_full_name
from tykmetrics.prometheus_client.context_managers import (
    ExceptionCounter as ExceptionCounter,
    InprogressTracker as InprogressTracker,
    Timer as Timer,
)
from tykmetrics.prometheus_client.metrics_core import Metric as Metric
from tykmetrics.prometheus_client.registry import (
    REGISTRY as REGISTRY,
    Collector as Collector,
    CollectorRegistry as CollectorRegistry,
)
from tykmetrics.prometheus_client.samples import Exemplar as Exemplar, Sample as Sample
from tykmetrics.prometheus_client.utils import INF as INF, floatToGoString as floatToGoString

__all__ = (
    "Counter",
    "Enum",
    "Gauge",
    "Histogram",
    "Info",
    "MetricWrapperBase",
    "Summary",
    "_build_full_name",
    "disable_created_metrics",
    "enable_created_metrics",
)


def _get_use_created() -> bool:
    """Read from the environment whether `_created` samples are exposed."""
    return os.environ.get("PROMETHEUS_DISABLE_CREATED_SERIES", "False").lower() not in ("true", "1", "t")


_use_created = _get_use_created()


def disable_created_metrics() -> None:
    """Leave out the `_created` samples of counters, histograms and summaries."""
    global _use_created
    _use_created = False


def enable_created_metrics() -> None:
    """Expose the `_created` samples of counters, histograms and summaries."""
    global _use_created
    _use_created = True


# As in prometheus_client no family has a limit of its own. The engine's limit of a whole registry stays, which is
# 2,000,000 series.
_UNLIMITED = 0xFFFF_FFFF


class Counter(_metrics.Counter):
    """Counts what happens: a total that only grows, until it is reset."""

    __slots__ = ()
    _default_limit = _UNLIMITED


class Gauge(_metrics.Gauge):
    """Holds a value that goes up and down, or a function that returns it."""

    __slots__ = ()
    _default_limit = _UNLIMITED


class Summary(_metrics.Summary):
    """Counts observations and adds them up."""

    __slots__ = ()
    _default_limit = _UNLIMITED
    _takes_infinity = True


class Histogram(_metrics.Histogram):
    """Counts observations by buckets and adds them up."""

    __slots__ = ()
    _default_limit = _UNLIMITED
    _takes_infinity = True


class Info(_metrics.Info):
    """Holds facts as labels of a sample that is always one."""

    __slots__ = ()
    _default_limit = _UNLIMITED


class Enum(_metrics.Enum):
    """Holds which of a set of states is the present one."""

    __slots__ = ()
    _default_limit = _UNLIMITED


for _kind in (_metrics.Counter, _metrics.Gauge, _metrics.Summary, _metrics.Histogram, _metrics.Info, _metrics.Enum):
    cast(ABCMeta, MetricWrapperBase).register(_kind)

adopt(__name__)

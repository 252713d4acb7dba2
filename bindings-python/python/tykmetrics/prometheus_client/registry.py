"""The registry under its name in prometheus_client. It lives in `tykmetrics.registry`."""

from __future__ import annotations

from tykmetrics.registry import REGISTRY, Collector, CollectorRegistry, DuplicateTimeseries, RestrictedRegistry

__all__ = ("REGISTRY", "Collector", "CollectorRegistry", "DuplicateTimeseries", "RestrictedRegistry")

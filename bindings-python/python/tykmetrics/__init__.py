"""Prometheus metrics on a lock-free engine."""

from __future__ import annotations

# First, and before anything else of this package: its modules import each other in the order in which it does.
from tykmetrics import prometheus_client
from tykmetrics._native import __version__

__all__ = ["__version__", "prometheus_client"]

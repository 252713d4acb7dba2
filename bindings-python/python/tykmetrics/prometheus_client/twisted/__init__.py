"""Metrics in Twisted. Needs twisted."""

from __future__ import annotations

from tykmetrics.prometheus_client.twisted._exposition import MetricsResource

__all__ = ["MetricsResource"]

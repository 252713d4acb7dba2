"""Prometheus metrics on a lock-free engine."""

from __future__ import annotations

from tykmetrics._native import __version__

__all__ = ["__version__"]

"""Metrics in aiohttp's server. Needs aiohttp."""

from __future__ import annotations

from tykmetrics.prometheus_client.aiohttp.exposition import make_aiohttp_handler

__all__ = ["make_aiohttp_handler"]

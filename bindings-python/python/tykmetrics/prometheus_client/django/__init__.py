"""Metrics in Django. Needs Django."""

from __future__ import annotations

from tykmetrics.prometheus_client.django.exposition import PrometheusDjangoView

__all__ = ["PrometheusDjangoView"]

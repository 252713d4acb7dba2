"""A view for Django that answers with the metrics of a registry."""

from __future__ import annotations

import os
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import View

from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client.exposition import _bake_output
from tykmetrics.prometheus_client.multiprocess import MultiProcessCollector
from tykmetrics.prometheus_client.registry import REGISTRY, CollectorRegistry


class PrometheusDjangoView(View):
    """Answers GET with the metrics of `registry`, or of the default one."""

    multiprocess_mode: bool = "PROMETHEUS_MULTIPROC_DIR" in os.environ or "prometheus_multiproc_dir" in os.environ
    registry: CollectorRegistry | None = None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer with the metrics."""
        if self.registry is None:
            self.registry = self._default_registry()
        status, headers, output = _bake_output(
            registry=self.registry,
            accept_header=request.headers.get("Accept"),
            accept_encoding_header=request.headers.get("Accept-Encoding"),
            params=request.GET,
            disable_compression=False,
        )
        return HttpResponse(output, status=int(status.split(" ")[0]), headers=dict(headers))

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer which methods there are."""
        return HttpResponse(status=200, headers={"Allow": "OPTIONS,GET"})

    def _default_registry(self) -> CollectorRegistry:
        if not self.multiprocess_mode:
            return REGISTRY
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
        return registry


adopt(__name__)

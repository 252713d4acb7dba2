"""A resource for Twisted's web server that answers with the metrics of a registry."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.web.wsgi import WSGIResource

from tykmetrics.prometheus_client import exposition
from tykmetrics.prometheus_client.registry import REGISTRY, Collector


def MetricsResource(registry: Collector = REGISTRY) -> WSGIResource:
    """Return a resource for the metrics of a registry; the reactor's threads make its answers."""
    # Twisted's own types know neither of them.
    making: Any = WSGIResource
    running: Any = reactor
    resource: WSGIResource = making(running, running.getThreadPool(), exposition.make_wsgi_app(registry))
    return resource

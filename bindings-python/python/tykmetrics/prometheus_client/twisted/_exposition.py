"""A resource for Twisted's web server that answers with the metrics of a registry."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet import reactor
from twisted.web.wsgi import WSGIResource

from tykmetrics.prometheus_client import exposition
from tykmetrics.prometheus_client.registry import REGISTRY, Collector


def MetricsResource(registry: Collector = REGISTRY) -> WSGIResource:
    """Return a resource for the metrics of a registry; the reactor's threads make its answers."""
    # Twisted's types tell neither what a reactor has nor what its resources take.
    threads = cast(Any, reactor).getThreadPool()
    return cast(WSGIResource, cast(Any, WSGIResource)(reactor, threads, exposition.make_wsgi_app(registry)))

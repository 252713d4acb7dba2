"""What every HTTP middleware records beside the families of `get_metrics_collector`.

What lives here: requests in flight and the sizes of bodies, one set per registry, and the rule that keeps a client from
making label values. `asgi.py`, `wsgi.py` and `django.py` record here. Absent: websockets and RPC, which are in
`asgi.py` and `rpc.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tykmetrics.metrics import Gauge, Histogram
from tykmetrics.once import once
from tykmetrics.requests import get_metrics_collector

if TYPE_CHECKING:
    from tykmetrics.registry import CollectorRegistry

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})
"""RFC 9110, 9.3, and RFC 5789. A client may send any token, so others are one label value."""

OTHER = "OTHER"
"""The method of all others."""

UNMATCHED = "unmatched"
"""The endpoint of requests that no route takes: their path is the client's and never a label."""

SIZES = tuple(float(10**power) for power in range(2, 9))
"""100 B to 100 MB by powers of ten: orders of magnitude are what sizes are asked for."""

_DIGITS = 15
"""Digits of a Content-Length that is believed: a petabyte, and exact as a double."""

_NOT_MODIFIED = 304
"""RFC 9110, 15.4.5: has the Content-Length of the body that it saves."""

_KEPT = 10_000
"""Bound handles that are kept: as many as a family has series before it overflows."""

_Bound = tuple[Histogram, Histogram]


def declared(length: object) -> int:
    """Return a Content-Length as a number, and 0 for what is none."""
    text = length if isinstance(length, str) else ""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else 0


def promised(method: str, status: int, length: object) -> int:
    """Return the size of a body that only its Content-Length tells of: 0 where none is sent (RFC 9110, 8.6)."""
    return 0 if method == "HEAD" or status == _NOT_MODIFIED else declared(length)


class InFlight(NamedTuple):
    """What counts the requests of one method that are being served. The native half knows the order."""

    method: str
    gauge: Gauge


class HttpFamilies:
    """The HTTP families of a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._record = get_metrics_collector(registry).record_request
        in_flight = Gauge("http_requests_in_flight", "Requests being served", ["method"], registry=registry)
        self._received = Histogram(
            "http_request_size_bytes",
            "Size of request bodies",
            ["endpoint", "method"],
            buckets=SIZES,
            registry=registry,
        )
        self._sent = Histogram(
            "http_response_size_bytes",
            "Size of response bodies",
            ["endpoint", "method"],
            buckets=SIZES,
            registry=registry,
        )
        self._in_flight = in_flight
        self.methods: dict[str, InFlight] = {}
        self._bound: dict[tuple[str, str], _Bound] = {}

    def in_flight(self, method: object) -> InFlight:
        """Return what counts the requests of this method, or of `OTHER` if it is no known one."""
        name = method if isinstance(method, str) and method in METHODS else OTHER
        found = self.methods.get(name)
        if found is None:
            found = self.methods[name] = InFlight(name, self._in_flight.labels(name))
        return found

    def record(self, endpoint: str, method: str, seconds: float, status: int, received: int, sent: int) -> _Bound:
        """Count a request that is over, and return what its sizes were recorded by."""
        self._record(endpoint, method, seconds, status)
        key = (endpoint, method)
        bound = self._bound.get(key)
        if bound is None:
            bound = (self._received.labels(endpoint, method), self._sent.labels(endpoint, method))
            if len(self._bound) < _KEPT:
                self._bound[key] = bound
        bound[0].observe(received)
        bound[1].observe(sent)
        return bound


def http_families(registry: CollectorRegistry) -> HttpFamilies:
    """Return the HTTP families of a registry, made when first asked for."""
    return once(registry, "http", HttpFamilies)

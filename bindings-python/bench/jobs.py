"""The jobs of the comparison: the same work, written as each library's users would write it.

A peer is given its cheapest way: bound methods in local variables, series that exist already.
"""

from __future__ import annotations

import math
import time
from types import ModuleType
from typing import Any

import opentelemetry.sdk.metrics as otel
import prometheus_client
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import tykmetrics
from timing import LIMIT, OTEL, OURS, PEER, Job, Runner, loop

LABELS = ["method", "endpoint", "status"]
VALUES = ("POST", "/api/chat/completions", "200")

# From below the first bucket to beyond the last, so that no place in the list of buckets is favoured.
OBSERVED = (0.003, 0.008, 0.02, 0.04, 0.09, 0.2, 0.7, 2.0, 6.0, 12.0)

REQUEST = ("/api/chat/completions", "POST", 0.245, 200, "openai", "gpt-4")
NAMED = "endpoint=endpoint, method=method, latency_seconds=latency, status_code=status, provider=provider, model=model"
REQUEST_NAMES = dict(zip(("endpoint", "method", "latency", "status", "provider", "model"), REQUEST, strict=True))

LIBRARIES: dict[str, ModuleType] = {OURS: tykmetrics, PEER: prometheus_client}


def registry_of(library: ModuleType) -> Any:
    """Make a registry of the library's own."""
    return getattr(library, "CollectorRegistry", None) or library.Registry


def made(library: ModuleType, kind: str, labels: tuple[str, ...] | list[str] = ()) -> Any:
    """Make a metric in a registry of its own."""
    return getattr(library, kind)("bench", "Help.", labels, registry=registry_of(library)())


def meter() -> Any:
    """Make a meter of OpenTelemetry with a reader, as an exporter has one."""
    return otel.MeterProvider(metric_readers=[InMemoryMetricReader()]).get_meter("bench")


# ---- bound -----------------------------------------------------------------------------------------------------------


def inc(library: ModuleType) -> Runner:
    return loop("inc()", inc=made(library, "Counter").inc)


def inc_amount(library: ModuleType) -> Runner:
    return loop("inc(2.5)", inc=made(library, "Counter").inc)


def observe(library: ModuleType) -> Runner:
    return loop([f"observe({value})" for value in OBSERVED], observe=made(library, "Histogram").observe)


def nothing() -> Runner:
    """Call a built-in function that does next to nothing, by the interpreter's fastest convention: its floor."""
    return loop("nothing()", nothing=math.gcd)


def nothing_of_one() -> Runner:
    """Call a built-in method that takes one argument, the floor of the interpreter for observe."""
    return loop([f"nothing({value})" for value in OBSERVED], nothing=().count)


# ---- by labels -------------------------------------------------------------------------------------------------------


def by_place(library: ModuleType) -> Runner:
    a, b, c = VALUES
    return loop("labels(a, b, c).inc()", labels=made(library, "Counter", LABELS).labels, a=a, b=b, c=c)


def by_name(library: ModuleType) -> Runner:
    a, b, c = VALUES
    call = "labels(method=a, endpoint=b, status=c).inc()"
    return loop(call, labels=made(library, "Counter", LABELS).labels, a=a, b=b, c=c)


def fresh(times: int) -> list[tuple[str, str, str]]:
    """Make texts that were never seen before, as a parser makes them: equal to others, and other objects."""
    a, b, c = (value.encode() for value in VALUES)
    return [(str(a, "ascii"), str(b, "ascii"), str(c, "ascii")) for _ in range(times)]


def by_fresh_texts(library: ModuleType) -> Runner:
    labels = made(library, "Counter", LABELS).labels

    def runner(times: int) -> float:
        # Bounded, since the texts are all there at once.
        texts = fresh(min(times, 200_000))
        begin = time.perf_counter()
        for a, b, c in texts:
            labels(a, b, c).inc()
        return (time.perf_counter() - begin) * times / len(texts)

    return runner


def otel_by_attributes() -> Runner:
    add, attributes = meter().create_counter("bench").add, dict(zip(LABELS, VALUES, strict=True))
    return loop("add(1, attributes)", add=add, attributes=attributes)


# ---- requests --------------------------------------------------------------------------------------------------------


class Gatewayz:
    """The families that a request of a gateway updates, kept with prometheus_client."""

    def __init__(self) -> None:
        registry = prometheus_client.CollectorRegistry()

        def counter(name: str, *labels: str) -> Any:
            return prometheus_client.Counter(name, "Help.", labels, registry=registry)

        def histogram(name: str, *labels: str) -> Any:
            return prometheus_client.Histogram(name, "Help.", labels, registry=registry)

        self.requests = counter("http_requests", "endpoint", "method")
        self.errors = counter("http_request_errors", "endpoint", "method")
        self.statuses = counter("http_response_status", "endpoint", "status")
        self.latency = histogram("http_request_latency_seconds", "endpoint")
        self.provider_requests = counter("provider_requests", "provider")
        self.provider_errors = counter("provider_errors", "provider")
        self.provider_latency = histogram("provider_latency_seconds", "provider")
        self.model_requests = counter("model_requests", "model")
        self.model_errors = counter("model_errors", "model")
        self.model_latency = histogram("model_latency_seconds", "model")

    def record_request(
        self,
        endpoint: str,
        method: str,
        latency_seconds: float,
        status_code: int,
        provider: str | None = None,
        model: str | None = None,
    ) -> None:
        failed = status_code >= 400
        self.requests.labels(endpoint, method).inc()
        self.statuses.labels(endpoint, status_code).inc()
        self.latency.labels(endpoint).observe(latency_seconds)
        if failed:
            self.errors.labels(endpoint, method).inc()
        if provider:
            self.provider_requests.labels(provider).inc()
            self.provider_latency.labels(provider).observe(latency_seconds)
            if failed:
                self.provider_errors.labels(provider).inc()
        if model:
            self.model_requests.labels(model).inc()
            self.model_latency.labels(model).observe(latency_seconds)
            if failed:
                self.model_errors.labels(model).inc()


def recorder(side: str) -> Any:
    """Give the side's function that records a request."""
    if side == PEER:
        return Gatewayz().record_request
    return tykmetrics.get_metrics_collector(tykmetrics.Registry()).record_request


def request_by_place(side: str) -> Runner:
    call = "record(endpoint, method, latency, status, provider, model)"
    return loop(call, record=recorder(side), **REQUEST_NAMES)


def request_by_name(side: str) -> Runner:
    return loop(f"record({NAMED})", record=recorder(side), **REQUEST_NAMES)


def tracked() -> Runner:
    @tykmetrics.track_request(endpoint="/api/chat", method="POST")
    def f() -> None:
        pass

    return loop("f()", f=f)


def tracked_by_peer() -> Runner:
    """Count, time, and count exceptions: with what prometheus_client has for each, on series that are bound already."""
    families = Gatewayz()
    requests = families.requests.labels("/api/chat", "POST")
    status = families.statuses.labels("/api/chat", "200")

    @families.latency.labels("/api/chat").time()
    @families.errors.labels("/api/chat", "POST").count_exceptions()
    def f() -> None:
        requests.inc()
        status.inc()

    return loop("f()", f=f)


def untracked() -> Runner:
    def f() -> None:
        pass

    return loop("f()", f=f)


def both(name: str, run: Any, **more: Any) -> Job:
    """Make a job that both libraries do in the same words."""
    contenders = {side: lambda library=library: run(library) for side, library in LIBRARIES.items()}
    return Job(name, {**contenders, **more})


def sides(name: str, run: Any, **more: Any) -> Job:
    """Make a job that each side does in its own words."""
    return Job(name, {**{side: lambda side=side: run(side) for side in LIBRARIES}, **more})


INC, OBSERVE = "counter, bound", "histogram, bound"
BY_PLACE, BY_NAME, BY_FRESH = "3 labels and inc", "3 labels by name and inc", "3 labels in fresh texts and inc"
REQUEST_BY_PLACE, REQUEST_BY_NAME = "record_request of six", "record_request of six by name"
TRACKED = "track_request around nothing"

JOBS = [
    both(INC, inc, **{OTEL: lambda: loop("add(1)", add=meter().create_counter("bench").add), LIMIT: nothing}),
    both("counter, bound, by 2.5", inc_amount),
    both(
        OBSERVE,
        observe,
        **{
            OTEL: lambda: loop([f"record({v})" for v in OBSERVED], record=meter().create_histogram("bench").record),
            LIMIT: nothing_of_one,
        },
    ),
    both(BY_PLACE, by_place, **{OTEL: otel_by_attributes}),
    both(BY_NAME, by_name),
    both(BY_FRESH, by_fresh_texts),
    sides(REQUEST_BY_PLACE, request_by_place),
    sides(REQUEST_BY_NAME, request_by_name),
    Job(TRACKED, {OURS: tracked, PEER: tracked_by_peer, LIMIT: untracked}),
]

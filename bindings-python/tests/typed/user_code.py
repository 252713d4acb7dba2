"""What a user writes, for mypy and pyright: the types are what this says, and decorated functions keep theirs.

It is checked and never run. `assert_type` fails where a checker sees another type.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from typing_extensions import assert_type

import tykmetrics
from tykmetrics import (
    REGISTRY,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    MetricsServer,
    Registry,
    Summary,
    get_metrics_collector,
    negotiate,
    record_request,
    render,
    start_http_server,
    track_block,
    track_request,
)

registry = Registry()
requests = Counter("requests", "Help.", ["method", "status"], registry=registry)
latency = Histogram("latency", "Help.", buckets=(0.1, 1, "+Inf"), registry=registry)
in_flight = Gauge("in_flight", "Help.", namespace="app", registry=None)
sizes = Summary("sizes", "Help.", labelnames=("a",), unit="bytes")
build = Info("build", "Help.")
state = Enum("state", "Help.", states=["on", "off"])

assert_type(requests, Counter)
assert_type(requests.labels("GET", 200), Counter)
assert_type(requests.labels(method="GET", status=200), Counter)
assert_type(requests.labels("GET", "200").inc(), None)
assert_type(requests.labels("GET", "200").inc(2, {"trace_id": "a"}), None)
assert_type(latency.observe(0.5), None)
assert_type(latency.observe(1, exemplar={"trace_id": "a"}), None)
assert_type(in_flight.set(1), None)
assert_type(sizes.labels("x").observe(2), None)
assert_type(build.info({"version": "1"}), None)
assert_type(state.state("on"), None)
assert_type(REGISTRY.get_sample_value("requests_total", {"method": "GET"}), float | None)
assert_type(render(), bytes)
assert_type(render("openmetrics", registry=registry), bytes)
assert_type(negotiate("text/plain"), tuple[str, str])
assert_type(tykmetrics.__version__, str)


@latency.time()
@requests.labels("GET", "500").count_exceptions(ValueError)
@in_flight.track_inprogress()
def decorated(a: int, *, b: str = "x") -> list[str]:
    return [b] * a


assert_type(decorated(1, b="y"), list[str])


@track_request(endpoint="/chat", method="POST", provider="openai", model="gpt-4")
def plain(a: int, b: str = "x") -> bool:
    return bool(a) and bool(b)


@track_request(endpoint="/chat")
async def coroutine(a: int) -> str:
    return str(a)


@track_request(endpoint="/chat")
def generator(a: int) -> Iterator[int]:
    yield a


@track_request(endpoint="/chat")
async def async_generator(a: int) -> AsyncIterator[int]:
    yield a


class Service:
    """Methods of every sort."""

    @track_request(endpoint="/method")
    def method(self, a: int) -> int:
        return a

    @classmethod
    @track_request(endpoint="/class")
    def made(cls, a: int) -> Service:
        return cls()


assert_type(plain(1, b="y"), bool)
assert_type(generator(1), Iterator[int])
assert_type(async_generator(1), AsyncIterator[int])
assert_type(Service().method(1), int)
assert_type(Service.made(1), Service)


async def main() -> None:
    assert_type(await coroutine(1), str)
    async for n in async_generator(1):
        assert_type(n, int)


taken: Callable[[int], Awaitable[str]] = coroutine

assert_type(record_request("/chat", "POST", 0.2, 200), None)
assert_type(record_request(endpoint="/chat", method="POST", latency_seconds=0.2, status_code=200, provider="p"), None)
collector = get_metrics_collector()
assert_type(collector.record_cache_hit(), None)
assert_type(collector.record_db_query(latency_seconds=0.1), None)
assert_type(collector.record_external_api_call(service="s", error=True), None)

with track_block("block"):
    pass

with start_http_server(
    0,
    "::1",
    registry,
    certfile=Path("server.pem"),
    keyfile="server.key",
    basic_auth=("name", "password"),
    limits={"connections": 10, "scrape_timeout": timedelta(seconds=3)},
    config={"hygiene": {"enabled": True, "keep": ["email"]}, "routes.page": False},
) as server:
    assert_type(server, MetricsServer)
    assert_type(server.port, int)
    assert_type(server.url, str)
    assert_type(server.closed, bool)
    assert_type(server.close(), None)

with latency.time() as timer:
    assert_type(timer.labels("x"), None)


class Mine(Counter):
    """A subclass, whose children are of its own class."""

    def twice(self) -> None:
        self.inc(2)


Mine("mine", "Help.", ["a"]).labels("x").twice()

# What must not pass. A checker that takes one of these finds its comment unused, which is an error too.
requests.inc("1")  # type: ignore[arg-type]
latency.observe(None)  # type: ignore[arg-type]
Counter("c")  # type: ignore[call-arg]
Counter("c", "Help.", labels=["a"])  # type: ignore[call-arg]
plain("1")  # type: ignore[arg-type]
taken_wrongly: Callable[[str], Awaitable[str]] = coroutine  # type: ignore[assignment]
record_request("/chat", "POST", "0.2", 200)  # type: ignore[arg-type]
render(registry=3)  # type: ignore[arg-type]
start_http_server(basic_auth="name:password")  # type: ignore[arg-type]
start_http_server(client_capath="/etc")  # type: ignore[call-arg]


def anything() -> Any:
    return registry

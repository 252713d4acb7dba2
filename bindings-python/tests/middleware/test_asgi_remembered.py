"""What the ASGI middleware remembers of a route gives every request the endpoint that looking it up anew would."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import UserDict, defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

import pytest
from fastapi import APIRouter, FastAPI
from reading import idle, requests, samples, statuses
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from tykmetrics import Registry
from tykmetrics.middleware.asgi import MetricsMiddleware

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello", 200 if request.method == "GET" else 201)


def ask(app: Any, path: str, method: str = "GET", **scope: Any) -> list[Message]:
    """Send one request by hand, with a scope that no server makes on demand."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"abc", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    whole = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        **scope,
    }
    asyncio.run(app(whole, receive, send))
    return sent


def test_one_router_in_two_places(metrics_registry: Registry) -> None:
    router = APIRouter()

    @router.get("/items/{item}")
    async def item(item: int) -> int:
        return item

    app = FastAPI()
    app.include_router(router, prefix="/v1")
    app.include_router(router, prefix="/v2")
    app.mount("/inner", app)
    measured = MetricsMiddleware(app, registry=metrics_registry)
    for _ in range(3):
        for path in ("/v1/items/1", "/v2/items/1", "/inner/v1/items/1", "/v1/items/x"):
            ask(measured, path)
    assert requests(metrics_registry) == {
        ("/v1/items/{item}", "GET"): 6,
        ("/v2/items/{item}", "GET"): 3,
        ("/inner/v1/items/{item}", "GET"): 3,
    }
    assert statuses(metrics_registry)["/v1/items/{item}", "422"] == 3


def test_one_route_by_two_methods_and_statuses(metrics_registry: Registry) -> None:
    app = MetricsMiddleware(Starlette(routes=[Route("/x", hello, methods=["GET", "PUT"])]), registry=metrics_registry)
    for _ in range(3):
        for method in ("GET", "PUT", "DELETE"):
            ask(app, "/x", method)
    assert requests(metrics_registry) == {("/x", "GET"): 3, ("/x", "PUT"): 3, ("/x", "DELETE"): 3}
    assert statuses(metrics_registry) == {("/x", "200"): 3, ("/x", "201"): 3, ("/x", "405"): 3}
    assert samples(metrics_registry, "http_response_size_bytes_sum")["/x", "GET"] == 15
    assert idle(metrics_registry)


def test_one_route_under_two_root_paths(metrics_registry: Registry) -> None:
    app = MetricsMiddleware(Starlette(routes=[Mount("/m", routes=[Route("/x", hello)])]), registry=metrics_registry)
    for _ in range(3):
        for root in ("/a", "/b"):
            ask(app, f"{root}/m/x", root_path=root)
        ask(app, "/m/x")
    assert requests(metrics_registry) == {("/a/m/x", "GET"): 3, ("/b/m/x", "GET"): 3, ("/m/x", "GET"): 3}


def test_what_a_function_names_is_asked_every_time(metrics_registry: Registry) -> None:
    named = iter(["one", None, "two", None])
    app = MetricsMiddleware(
        Starlette(routes=[Route("/x", hello)]), registry=metrics_registry, endpoint=lambda scope: next(named)
    )
    for _ in range(4):
        ask(app, "/x")
    assert requests(metrics_registry) == {("one", "GET"): 1, ("two", "GET"): 1, ("/x", "GET"): 2}


def test_scopes_and_messages_that_are_mappings_of_another_kind(metrics_registry: Registry) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = Named()
        await receive()
        await send(UserDict(type="http.response.start", status=204, headers=[]))
        await send(UserDict(type="http.response.body", body=b"12"))

    measured = MetricsMiddleware(app, registry=metrics_registry)

    async def receive() -> Message:
        return UserDict(type="http.request", body=b"abc")

    async def send(message: Message) -> None:
        pass

    for _ in range(2):
        asyncio.run(measured(UserDict(type="http", method="GET", path="/p", app=None), receive, send))
    assert requests(metrics_registry) == {("/named", "GET"): 2}
    assert samples(metrics_registry, "http_request_size_bytes_sum") == {("/named", "GET"): 6}
    assert samples(metrics_registry, "http_response_size_bytes_sum") == {("/named", "GET"): 4}


class Named:
    path = "/named"


ROUTE = Named()


def answering(*messages: Message, **scope: Any) -> Any:
    """Make an application that writes into its scope and sends messages."""

    async def app(own: Scope, receive: Receive, send: Send) -> None:
        own.update(scope)
        for message in messages or (START, END):
            await send(message)

    return app


START: Message = {"type": "http.response.start", "status": 200, "headers": []}
END: Message = {"type": "http.response.body"}


@pytest.mark.parametrize(
    ("fastapi", "endpoint", "faults"),
    [(None, "/named", 0), ([], "/named", 0), (object(), "unmatched", 3), ("x", "unmatched", 3)],
)
def test_a_lookup_that_fails_costs_no_record(
    fastapi: Any, endpoint: str, faults: int, metrics_registry: Registry
) -> None:
    app = MetricsMiddleware(answering(route=ROUTE, fastapi=fastapi), registry=metrics_registry)
    for _ in range(3):
        ask(app, "/p")
    assert requests(metrics_registry) == {(endpoint, "GET"): 3}
    assert samples(metrics_registry, "tykmetrics_instrumentation_errors_total").get(("asgi",), 0) == faults


def test_no_route_is_none_that_could_be_remembered(metrics_registry: Registry) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope.update(route=None, path_template=scope["path"])
        await answering()(scope, receive, send)

    measured = MetricsMiddleware(app, registry=metrics_registry)
    for path in ("/a", "/b", "/a"):
        ask(measured, path)
    assert requests(metrics_registry) == {("/a", "GET"): 2, ("/b", "GET"): 1}


@pytest.mark.parametrize(
    ("messages", "status", "sent", "faults"),
    [
        ([START, {"type": "http.response.body", "body": None}], "200", 0, 0),
        ([START, {"type": "http.response.body", "body": 5}], "200", 0, 1),
        ([START, {"type": "http.response.zerocopysend", "file": 1, "count": 5.0}], "200", 5, 0),
        ([START, {"type": "http.response.zerocopysend", "file": 1, "count": -1}], "200", 0, 0),
        ([START, {"type": "http.response.pathsend", "path": "/x", "more_body": True}], "200", 0, 0),
        ([{**START, "status": "200"}, END], "500", 0, 1),
        ([{**START, "status": 2**70}, END], "500", 0, 1),
        ([{"type": 7}, START, END], "200", 0, 0),
        ([START, {"type": "http.response.debug", "info": {}}, END], "200", 0, 0),
    ],
)
def test_what_cannot_be_read_costs_nothing_else(
    messages: list[Message], status: str, sent: int, faults: int, metrics_registry: Registry
) -> None:
    app = MetricsMiddleware(answering(*messages, route=ROUTE), registry=metrics_registry)
    for _ in range(2):
        assert ask(app, "/p") == messages
    assert statuses(metrics_registry) == {("/named", status): 2}
    assert samples(metrics_registry, "http_response_size_bytes_sum") == {("/named", "GET"): 2 * sent}
    assert samples(metrics_registry, "tykmetrics_instrumentation_errors_total").get(("asgi",), 0) == 2 * faults
    assert idle(metrics_registry)


def test_dictionaries_that_make_what_they_have_not_pass_as_they_are(metrics_registry: Registry) -> None:
    last = defaultdict(lambda: True, type="http.response.body")
    scope = defaultdict(lambda: "made", type="http", method="GET", path="/p")
    app = MetricsMiddleware(answering(START, last), registry=metrics_registry)
    asyncio.run(app(scope, nothing, nothing))
    assert set(scope) == {"type", "method", "path"}
    assert dict(last) == {"type": "http.response.body"}
    assert statuses(metrics_registry) == {("unmatched", "200"): 1}


def test_a_value_of_a_route_is_not_taken_for_one_of_the_root_path(metrics_registry: Registry) -> None:
    app = MetricsMiddleware(Starlette(routes=[Route("/{x}", hello)]), registry=metrics_registry)
    for value in ("v1", "v2"):
        ask(app, f"/api/v1/{value}", root_path="/api/v1")
    assert requests(metrics_registry) == {("/api/v1/{x}", "GET"): 2}


@pytest.mark.parametrize("patched", ["from the middle on", "to the middle"])
def test_a_clock_that_is_patched_while_a_request_is_served(
    patched: str, metrics_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = time.perf_counter

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        monkeypatch.setattr(time, "perf_counter", own if patched == "to the middle" else lambda: own())
        await answering()(scope, receive, send)

    if patched == "to the middle":
        monkeypatch.setattr(time, "perf_counter", lambda: own())
    begun = own()
    ask(MetricsMiddleware(app, registry=metrics_registry), "/p")
    (seconds,) = samples(metrics_registry, "http_request_latency_seconds_sum").values()
    assert 0 < seconds <= own() - begun


async def nothing(*_: Any) -> Any:
    return None


class Payload:
    """What a test counts."""


def alive() -> int:
    """Count the payloads; a weak reference would be cleared for those that cannot be freed, too."""
    gc.collect()
    return sum(type(found) is Payload for found in gc.get_objects())


@pytest.mark.parametrize("by", ["nobody", "the scope", "the route", "a route that cannot be changed"])
def test_what_is_over_is_let_go_of(by: str, metrics_registry: Registry) -> None:
    class Fixed(NamedTuple):
        path: str
        held: object

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["payload"] = Payload()
        held = (receive, send, scope, scope["payload"])
        if by == "the scope":
            scope["circle"] = held
        if by == "the route":
            scope["route"] = Named()
            scope["route"].held = held
        if by == "a route that cannot be changed":
            scope["route"] = Fixed("/named", held)
        await send(START)
        await send(END)

    before = alive()
    for _ in range(5):
        asyncio.run(MetricsMiddleware(app, registry=metrics_registry)({**HTTP}, nothing, nothing))
    assert alive() == before


HTTP = {"type": "http", "method": "GET", "path": "/p"}


def test_paths_without_routes_do_not_add_up(metrics_registry: Registry) -> None:
    """An application that makes a route for each request has each looked up, and memory stays what it is."""

    class Made:
        path = "/made"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = Made()
        await send(START)
        await send(END)

    async def many(requests: int) -> None:
        for _ in range(requests):
            await measured({**HTTP}, nothing, nothing)

    measured = MetricsMiddleware(app, registry=metrics_registry)
    asyncio.run(many(12_000))
    # As the cache of Python and the native one hold the same.
    assert sum(type(found) is Made for found in gc.get_objects()) <= 10_000
    assert requests(metrics_registry) == {("/made", "GET"): 12_000}

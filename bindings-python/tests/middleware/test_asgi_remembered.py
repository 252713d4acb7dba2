"""What the ASGI middleware remembers of a route gives every request the endpoint that looking it up anew would."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections import UserDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

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
    route = object()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = Named()
        await receive()
        await send(UserDict(type="http.response.start", status=204, headers=[]))
        await send(UserDict(type="http.response.body", body=b"12"))

    class Named:
        path = "/named"

    measured = MetricsMiddleware(app, registry=metrics_registry)

    async def receive() -> Message:
        return UserDict(type="http.request", body=b"abc")

    async def send(message: Message) -> None:
        pass

    for _ in range(2):
        asyncio.run(measured(UserDict(type="http", method="GET", path="/p", app=route), receive, send))
    assert requests(metrics_registry) == {("/named", "GET"): 2}
    assert samples(metrics_registry, "http_request_size_bytes_sum") == {("/named", "GET"): 6}
    assert samples(metrics_registry, "http_response_size_bytes_sum") == {("/named", "GET"): 4}


@pytest.mark.parametrize("kept", ["by nobody", "by the scope"])
def test_a_request_that_is_over_is_let_go_of(kept: str, metrics_registry: Registry) -> None:
    class Scoped(dict):  # type: ignore[type-arg]
        pass

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if kept == "by the scope":
            scope["circle"] = (receive, send, scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def nothing(*_: Any) -> Any:
        return None

    measured = MetricsMiddleware(app, registry=metrics_registry)
    scope = Scoped(type="http", method="GET", path="/p")
    gone = weakref.ref(scope)
    asyncio.run(measured(scope, nothing, nothing))
    del scope
    if kept == "by the scope":
        gc.collect()
    assert gone() is None


def test_middleware_that_is_let_go_of_lets_its_routes_go(metrics_registry: Registry) -> None:
    route = Route("/x", hello)
    inner = Starlette(routes=[route])
    app: Any = MetricsMiddleware(inner, registry=metrics_registry)
    # A circle through what the middleware remembers.
    route.middleware = app  # type: ignore[attr-defined]
    for _ in range(3):
        ask(app, "/x")
    gone = weakref.ref(route)
    del route, inner, app
    gc.collect()
    assert gone() is None


def test_paths_without_routes_do_not_add_up(metrics_registry: Registry) -> None:
    """An application that makes a route for each request has each looked up, and memory stays what it is."""

    class Made:
        path = "/made"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = Made()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def nothing(*_: Any) -> Any:
        return None

    async def many(requests: int) -> None:
        for _ in range(requests):
            await measured({"type": "http", "method": "GET", "path": "/p"}, nothing, nothing)

    measured = MetricsMiddleware(app, registry=metrics_registry)
    asyncio.run(many(12_000))
    alive = sum(isinstance(found, Made) for found in gc.get_objects())
    assert alive <= 10_000
    assert requests(metrics_registry) == {("/made", "GET"): 12_000}

"""The ASGI middleware around Starlette, Litestar, Quart and plain applications, and what it does with bad ones."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx
import pytest
from reading import idle, requests, samples, statuses
from servers import connect, serving_asgi
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse
from starlette.routing import Host, Mount, Route

from tykmetrics import Registry
from tykmetrics.middleware.asgi import MetricsMiddleware
from tykmetrics.testing import sample_value

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


class Passing(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Any:
        return await call_next(request)


ROUTES = [
    Route("/", hello),
    Route("/users/{user:int}", hello, methods=["GET", "POST"]),
    Route("/same/{a}", hello),
    Mount("/m", routes=[Route("/x/{x}", hello), Mount("/{deep}", routes=[Route("/y", hello)])]),
    Host("{who}.example.org", Starlette(routes=[Route("/hosted/{h}", hello)])),
]


@pytest.mark.parametrize("place", ["inside", "around", "between"])
def test_starlette(place: str, metrics_registry: Registry, eventually: Any) -> None:
    ours = Middleware(MetricsMiddleware, registry=metrics_registry)
    app: Any = Starlette(routes=ROUTES, middleware=[ours] if place == "inside" else [])
    if place == "around":
        app = MetricsMiddleware(app, registry=metrics_registry)
    if place == "between":
        app = Starlette(routes=ROUTES, middleware=[Middleware(Passing), ours, Middleware(Passing)])
    with serving_asgi(app) as address, httpx.Client(base_url=f"http://{address}") as client:
        # What is found once is remembered.
        for _ in range(3):
            for path in ("/", "/users/1", "/users/2", "/users/x", "/same/1", "/m/x/5", "/m/q/y", "/m/none", "/none/1"):
                client.get(path)
            client.delete("/users/3")
            client.get("/hosted/1", headers={"Host": "me.example.org"})
    eventually(lambda: sum(requests(metrics_registry).values()) == 33)
    assert requests(metrics_registry) == {
        ("/", "GET"): 3,
        ("/users/{user:int}", "GET"): 6,
        ("/users/{user:int}", "DELETE"): 3,
        ("/same/{a}", "GET"): 3,
        ("/m/x/{x}", "GET"): 3,
        ("/m/{deep}/y", "GET"): 3,
        ("/hosted/{h}", "GET"): 3,
        ("unmatched", "GET"): 9,
    }
    assert statuses(metrics_registry)["/users/{user:int}", "405"] == 3
    assert idle(metrics_registry)


def test_inside_a_mounted_application(metrics_registry: Registry) -> None:
    inner = Starlette(
        routes=[Route("/x/{x}", hello)], middleware=[Middleware(MetricsMiddleware, registry=metrics_registry)]
    )
    app = Starlette(routes=[Mount("/tenants/{tenant}", inner)])
    with serving_asgi(app) as address:
        for tenant in range(3):
            assert httpx.get(f"http://{address}/tenants/t{tenant}/x/1").status_code == 200
    assert requests(metrics_registry) == {("/tenants/{tenant}/x/{x}", "GET"): 3}


def test_routers_that_only_tell_the_endpoint(metrics_registry: Registry) -> None:
    """Starlette before 1.0 has no `route` in its scope."""
    app = Starlette(routes=ROUTES)

    async def forgetful(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        finally:
            scope.pop("route", None)

    forgetful.routes = app.routes  # type: ignore[attr-defined]
    with serving_asgi(MetricsMiddleware(forgetful, registry=metrics_registry)) as address:
        for path in ("/users/1", "/same/2", "/m/x/5", "/none"):
            httpx.get(f"http://{address}{path}")
    assert requests(metrics_registry) == {
        ("/users/{user:int}", "GET"): 1,
        ("/same/{a}", "GET"): 1,
        ("/m/x/{x}", "GET"): 1,
        ("unmatched", "GET"): 1,
    }


def test_a_root_path_of_the_clients_making_is_left_out_in_the_end(metrics_registry: Registry) -> None:
    app = Starlette(routes=[Route("/x/{x}", hello)])

    async def prefixed(scope: Scope, receive: Receive, send: Send) -> None:
        prefix = dict(scope["headers"]).get(b"x-prefix", b"").decode()
        await middleware({**scope, "root_path": prefix, "path": prefix + scope["path"]}, receive, send)

    middleware = MetricsMiddleware(app, registry=metrics_registry)
    prefixed.lifespan = None  # type: ignore[attr-defined]
    with serving_asgi(prefixed, lifespan="off") as address, httpx.Client(base_url=f"http://{address}") as client:
        for number in range(40):
            assert client.get("/x/1", headers={"x-prefix": f"/p{number}"}).status_code == 200
    found = requests(metrics_registry)
    assert len(found) == 17
    assert found["/x/{x}", "GET"] == 24


def test_litestar(metrics_registry: Registry, eventually: Any) -> None:
    from litestar import Litestar, Router, get
    from litestar.middleware import DefineMiddleware

    @get("/items/{item:int}")
    async def item() -> int:
        return 1

    app = Litestar(
        [item, Router("/api", route_handlers=[item])],
        middleware=[DefineMiddleware(MetricsMiddleware, registry=metrics_registry)],
    )
    around = Litestar([item])
    with serving_asgi(app) as address:
        for path in ("/items/1", "/items/2", "/api/items/3"):
            assert httpx.get(f"http://{address}{path}").status_code == 200
    with serving_asgi(MetricsMiddleware(around, registry=metrics_registry)) as address:
        for path in ("/items/1", "/items/x", "/none/5"):
            httpx.get(f"http://{address}{path}")
    assert requests(metrics_registry) == {
        ("/items/{item}", "GET"): 3,
        ("/api/items/{item}", "GET"): 1,
        ("unmatched", "GET"): 2,
    }


def test_quart(metrics_registry: Registry) -> None:
    from quart import Quart, websocket
    from websockets.sync.client import connect as open_websocket

    app = Quart(__name__)

    @app.get("/items/<int:item>")
    async def item(item: int) -> str:
        return str(item)

    @app.websocket("/ws/<room>")
    async def ws(room: str) -> None:
        await websocket.send(room)

    app.asgi_app = MetricsMiddleware(app.asgi_app, registry=metrics_registry)  # type: ignore[method-assign]
    with serving_asgi(app) as address:
        for path in ("/items/1", "/items/2", "/items/x", "/none"):
            httpx.get(f"http://{address}{path}")
        with open_websocket(f"ws://{address}/ws/a") as connection:
            assert connection.recv() == "a"
    assert requests(metrics_registry) == {
        ("/items/<int:item>", "GET"): 2,
        ("unmatched", "GET"): 2,
        ("/ws/<room>", "WEBSOCKET"): 1,
    }


async def answer(send: Send, status: int = 200, body: bytes = b"", more: bool = False) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body, "more_body": more})


def test_a_plain_application_is_named_by_a_function(metrics_registry: Registry) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await answer(send, 404 if "none" in scope["path"] else 200)

    def name(scope: Scope) -> str | None:
        return "/shop/*" if scope["path"].startswith("/shop/") else None

    ours = MetricsMiddleware(app, registry=metrics_registry, endpoint=name, unmatched="?", skip=["/up"])
    with serving_asgi(ours, lifespan="off") as address:
        for path in ("/shop/1", "/shop/none", "/none", "/up"):
            httpx.get(f"http://{address}{path}")
    assert statuses(metrics_registry) == {("/shop/*", "200"): 1, ("/shop/*", "404"): 1, ("?", "404"): 1}


def test_the_lifespan_passes(metrics_registry: Registry) -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                seen.append((await receive())["type"])
                await send({"type": f"lifespan.{step}.complete"})
        else:
            await answer(send)

    with serving_asgi(MetricsMiddleware(app, registry=metrics_registry), lifespan="on") as address:
        httpx.get(f"http://{address}/")
    assert seen == ["lifespan.startup", "lifespan.shutdown"]
    assert sum(requests(metrics_registry).values()) == 1


def test_a_client_makes_no_status_by_the_code_it_closes_with(metrics_registry: Registry, eventually: Any) -> None:
    from websockets.sync.client import connect as open_websocket

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        if message["type"] == "websocket.receive":
            await send({"type": "websocket.close", "code": int(message["text"])})

    codes = [1000, 1011, 1014, *range(3000, 3020), 3999, *range(4000, 4020), 4999]
    with serving_asgi(MetricsMiddleware(app, registry=metrics_registry), lifespan="off") as address:
        for code in codes:
            with open_websocket(f"ws://{address}/") as websocket:
                websocket.close(code)
        for code in (4001, 4002, 3003):
            with open_websocket(f"ws://{address}/") as websocket:
                websocket.send(str(code))
        eventually(lambda: sum(requests(metrics_registry).values()) == len(codes) + 3)
    assert statuses(metrics_registry) == {
        ("unmatched", "101"): 1,
        ("unmatched", "1011"): 1,
        ("unmatched", "1014"): 1,
        ("unmatched", "3000"): 21,
        ("unmatched", "4000"): 21,
        # The application's own are told apart.
        ("unmatched", "3003"): 1,
        ("unmatched", "4001"): 1,
        ("unmatched", "4002"): 1,
    }


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (None, 101),
        (1005, 101),
        (1015, 1015),
        (3999, 3000),
        *((odd, 1002) for odd in (0, 999, 1016, 2999, 5000, "4000")),
    ],
)
def test_codes_that_no_client_may_send_are_one(code: Any, status: int, metrics_registry: Registry) -> None:
    waiting: list[Message] = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": code}]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None: ...

    asyncio.run(MetricsMiddleware(app, registry=metrics_registry)({"type": "websocket", "path": "/"}, receive, send))
    assert statuses(metrics_registry) == {("unmatched", str(status)): 1}


def run(
    app: Any, registry: Registry, *, incoming: list[Message] | None = None, fail: BaseException | None = None
) -> list[Message]:
    """Run one request through the middleware by hand, for what no server does on demand."""
    sent: list[Message] = []
    waiting = [{"type": "http.request", "body": b"", "more_body": False}] if incoming is None else incoming

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)
        if fail is not None and message["type"] == "http.response.body":
            raise fail

    scope = {"type": "http", "method": "GET", "path": "/p", "headers": []}
    asyncio.run(MetricsMiddleware(app, registry=registry)(scope, receive, send))
    return sent


def test_an_application_that_answers_nothing_or_not_all_counts_as_500(metrics_registry: Registry) -> None:
    async def nothing(scope: Scope, receive: Receive, send: Send) -> None: ...

    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 200, b"x", more=True)

    run(nothing, metrics_registry)
    run(half, metrics_registry)
    assert statuses(metrics_registry) == {("unmatched", "500"): 2}
    assert idle(metrics_registry)


def test_exceptions_pass_and_count_as_500_whatever_was_sent_before(metrics_registry: Registry) -> None:
    error = ZeroDivisionError()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 200, b"x", more=True)
        raise error

    with pytest.raises(ZeroDivisionError) as caught:
        run(app, metrics_registry)
    assert caught.value is error
    assert error.__context__ is None
    assert statuses(metrics_registry) == {("unmatched", "500"): 1}


def test_what_a_background_task_raises_after_the_response_changes_nothing(metrics_registry: Registry) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 202)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(app, metrics_registry)
    assert statuses(metrics_registry) == {("unmatched", "202"): 1}
    assert idle(metrics_registry)


@pytest.mark.parametrize("how", ["told", "refused", "cancelled"])
def test_clients_that_are_gone_count_as_499(how: str, metrics_registry: Registry) -> None:
    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await answer(send, 200, b"x")

    async def refused(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 200, b"x")

    async def cancelled(scope: Scope, receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError

    if how == "told":
        run(told, metrics_registry, incoming=[{"type": "http.disconnect"}])
    elif how == "refused":
        with pytest.raises(OSError, match="gone"):
            run(refused, metrics_registry, fail=OSError("gone"))
    else:
        with pytest.raises(asyncio.CancelledError):
            run(cancelled, metrics_registry)
    assert statuses(metrics_registry) == {("unmatched", "499"): 1}
    assert idle(metrics_registry)


def test_a_disconnect_after_the_last_byte_is_no_loss(metrics_registry: Registry) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 200, b"x")
        assert (await receive())["type"] == "http.disconnect"

    run(app, metrics_registry, incoming=[{"type": "http.disconnect"}])
    assert statuses(metrics_registry) == {("unmatched", "200"): 1}


def test_a_server_that_tells_of_the_end_while_it_sends_the_last_byte(metrics_registry: Registry) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        listening = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        await answer(send, 200, b"x")
        await listening

    sending, told = asyncio.Event(), asyncio.Event()

    async def receive() -> Message:
        await sending.wait()
        told.set()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            sending.set()
            await told.wait()
            await asyncio.sleep(0.01)

    ours = MetricsMiddleware(app, registry=metrics_registry)
    asyncio.run(ours({"type": "http", "method": "GET", "path": "/"}, receive, send))
    assert statuses(metrics_registry) == {("unmatched", "200"): 1}


def test_messages_pass_as_they_are(metrics_registry: Registry, tmp_path: Any) -> None:
    messages: list[Message] = [
        {"type": "http.response.start", "status": 200, "headers": [], "trailers": True, "odd": object()},
        {"type": "http.response.zerocopysend", "file": 3, "count": 10, "more_body": True},
        {"type": "http.response.push", "path": "/x", "headers": []},
        {"type": "http.response.pathsend", "path": "/etc/hostname"},
        {"type": "http.response.trailers", "headers": []},
        {"type": "unheard.of"},
    ]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    sent = run(app, metrics_registry)
    assert all(one is other for one, other in zip(sent, messages, strict=True))
    assert statuses(metrics_registry) == {("unmatched", "200"): 1}
    assert samples(metrics_registry, "http_response_size_bytes_sum") == {("unmatched", "GET"): 10}


def test_files_are_sent_in_whole(metrics_registry: Registry, tmp_path: Any, eventually: Any) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"f" * 300_000)

    async def download(request: Request) -> FileResponse:
        return FileResponse(file)

    app = Starlette(routes=[Route("/file", download)])
    with serving_asgi(MetricsMiddleware(app, registry=metrics_registry)) as address:
        assert httpx.get(f"http://{address}/file").content == b"f" * 300_000
        assert len(httpx.head(f"http://{address}/file").content) == 0
    eventually(lambda: sum(requests(metrics_registry).values()) == 2)
    assert samples(metrics_registry, "http_response_size_bytes_sum")["/file", "GET"] == 300_000


def test_our_failures_break_nothing_and_are_counted_and_logged_once(
    metrics_registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 200, b"fine")

    def name(scope: Scope) -> str:
        raise LookupError("no name")

    ours = MetricsMiddleware(app, registry=metrics_registry, endpoint=name)
    with caplog.at_level(logging.ERROR, "tykmetrics"), serving_asgi(ours, lifespan="off") as address:
        for _ in range(3):
            assert httpx.get(f"http://{address}/").content == b"fine"
    assert sample_value("tykmetrics_instrumentation_errors_total", {"where": "asgi"}, metrics_registry) == 3
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [LookupError]
    # The name is lost, and the request is not.
    assert statuses(metrics_registry) == {("unmatched", "200"): 3}
    assert samples(metrics_registry, "http_response_size_bytes_sum") == {("unmatched", "GET"): 12}
    assert idle(metrics_registry)


def test_what_servers_and_applications_must_not_say_reaches_the_other_side(metrics_registry: Registry) -> None:
    odd: list[Message] = [{}, {"type": "http.response.start"}, {"type": "http.response.body", "body": None}]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert await receive() == {}
        for message in odd:
            await send(message)

    sent: list[Message] = []

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        sent.append(message)

    ours = MetricsMiddleware(app, registry=metrics_registry)
    asyncio.run(ours({"type": "http", "method": "GET", "path": "/"}, receive, send))
    assert sent == odd
    asyncio.run(ours({"type": "http"}, receive, send))
    assert sent == odd * 2


def test_a_client_that_leaves_before_it_sent_its_body(metrics_registry: Registry, eventually: Any) -> None:
    async def upload(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    app = Starlette(routes=[Route("/upload", upload, methods=["POST"])])
    with serving_asgi(MetricsMiddleware(app, registry=metrics_registry)) as address:
        with connect(address) as connection:
            connection.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
        eventually(lambda: statuses(metrics_registry) == {("/upload", "499"): 1})
    assert idle(metrics_registry)

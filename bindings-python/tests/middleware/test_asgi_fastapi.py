"""The ASGI middleware around FastAPI, served by uvicorn over a socket."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import AsyncIterator, Iterator
from typing import Any

import fastapi
import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from reading import idle, requests, samples, statuses
from servers import connect, exchange, serving_asgi
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as open_websocket

from tykmetrics import Registry, track_request
from tykmetrics.middleware.asgi import MetricsMiddleware
from tykmetrics.testing import sample_value


class Gates:
    """What tests hold requests back with."""

    def __init__(self) -> None:
        self.background = asyncio.Event()
        self.entered = asyncio.Event()
        self.hold = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    def release(self, event: asyncio.Event) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(event.set)


def make(registry: Registry, gates: Gates, folder: Any) -> FastAPI:
    app = FastAPI()
    app.add_middleware(MetricsMiddleware, registry=registry)

    @app.get("/items/{item_id}")
    async def item(item_id: int) -> dict[str, int]:
        return {"id": item_id}

    @app.post("/items")
    async def create(request: Request) -> PlainTextResponse:
        return PlainTextResponse(b"x" * len(await request.body()), status_code=201)

    @app.get("/missing/{x}")
    async def missing(x: str) -> None:
        raise HTTPException(404, x)

    @app.get("/fails")
    async def fails() -> None:
        raise RuntimeError("on purpose")

    @app.get("/stream/{n}")
    async def stream(n: int) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            for _ in range(n):
                yield b"y" * 1000

        return StreamingResponse(body())

    @app.get("/endless")
    async def endless() -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            while True:
                yield b"z" * 10
                await asyncio.sleep(0.001)

        return StreamingResponse(body())

    @app.get("/held")
    async def held() -> str:
        gates.loop = asyncio.get_running_loop()
        gates.entered.set()
        await gates.hold.wait()
        return "held"

    @app.get("/background")
    async def background(tasks: BackgroundTasks) -> str:
        gates.loop = asyncio.get_running_loop()
        tasks.add_task(gates.background.wait)
        return "later"

    router = fastapi.APIRouter(prefix="/v1")
    nested = fastapi.APIRouter()

    @nested.get("/users/{user}/posts/{post}")
    async def post(user: str, post: str) -> str:
        return user + post

    @nested.get("")
    async def root() -> str:
        return "root"

    router.include_router(nested, prefix="/deep")
    app.include_router(router)

    sub = FastAPI()

    @sub.get("/things/{thing}")
    async def thing(thing: str) -> str:
        return thing

    sub.include_router(nested, prefix="/nested")
    app.mount("/sub", sub)
    tenant = FastAPI()
    tenant.mount("/inner", sub)
    app.mount("/tenants/{tenant}", tenant)
    app.mount("/static", StaticFiles(directory=folder))

    @app.websocket("/ws/{room}")
    async def ws(websocket: WebSocket, room: str) -> None:
        if room == "refused":
            await websocket.close()
            return
        await websocket.accept()
        if room == "fails":
            raise RuntimeError("on purpose")
        if room == "code":
            await websocket.close(4001)
            return
        async for text in websocket.iter_text():
            await websocket.send_text(text)
            await websocket.send_text(text)
            if text == "bye":
                await websocket.close()
                return

    @app.get("/metrics")
    async def metrics() -> str:
        return "not counted"

    def number(request: Request, n: int = 0) -> int:
        return n + int(request.query_params.get("m", 0))

    depends = Depends(track_request("dependency", "DI", registry=registry)(number))

    @app.get("/tracked")
    @track_request("tracked", "DI", registry=registry)
    async def tracked(number: int = depends) -> int:
        return number

    return app


@pytest.fixture
def gates() -> Gates:
    return Gates()


@pytest.fixture
def address(metrics_registry: Registry, gates: Gates, tmp_path: Any) -> Iterator[str]:
    (tmp_path / "a.txt").write_bytes(b"s" * 5000)
    with serving_asgi(make(metrics_registry, gates, tmp_path)) as address:
        yield address


def get(address: str, path: str, method: str = "GET", **options: Any) -> httpx.Response:
    return httpx.request(method, f"http://{address}{path}", timeout=20, **options)


def test_the_endpoint_is_the_routes_template(address: str, metrics_registry: Registry, eventually: Any) -> None:
    paths = {
        "/items/1": "/items/{item_id}",
        "/items/2": "/items/{item_id}",
        "/v1/deep/users/7/posts/8": "/v1/deep/users/{user}/posts/{post}",
        "/v1/deep": "/v1/deep",
        "/sub/things/9": "/sub/things/{thing}",
        "/sub/nested/users/1/posts/2": "/sub/nested/users/{user}/posts/{post}",
        "/tenants/acme/inner/things/10": "/tenants/{tenant}/inner/things/{thing}",
        "/tenants/other/inner/nested": "/tenants/{tenant}/inner/nested",
        "/static/a.txt": "/static",
        "/missing/abc": "/missing/{x}",
        "/nowhere/123": "unmatched",
        "/sub/nowhere": "unmatched",
        "/tenants/acme/nowhere": "unmatched",
        "/items/1/": "unmatched",
    }
    expected: dict[tuple[str, ...], float] = {}
    for path, template in paths.items():
        get(address, path)
        expected[template, "GET"] = expected.get((template, "GET"), 0) + 1
    eventually(lambda: sum(requests(metrics_registry).values()) == len(paths))
    assert requests(metrics_registry) == expected
    assert idle(metrics_registry)


def test_status_method_and_sizes(address: str, metrics_registry: Registry, eventually: Any) -> None:
    assert get(address, "/items", "POST", content=b"b" * 150).status_code == 201

    def chunks() -> Iterator[bytes]:
        for _ in range(3):
            yield b"c" * 1000

    assert get(address, "/items", "POST", content=chunks()).status_code == 201
    assert get(address, "/items/x").status_code == 422
    assert get(address, "/items", "PUT").status_code == 405
    assert get(address, "/fails").status_code == 500
    assert get(address, "/stream/20").content == b"y" * 20000
    assert get(address, "/static/a.txt").content == b"s" * 5000
    assert exchange(address, b"BREW /items HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").startswith(
        b"HTTP/1.1 405"
    )
    eventually(lambda: sum(requests(metrics_registry).values()) == 8)
    assert statuses(metrics_registry) == {
        ("/items", "201"): 2,
        ("/items/{item_id}", "422"): 1,
        ("/items", "405"): 2,
        ("/fails", "500"): 1,
        ("/stream/{n}", "200"): 1,
        ("/static", "200"): 1,
    }
    assert requests(metrics_registry)["/items", "OTHER"] == 1
    assert requests(metrics_registry)["/items", "PUT"] == 1
    received = samples(metrics_registry, "http_request_size_bytes_sum")
    sent = samples(metrics_registry, "http_response_size_bytes_sum")
    assert received["/items", "POST"] == sent["/items", "POST"] == 3150
    assert sent["/stream/{n}", "GET"] == 20000
    assert sent["/static", "GET"] == 5000
    bucket = {"endpoint": "/items", "method": "POST"}
    assert sample_value("http_request_size_bytes_bucket", {**bucket, "le": "100.0"}, metrics_registry) == 0
    assert sample_value("http_request_size_bytes_bucket", {**bucket, "le": "1000.0"}, metrics_registry) == 1
    assert sample_value("http_request_size_bytes_bucket", {**bucket, "le": "10000.0"}, metrics_registry) == 2
    assert sample_value("http_request_size_bytes_bucket", {**bucket, "le": "1e+08"}, metrics_registry) == 2
    assert sample_value("http_request_latency_seconds_count", {"endpoint": "/items"}, metrics_registry) == 4
    assert samples(metrics_registry, "http_request_errors_total")["/fails", "GET"] == 1


def test_a_client_that_leaves_a_stream_counts_as_499(address: str, metrics_registry: Registry, eventually: Any) -> None:
    with connect(address) as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.recv(100)
    eventually(lambda: statuses(metrics_registry) == {("/endless", "499"): 1})
    assert idle(metrics_registry)


def test_what_is_being_served_is_in_flight(
    address: str, metrics_registry: Registry, gates: Gates, eventually: Any
) -> None:
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        held = [pool.submit(get, address, "/held") for _ in range(3)]
        eventually(lambda: samples(metrics_registry, "http_requests_in_flight") == {("GET",): 3})
        assert requests(metrics_registry) == {}
        gates.release(gates.hold)
        assert [one.result().status_code for one in held] == [200] * 3
    eventually(lambda: requests(metrics_registry) == {("/held", "GET"): 3})
    assert idle(metrics_registry)


def test_background_tasks_are_not_part_of_the_request(
    address: str, metrics_registry: Registry, gates: Gates, eventually: Any
) -> None:
    assert get(address, "/background").json() == "later"
    eventually(lambda: requests(metrics_registry) == {("/background", "GET"): 1})
    assert idle(metrics_registry)
    gates.release(gates.background)


def test_paths_that_are_skipped_leave_no_trace(address: str, metrics_registry: Registry) -> None:
    assert get(address, "/metrics").json() == "not counted"
    get(address, "/items/1")
    assert ("/metrics", "GET") not in requests(metrics_registry)


def test_a_tracked_endpoint_keeps_its_dependencies(address: str, metrics_registry: Registry, eventually: Any) -> None:
    assert get(address, "/tracked?n=4&m=5").json() == 9
    assert get(address, "/tracked?n=x").status_code == 422
    eventually(lambda: sum(requests(metrics_registry).values()) == 4)
    assert requests(metrics_registry) == {("/tracked", "GET"): 2, ("tracked", "DI"): 1, ("dependency", "DI"): 1}


def test_websockets(address: str, metrics_registry: Registry, eventually: Any) -> None:
    url = f"ws://{address}/ws"
    with open_websocket(f"{url}/echo") as websocket:
        for _ in range(3):
            websocket.send("a")
            assert websocket.recv() == websocket.recv() == "a"
        assert sample_value("websocket_connections_in_flight", None, metrics_registry) == 1
        websocket.send("bye")
        assert websocket.recv() == websocket.recv() == "bye"
        with pytest.raises(ConnectionClosed):
            websocket.recv()
    with open_websocket(f"{url}/left") as websocket:
        websocket.send("a")
        assert websocket.recv() == "a"
        websocket.close(1001)
    with open_websocket(f"{url}/left") as websocket:
        websocket.close(3000)
    with open_websocket(f"{url}/code") as websocket, pytest.raises(ConnectionClosed):
        websocket.recv()
    with pytest.raises(InvalidStatus):
        open_websocket(f"{url}/refused")
    with open_websocket(f"{url}/fails") as websocket, pytest.raises(ConnectionClosed):
        websocket.recv()
    with pytest.raises(InvalidStatus):
        open_websocket(f"ws://{address}/nowhere/5")
    eventually(lambda: sum(requests(metrics_registry).values()) == 7)
    assert requests(metrics_registry) == {("/ws/{room}", "WEBSOCKET"): 6, ("unmatched", "WEBSOCKET"): 1}
    assert statuses(metrics_registry) == {
        ("/ws/{room}", "101"): 2,
        ("/ws/{room}", "3000"): 1,
        ("/ws/{room}", "4001"): 1,
        ("/ws/{room}", "403"): 1,
        ("/ws/{room}", "500"): 1,
        ("unmatched", "403"): 1,
    }
    messages = samples(metrics_registry, "websocket_messages_total")
    assert messages["received", "/ws/{room}"] == 5
    assert messages["sent", "/ws/{room}"] == 10
    assert sample_value("websocket_connections_in_flight", None, metrics_registry) == 0


def test_every_request_of_many_clients_is_counted(address: str, metrics_registry: Registry, eventually: Any) -> None:
    def client(number: int) -> None:
        with httpx.Client(base_url=f"http://{address}", timeout=20) as session:
            for i in range(50):
                assert session.get(f"/items/{number * 1000 + i}").status_code == 200

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(client, range(4)))
    eventually(lambda: sum(requests(metrics_registry).values()) == 200)
    assert requests(metrics_registry) == {("/items/{item_id}", "GET"): 200}
    assert samples(metrics_registry, "http_request_latency_seconds_count") == {("/items/{item_id}",): 200}
    assert samples(metrics_registry, "http_response_size_bytes_count") == {("/items/{item_id}", "GET"): 200}


def test_a_root_path_is_part_of_the_endpoint(metrics_registry: Registry, eventually: Any) -> None:
    app = FastAPI()
    app.add_middleware(MetricsMiddleware, registry=metrics_registry)

    @app.get("/items/{item_id}")
    async def item(item_id: int) -> int:
        return item_id

    with serving_asgi(app, root_path="/api") as address:
        assert get(address, "/items/1").status_code == 200
        assert get(address, "/items/2").status_code == 200
    eventually(lambda: requests(metrics_registry) == {("/api/items/{item_id}", "GET"): 2})

"""The gRPC interceptors on real servers, sync and asyncio, with every kind of call and of ending."""

from __future__ import annotations

import asyncio
import contextlib
import http
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import grpc.aio
import pytest
from reading import samples

from tykmetrics import Registry
from tykmetrics.middleware import grpc as sync_side, grpc_aio as aio_side

SERVICE = "test.Service"

# What handlers set that is no code of grpc's, by the request that has them do it.
ODD = {b"5": 5, b"99": 99, b"True": True, b"text": "NOT_FOUND", b"http": http.HTTPStatus.NOT_FOUND}


def codes(registry: Registry) -> dict[tuple[str, ...], float]:
    """Give the calls by code and method, without those that were never made."""
    found = samples(registry, "grpc_server_requests_total")
    return {(method.rpartition("/")[2], code): n for (code, method), n in found.items() if n}


def messages(registry: Registry, direction: str) -> dict[str, float]:
    found = samples(registry, f"grpc_server_msg_{direction}_total")
    return {method.rpartition("/")[2]: n for (method,), n in found.items() if n}


def in_flight(registry: Registry) -> float:
    return sum(samples(registry, "grpc_server_in_flight_requests").values())


class Handlers:
    """What the sync server does; the name of a method says what."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.entered = threading.Event()

    def echo(self, request: bytes, context: Any) -> bytes:
        return request

    def abort(self, request: bytes, context: Any) -> bytes:
        context.abort(ODD.get(request, grpc.StatusCode.NOT_FOUND), "no such thing")
        raise AssertionError

    def set_code(self, request: bytes, context: Any) -> bytes:
        context.set_code(ODD.get(request, grpc.StatusCode.FAILED_PRECONDITION))
        return b""

    def fail(self, request: bytes, context: Any) -> bytes:
        raise RuntimeError("on purpose")

    def hold(self, request: bytes, context: Any) -> bytes:
        self.entered.set()
        self.release.wait(20)
        return b"late"

    def count(self, request: bytes, context: Any) -> Iterator[bytes]:
        for i in range(int(request)):
            yield b"%d" % i

    def count_and_fail(self, request: bytes, context: Any) -> Iterator[bytes]:
        yield b"0"
        raise RuntimeError("on purpose")

    def endless(self, request: bytes, context: Any) -> Iterator[bytes]:
        while True:
            yield b"more"
            time.sleep(0.001)

    def join(self, requests: Iterator[bytes], context: Any) -> bytes:
        return b"".join(requests)

    def both(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        for request in requests:
            yield request
            yield request

    def service(self) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                name: make(getattr(self, name))
                for make, names in {
                    grpc.unary_unary_rpc_method_handler: ("echo", "abort", "set_code", "fail", "hold"),
                    grpc.unary_stream_rpc_method_handler: ("count", "count_and_fail", "endless"),
                    grpc.stream_unary_rpc_method_handler: ("join",),
                    grpc.stream_stream_rpc_method_handler: ("both",),
                }.items()
                for name in names
            },
        )


class AioHandlers(Handlers):
    """What the asyncio server does beside plain functions, which it runs in threads."""

    async def later_echo(self, request: bytes, context: Any) -> bytes:
        await asyncio.sleep(0)
        return request

    async def later_abort(self, request: bytes, context: Any) -> bytes:
        await context.abort(ODD.get(request, grpc.StatusCode.NOT_FOUND), "no such thing")
        raise AssertionError

    async def later_set_code(self, request: bytes, context: Any) -> bytes:
        context.set_code(ODD.get(request, grpc.StatusCode.FAILED_PRECONDITION))
        return b""

    async def later_fail(self, request: bytes, context: Any) -> bytes:
        raise RuntimeError("on purpose")

    async def later_hold(self, request: bytes, context: Any) -> bytes:
        self.entered.set()
        await asyncio.Event().wait()
        return b"late"

    async def later_count(self, request: bytes, context: Any) -> Any:
        for i in range(int(request)):
            yield b"%d" % i

    async def later_count_and_fail(self, request: bytes, context: Any) -> Any:
        yield b"0"
        raise RuntimeError("on purpose")

    async def later_endless(self, request: bytes, context: Any) -> Any:
        while True:
            yield b"more" * 1000
            await asyncio.sleep(0)

    async def write(self, request: bytes, context: Any) -> None:
        for i in range(int(request)):
            await context.write(b"%d" % i)

    async def later_join(self, requests: Any, context: Any) -> bytes:
        return b"".join([request async for request in requests])

    async def read(self, requests: Any, context: Any) -> bytes:
        joined = b""
        while (request := await context.read()) is not grpc.aio.EOF:
            joined += request
        return joined

    async def later_both(self, requests: Any, context: Any) -> Any:
        async for request in requests:
            yield request
            yield request

    async def read_write(self, requests: Any, context: Any) -> None:
        while (request := await context.read()) is not grpc.aio.EOF:
            await context.write(request)

    def later_service(self) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            "later.Service",
            {
                name: make(getattr(self, name))
                for make, names in {
                    grpc.unary_unary_rpc_method_handler: (
                        "later_echo",
                        "later_abort",
                        "later_set_code",
                        "later_fail",
                        "later_hold",
                    ),
                    grpc.unary_stream_rpc_method_handler: (
                        "later_count",
                        "later_count_and_fail",
                        "later_endless",
                        "write",
                    ),
                    grpc.stream_unary_rpc_method_handler: ("later_join", "read"),
                    grpc.stream_stream_rpc_method_handler: ("later_both", "read_write"),
                }.items()
                for name in names
            },
        )


class Proxy(AioHandlers, grpc.GenericRpcHandler):  # type: ignore[misc]
    """It takes a method of any name but one."""

    def service(self, details: Any = None) -> Any:
        if details is None:
            return self
        return None if details.method.endswith("/none") else grpc.unary_unary_rpc_method_handler(self.echo)


@contextlib.contextmanager
def serving(registry: Registry, handlers: Handlers) -> Iterator[grpc.Channel]:
    server = grpc.server(
        futures.ThreadPoolExecutor(8),
        handlers=[handlers.service()],
        interceptors=[sync_side.MetricsInterceptor(registry=registry)],
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        handlers.release.set()
        server.stop(None).wait()


@contextlib.contextmanager
def serving_aio(registry: Registry, handlers: AioHandlers) -> Iterator[grpc.Channel]:
    ports: list[int] = []
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def main() -> None:
        server = grpc.aio.server(
            migration_thread_pool=futures.ThreadPoolExecutor(4),
            handlers=[handlers.service(), handlers.later_service()],
            interceptors=[aio_side.MetricsInterceptor(registry=registry)],
        )
        ports.append(server.add_insecure_port("127.0.0.1:0"))
        await server.start()
        started.set()
        await stop.wait()
        await server.stop(None)

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    assert started.wait(20)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{ports[0]}") as channel:
            yield channel
    finally:
        handlers.release.set()
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return str(caught.value.code().name)  # type: ignore[attr-defined]


def visit(channel: grpc.Channel, service: str, prefix: str = "") -> None:
    """Make each kind of call that ends by itself."""

    def path(name: str) -> str:
        return f"/{service}/{prefix}{name}"

    for i in range(3):
        assert channel.unary_unary(path("echo"))(b"%d" % i) == b"%d" % i
    assert code_of(lambda: channel.unary_unary(path("abort"))(b"")) == "NOT_FOUND"
    assert code_of(lambda: channel.unary_unary(path("set_code"))(b"")) == "FAILED_PRECONDITION"
    assert code_of(lambda: channel.unary_unary(path("fail"))(b"")) == "UNKNOWN"
    assert list(channel.unary_stream(path("count"))(b"4")) == [b"0", b"1", b"2", b"3"]
    assert code_of(lambda: list(channel.unary_stream(path("count_and_fail"))(b""))) == "UNKNOWN"
    assert channel.stream_unary(path("join"))(iter([b"a", b"b", b"c"])) == b"abc"
    assert list(channel.stream_stream(path("both"))(iter([b"a", b"b"]))) == [b"a", b"a", b"b", b"b"]
    for name in ("none", "other"):
        assert code_of(lambda name=name: channel.unary_unary(path(name))(b"")) == "UNIMPLEMENTED"


def expected(prefix: str = "") -> dict[tuple[str, ...], float]:
    return {
        (prefix + "echo", "OK"): 3,
        (prefix + "abort", "NOT_FOUND"): 1,
        (prefix + "set_code", "FAILED_PRECONDITION"): 1,
        (prefix + "fail", "UNKNOWN"): 1,
        (prefix + "count", "OK"): 1,
        (prefix + "count_and_fail", "UNKNOWN"): 1,
        (prefix + "join", "OK"): 1,
        (prefix + "both", "OK"): 1,
        ("unmatched", "UNIMPLEMENTED"): 2,
    }


def check(registry: Registry, prefix: str, eventually: Any) -> None:
    wanted = expected(prefix)
    eventually(lambda: sum(codes(registry).values()) >= sum(wanted.values()))
    assert codes(registry) == wanted
    received, sent = messages(registry, "received"), messages(registry, "sent")
    assert received[prefix + "join"] == 3
    assert received[prefix + "both"] == 2
    assert received[prefix + "echo"] == sent[prefix + "echo"] == 3
    assert received[prefix + "count"] == sent[prefix + "join"] == sent[prefix + "count_and_fail"] == 1
    assert sent[prefix + "count"] == sent[prefix + "both"] == 4
    assert prefix + "abort" not in sent
    counted = samples(registry, "grpc_server_request_duration_seconds_count")
    assert sum(counted.values()) == sum(wanted.values()) - 2
    assert in_flight(registry) == 0


def test_every_kind_of_call(metrics_registry: Registry, eventually: Any) -> None:
    with serving(metrics_registry, Handlers()) as channel:
        visit(channel, SERVICE)
        check(metrics_registry, "", eventually)


def test_every_kind_of_call_by_asyncio(metrics_registry: Registry, eventually: Any) -> None:
    with serving_aio(metrics_registry, AioHandlers()) as channel:
        visit(channel, "later.Service", "later_")
        check(metrics_registry, "later_", eventually)
        assert list(channel.unary_stream("/later.Service/write")(b"3")) == [b"0", b"1", b"2"]
        assert channel.stream_unary("/later.Service/read")(iter([b"a", b"b"])) == b"ab"
        assert list(channel.stream_stream("/later.Service/read_write")(iter([b"a", b"b"]))) == [b"a", b"b"]
        eventually(lambda: codes(metrics_registry).get(("read_write", "OK")) == 1)
        received, sent = messages(metrics_registry, "received"), messages(metrics_registry, "sent")
        assert (received["write"], sent["write"]) == (1, 3)
        assert (received["read"], sent["read"]) == (2, 1)
        assert (received["read_write"], sent["read_write"]) == (2, 2)
        assert in_flight(metrics_registry) == 0


def test_plain_functions_on_an_asyncio_server(metrics_registry: Registry, eventually: Any) -> None:
    with serving_aio(metrics_registry, AioHandlers()) as channel:
        visit(channel, SERVICE)
        check(metrics_registry, "", eventually)


@pytest.mark.parametrize(
    ("serve", "service", "prefix"),
    [(serving, SERVICE, ""), (serving_aio, "later.Service", "later_"), (serving_aio, SERVICE, "")],
    ids=["sync", "aio", "aio in threads"],
)
def test_a_code_that_is_none_counts_as_what_the_client_sees(
    serve: Any, service: str, prefix: str, metrics_registry: Registry, eventually: Any
) -> None:
    seen: dict[tuple[str, str], float] = {}
    with serve(metrics_registry, AioHandlers()) as channel:
        for odd in ODD:
            for name in (prefix + "set_code", prefix + "abort"):
                code = code_of(lambda name=name, odd=odd: channel.unary_unary(f"/{service}/{name}")(odd))
                seen[name, code] = seen.get((name, code), 0) + 1
        eventually(lambda: sum(codes(metrics_registry).values()) == 2 * len(ODD))
    assert codes(metrics_registry) == seen
    # A number is a code to the server of asyncio alone.
    assert ((prefix + "set_code", "NOT_FOUND") in seen) == (serve is serving_aio)


@pytest.mark.parametrize("kind", ["sync", "aio"])
def test_cancelled_calls(kind: str, metrics_registry: Registry, eventually: Any) -> None:
    handlers = Handlers() if kind == "sync" else AioHandlers()
    serve: Any = serving if kind == "sync" else serving_aio
    service, prefix = (SERVICE, "") if kind == "sync" else ("later.Service", "later_")
    with serve(metrics_registry, handlers) as channel:
        future = channel.unary_unary(f"/{service}/{prefix}hold").future(b"")
        assert handlers.entered.wait(20)
        assert in_flight(metrics_registry) == 1
        future.cancel()
        eventually(lambda: codes(metrics_registry) == {(prefix + "hold", "CANCELLED"): 1})

        stream = channel.unary_stream(f"/{service}/{prefix}endless")(b"")
        assert next(stream)
        stream.cancel()
        eventually(lambda: codes(metrics_registry).get((prefix + "endless", "CANCELLED")) == 1)
        assert in_flight(metrics_registry) == 0
        handlers.release.set()


class Held:
    """Requests that go on until the test is over."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield b"first"
        self.over.wait(20)


@pytest.mark.parametrize("name", ["later_join", "read", "later_both", "read_write"])
def test_a_client_that_cancels_its_stream_of_requests(name: str, metrics_registry: Registry, eventually: Any) -> None:
    path = f"/later.Service/{name}"
    calls = 40
    with serving_aio(metrics_registry, AioHandlers()) as channel:
        for i in range(calls):
            held = Held()
            if name in ("later_join", "read"):
                call: Any = channel.stream_unary(path).future(iter(held))
            else:
                call = channel.stream_stream(path)(iter(held))
                assert next(call) == b"first"
            eventually(lambda i=i: messages(metrics_registry, "received").get(name) == i + 1)
            call.cancel()
            held.over.set()
            eventually(lambda i=i: sum(codes(metrics_registry).values()) == i + 1)
    # The handlers see the stream end, as if the client were done.
    assert codes(metrics_registry) == {(name, "CANCELLED"): calls}
    assert in_flight(metrics_registry) == 0


def test_a_stream_of_requests_beyond_its_deadline(metrics_registry: Registry, eventually: Any) -> None:
    held = Held()
    with serving_aio(metrics_registry, AioHandlers()) as channel:
        join = channel.stream_unary("/later.Service/later_join")
        assert code_of(lambda: join(iter(held), timeout=0.5)) == "DEADLINE_EXCEEDED"
        held.over.set()
        eventually(lambda: codes(metrics_registry) == {("later_join", "DEADLINE_EXCEEDED"): 1})


@pytest.mark.parametrize("kind", ["sync", "aio"])
def test_calls_beyond_their_deadline(kind: str, metrics_registry: Registry, eventually: Any) -> None:
    handlers = Handlers() if kind == "sync" else AioHandlers()
    serve: Any = serving if kind == "sync" else serving_aio
    service, prefix = (SERVICE, "") if kind == "sync" else ("later.Service", "later_")
    with serve(metrics_registry, handlers) as channel:
        hold = channel.unary_unary(f"/{service}/{prefix}hold")
        assert code_of(lambda: hold(b"", timeout=0.5)) == "DEADLINE_EXCEEDED"
        eventually(lambda: codes(metrics_registry) == {(prefix + "hold", "DEADLINE_EXCEEDED"): 1})
        # What the handler does afterwards changes nothing.
        handlers.release.set()
        endless = channel.unary_stream(f"/{service}/{prefix}endless")
        assert code_of(lambda: list(endless(b"", timeout=0.5))) == "DEADLINE_EXCEEDED"
        eventually(lambda: codes(metrics_registry).get((prefix + "endless", "DEADLINE_EXCEEDED")) == 1)
        assert in_flight(metrics_registry) == 0
    assert sum(codes(metrics_registry).values()) == 2


def test_every_call_of_many_threads_is_counted(metrics_registry: Registry, eventually: Any) -> None:
    with serving(metrics_registry, Handlers()) as channel:
        echo = channel.unary_unary(f"/{SERVICE}/echo")
        with futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda i: echo(b"%d" % i), range(400)))
        eventually(lambda: codes(metrics_registry) == {("echo", "OK"): 400})
    assert messages(metrics_registry, "received") == {"echo": 400}


@pytest.mark.parametrize("kind", ["sync", "aio"])
def test_clients_of_a_proxy_make_no_methods_at_will(
    kind: str, metrics_registry: Registry, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tykmetrics.middleware.rpc._KEPT", 10)
    serve: Any = serving if kind == "sync" else serving_aio
    with serve(metrics_registry, Proxy()) as channel:
        for i in range(50):
            assert channel.unary_unary(f"/made.Up/m{i % 25}")(b"x") == b"x"
        assert code_of(lambda: channel.unary_unary("/made.Up/none")(b"")) == "UNIMPLEMENTED"
        eventually(lambda: sum(codes(metrics_registry).values()) == 51)
    assert codes(metrics_registry) == {
        **{(f"m{i}", "OK"): 2 for i in range(10)},
        ("OTHER", "OK"): 30,
        ("unmatched", "UNIMPLEMENTED"): 1,
    }
    assert messages(metrics_registry, "sent")["OTHER"] == 30
    assert in_flight(metrics_registry) == 0


def test_our_failures_break_no_call(metrics_registry: Registry, eventually: Any) -> None:
    handlers = Handlers()
    interceptor = sync_side.MetricsInterceptor(registry=metrics_registry)

    def broken(name: str) -> Any:
        raise LookupError(name)

    interceptor._methods.known = broken  # type: ignore[method-assign]
    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[handlers.service()], interceptors=[interceptor])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert channel.unary_unary(f"/{SERVICE}/echo")(b"fine") == b"fine"
    finally:
        server.stop(None).wait()
    assert samples(metrics_registry, "tykmetrics_instrumentation_errors_total") == {("grpc",): 1}


@pytest.mark.parametrize("module", ["grpc", "grpc_aio"])
def test_without_grpcio_the_import_says_what_to_install(module: str) -> None:
    program = (
        "import sys\n"
        "sys.modules['grpc'] = None\n"
        "try:\n"
        f"    import tykmetrics.middleware.{module}\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install tykmetrics[grpc]" in done.stdout

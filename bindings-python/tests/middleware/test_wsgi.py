"""The WSGI middleware around Flask and plain applications, over real servers."""

from __future__ import annotations

import concurrent.futures
import gc
import io
import logging
import sys
import threading
import wsgiref.simple_server
import wsgiref.validate
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import flask
import httpx
import pytest
from reading import idle, requests, samples, statuses
from servers import connect, serving_wsgi
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tykmetrics import DuplicateTimeseries, Gauge, Registry
from tykmetrics.middleware.wsgi import MetricsMiddleware
from tykmetrics.testing import sample_value

Environ = dict[str, Any]


def make(registry: Registry, folder: Any, hold: threading.Event) -> flask.Flask:
    app = flask.Flask(__name__, static_folder=str(folder))
    app.wsgi_app = MetricsMiddleware(app.wsgi_app, registry=registry)  # type: ignore[method-assign]

    @app.route("/items/<int:item>", methods=["GET", "PUT"])
    def item(item: int) -> str:
        return "i" * item

    @app.post("/items")
    def create() -> tuple[bytes, int]:
        return flask.request.get_data(), 201

    @app.get("/fails")
    def fails() -> str:
        raise RuntimeError("on purpose")

    @app.get("/missing/<x>")
    def missing(x: str) -> str:
        flask.abort(404)

    @app.get("/stream")
    def stream() -> flask.Response:
        return flask.Response(b"y" * 1000 for _ in range(20))

    @app.get("/endless")
    def endless() -> flask.Response:
        def body() -> Iterator[bytes]:
            while True:
                yield b"z" * 10_000

        return flask.Response(body())

    @app.get("/held")
    def held() -> str:
        hold.wait(20)
        return "held"

    @app.get("/metrics")
    def metrics() -> str:
        return "not counted"

    blue = flask.Blueprint("blue", __name__, url_prefix="/blue")

    @blue.get("/deep/<name>")
    def deep(name: str) -> str:
        return name

    app.register_blueprint(blue)
    return app


@pytest.fixture
def hold() -> threading.Event:
    return threading.Event()


@pytest.fixture
def app(metrics_registry: Registry, tmp_path: Any, hold: threading.Event) -> flask.Flask:
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"s" * 5000)
    return make(metrics_registry, folder, hold)


@pytest.fixture
def address(app: flask.Flask) -> Iterator[str]:
    with serving_wsgi(app) as address:
        yield address


def test_flask(address: str, metrics_registry: Registry, eventually: Any) -> None:
    with httpx.Client(base_url=f"http://{address}") as client:
        assert client.get("/items/3").text == "iii"
        assert client.get("/items/40").headers["content-length"] == "40"
        assert client.put("/items/1").status_code == 200
        assert client.post("/items", content=b"b" * 150).content == b"b" * 150
        assert client.delete("/items/1").status_code == 405
        assert client.request("BREW", "/items/1").status_code == 405
        assert client.get("/fails").status_code == 500
        assert client.get("/missing/5").status_code == 404
        assert client.get("/nowhere/5").status_code == 404
        assert client.get("/stream").content == b"y" * 20_000
        assert client.get("/static/a.txt").content == b"s" * 5000
        assert client.head("/items/9").headers["content-length"] == "9"
        assert client.get("/blue/deep/7").text == "7"
        assert client.get("/metrics").text == "not counted"
    eventually(lambda: sum(requests(metrics_registry).values()) == 13)
    assert requests(metrics_registry) == {
        ("/items/<int:item>", "GET"): 2,
        ("/items/<int:item>", "PUT"): 1,
        ("/items/<int:item>", "HEAD"): 1,
        ("/items", "POST"): 1,
        ("unmatched", "DELETE"): 1,
        ("unmatched", "OTHER"): 1,
        ("/fails", "GET"): 1,
        ("/missing/<x>", "GET"): 1,
        ("unmatched", "GET"): 1,
        ("/stream", "GET"): 1,
        ("/static/<path:filename>", "GET"): 1,
        ("/blue/deep/<name>", "GET"): 1,
    }
    found = statuses(metrics_registry)
    assert found["/items", "201"] == found["/fails", "500"] == found["/missing/<x>", "404"] == 1
    assert found["unmatched", "405"] == 2
    sent = samples(metrics_registry, "http_response_size_bytes_sum")
    assert sent["/items/<int:item>", "GET"] == 43
    assert sent["/stream", "GET"] == 20_000
    assert sent["/static/<path:filename>", "GET"] == 5000
    assert samples(metrics_registry, "http_request_size_bytes_sum")["/items", "POST"] == 150
    assert idle(metrics_registry)


def test_a_client_that_leaves_a_stream_counts_as_499(address: str, metrics_registry: Registry, eventually: Any) -> None:
    with connect(address) as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.recv(100)
    eventually(lambda: statuses(metrics_registry) == {("/endless", "499"): 1})
    assert idle(metrics_registry)


def test_what_is_being_served_is_in_flight(
    address: str, metrics_registry: Registry, hold: threading.Event, eventually: Any
) -> None:
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        held = [pool.submit(httpx.get, f"http://{address}/held", timeout=20) for _ in range(3)]
        eventually(lambda: samples(metrics_registry, "http_requests_in_flight") == {("GET",): 3})
        hold.set()
        assert [one.result().text for one in held] == ["held"] * 3
    eventually(lambda: requests(metrics_registry) == {("/held", "GET"): 3})
    assert idle(metrics_registry)


def test_every_request_of_many_clients_is_counted(address: str, metrics_registry: Registry, eventually: Any) -> None:
    def client(number: int) -> None:
        with httpx.Client(base_url=f"http://{address}", timeout=20) as session:
            for i in range(50):
                assert session.get(f"/items/{i}").status_code == 200

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(client, range(4)))
    eventually(lambda: requests(metrics_registry) == {("/items/<int:item>", "GET"): 200})
    assert samples(metrics_registry, "http_response_size_bytes_sum")["/items/<int:item>", "GET"] == 4 * sum(range(50))


def test_what_a_dispatcher_mounts_is_part_of_the_endpoint(metrics_registry: Registry, eventually: Any) -> None:
    inner = flask.Flask(__name__)

    @inner.get("/x/<x>")
    def x(x: str) -> str:
        return x

    app = MetricsMiddleware(DispatcherMiddleware(inner, {"/shop": inner}), registry=metrics_registry)
    with serving_wsgi(app) as address:
        for path in ("/x/1", "/shop/x/2", "/shop/none/3"):
            httpx.get(f"http://{address}{path}")
    assert requests(metrics_registry) == {("/x/<x>", "GET"): 1, ("/shop/x/<x>", "GET"): 1, ("unmatched", "GET"): 1}


def test_an_application_that_lets_exceptions_out_still_has_its_template(
    app: flask.Flask, metrics_registry: Registry
) -> None:
    app.testing = True
    with pytest.raises(RuntimeError, match="on purpose"):
        app.test_client().get("/fails")
    assert statuses(metrics_registry) == {("/fails", "500"): 1}


class Closing:
    """An iterable of a kind, that says when it is closed."""

    def __init__(self, parts: list[bytes]) -> None:
        self.parts = parts
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.parts)

    def close(self) -> None:
        self.closed += 1


def call(
    app: Any, registry: Registry, method: str = "GET", **environ: Any
) -> tuple[Iterable[bytes], list[tuple[Any, ...]], list[bytes]]:
    """Call the middleware as a server would; give the body, what was started, and what was written."""
    started: list[tuple[Any, ...]] = []
    written: list[bytes] = []

    def start_response(*args: Any) -> Callable[[bytes], object]:
        started.append(args)
        return written.append

    base = {"REQUEST_METHOD": method, "PATH_INFO": "/p", "SCRIPT_NAME": "", **environ}
    return MetricsMiddleware(app, registry=registry)(base, start_response), started, written


def test_bodies_of_every_kind_pass_and_are_closed_once(metrics_registry: Registry) -> None:
    closing = Closing([b"a", b"bc"])

    def generator() -> Iterator[bytes]:
        yield b"a"
        yield b"bc"

    bodies: list[Any] = [[b"a", b"bc"], (b"abc",), generator(), iter([b"abc"]), closing, {b"abc": 1}, [], b"abc"]
    for body in bodies:

        def app(environ: Environ, start_response: Any, body: Any = body) -> Any:
            start_response("200 OK", [("Content-Length", "3")])
            return body

        answer, started, _ = call(app, metrics_registry)
        assert hasattr(answer, "__len__") == hasattr(body, "__len__")
        if hasattr(body, "__len__"):
            assert len(answer) == len(body)  # type: ignore[arg-type]
        if body == b"abc":
            assert list(answer) == [97, 98, 99]
        else:
            assert b"".join(answer) == (b"abc" if body else b"")
        answer.close()  # type: ignore[attr-defined]
        assert started == [("200 OK", [("Content-Length", "3")])]
    assert closing.closed == 1
    assert statuses(metrics_registry) == {("unmatched", "200"): len(bodies)}
    assert idle(metrics_registry)


def test_what_is_written_is_counted(metrics_registry: Registry) -> None:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"abc")
        write(b"de")
        return [b"f"]

    answer, _, written = call(app, metrics_registry)
    assert (written, list(answer)) == ([b"abc", b"de"], [b"f"])
    assert samples(metrics_registry, "http_response_size_bytes_sum") == {("unmatched", "GET"): 6}


def test_a_response_that_is_started_again_has_the_last_status(metrics_registry: Registry) -> None:
    seen: list[Any] = []

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            seen.append(sys.exc_info())
            start_response("503 No", [], seen[0])
        return [b""]

    answer, started, _ = call(app, metrics_registry)
    list(answer)
    assert started[1] == ("503 No", [], seen[0])
    assert statuses(metrics_registry) == {("unmatched", "503"): 1}


def test_exc_info_may_be_given_by_its_name(metrics_registry: Registry) -> None:
    given = (ZeroDivisionError, ZeroDivisionError(), None)

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", [], exc_info=None)
        start_response(status="503 No", headers=[], exc_info=given)
        return [b"x"]

    answer, started, _ = call(app, metrics_registry)
    assert list(answer) == [b"x"]
    assert started == [("200 OK", []), ("503 No", [], given)]
    assert statuses(metrics_registry) == {("unmatched", "503"): 1}


def test_a_response_may_be_started_by_the_first_part(metrics_registry: Registry) -> None:
    def app(environ: Environ, start_response: Any) -> Iterator[bytes]:
        start_response("202 Accepted", [])
        yield b"x"

    answer, started, _ = call(app, metrics_registry)
    assert started == []
    assert list(answer) == [b"x"]
    assert statuses(metrics_registry) == {("unmatched", "202"): 1}


@pytest.mark.parametrize("where", ["call", "iter", "next", "close"])
def test_exceptions_pass_and_count_as_500(where: str, metrics_registry: Registry) -> None:
    error = ZeroDivisionError()

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            if where == "iter":
                raise error
            yield b"x"
            if where == "next":
                raise error

        def close(self) -> None:
            if where == "close":
                raise error

    class Late(Body):
        def __iter__(self) -> Any:
            raise error

    def app(environ: Environ, start_response: Any) -> Any:
        if where == "call":
            raise error
        start_response("200 OK", [])
        return Late() if where == "iter" else Body()

    def serve() -> None:
        answer, _, _ = call(app, metrics_registry)
        if where == "close":
            next(iter(answer))
        else:
            list(answer)
        answer.close()  # type: ignore[attr-defined]

    with pytest.raises(ZeroDivisionError) as caught:
        serve()
    assert caught.value is error
    assert error.__context__ is None
    assert statuses(metrics_registry) == {("unmatched", "500"): 1}
    assert idle(metrics_registry)


def test_a_body_that_is_closed_before_its_end_is_a_client_that_left(metrics_registry: Registry) -> None:
    closing = Closing([b"a", b"b"])

    def app(environ: Environ, start_response: Any) -> Any:
        start_response("200 OK", [])
        return closing

    answer, _, _ = call(app, metrics_registry)
    next(iter(answer))
    answer.close()  # type: ignore[attr-defined]
    assert closing.closed == 1
    answer, _, _ = call(app, metrics_registry, "HEAD")
    answer.close()  # type: ignore[attr-defined]
    assert statuses(metrics_registry) == {("unmatched", "499"): 1, ("unmatched", "200"): 1}


def test_a_response_that_a_test_client_does_not_read_is_recorded(app: flask.Flask, metrics_registry: Registry) -> None:
    client = app.test_client()
    held = client.get("/items/2")
    assert statuses(metrics_registry) == {("/items/<int:item>", "200"): 1}
    assert samples(metrics_registry, "http_response_size_bytes_sum") == {("/items/<int:item>", "GET"): 2}
    assert held.data == b"ii"
    with client.get("/items/3"):
        pass
    with client.get("/nowhere"):
        pass
    assert statuses(metrics_registry) == {("/items/<int:item>", "200"): 2, ("unmatched", "404"): 1}
    assert idle(metrics_registry)


def test_a_body_that_is_dropped_is_recorded_when_it_is_collected(app: flask.Flask, metrics_registry: Registry) -> None:
    client = app.test_client()
    held = client.get("/stream")
    assert not idle(metrics_registry)
    del held
    gc.collect()
    assert statuses(metrics_registry) == {("/stream", "499"): 1}

    def application(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"never asked for"]

    call(application, metrics_registry)
    gc.collect()
    assert statuses(metrics_registry)["unmatched", "499"] == 1
    assert idle(metrics_registry)


@pytest.mark.parametrize(
    ("body", "headers", "taken", "status"),
    [
        ([b"ab"], [], 1, "200"),
        ([b"ab"], [("content-length", "2")], 1, "200"),
        ([b"ab"], [], 0, "499"),
        ([b"a", b"b"], [], 1, "499"),
        ([b"a", b"b"], [], 2, "200"),
        (iter([b"a", b"b"]), [("Content-Length", "2")], 1, "499"),
        (iter([b"a", b"b"]), [("Content-Length", "2")], 2, "200"),
        (iter([b"a", b"b"]), [("Content-Length", "two")], 2, "499"),
        (iter([b"ab"]), [], 1, "499"),
        (iter([]), [("Content-Length", "0")], 0, "200"),
    ],
)
def test_a_body_is_whole_once_all_that_was_promised_is_handed_over(
    body: Any, headers: list[tuple[str, str]], taken: int, status: str, metrics_registry: Registry
) -> None:
    def app(environ: Environ, start_response: Any) -> Any:
        start_response("200 OK", headers)
        return body

    answer, _, _ = call(app, metrics_registry)
    parts = iter(answer)
    for _ in range(taken):
        next(parts)
    answer.close()  # type: ignore[attr-defined]
    assert statuses(metrics_registry) == {("unmatched", status): 1}
    assert idle(metrics_registry)


def test_a_response_without_content_is_whole_though_nobody_asks_for_it(metrics_registry: Registry) -> None:
    def app(environ: Environ, start_response: Any) -> Iterator[bytes]:
        start_response("304 Not Modified", [])
        return iter([])

    answer, _, _ = call(app, metrics_registry)
    answer.close()  # type: ignore[attr-defined]
    assert statuses(metrics_registry) == {("unmatched", "304"): 1}


def test_a_servers_file_wrapper_stays_what_it_is(metrics_registry: Registry) -> None:
    class Wrapper:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __iter__(self) -> Iterator[bytes]:
            return iter(self.file.read, b"")

        def close(self) -> None:
            self.file.close()

    class Closed(Wrapper):
        __slots__ = ()

        def __setattr__(self, name: str, value: object) -> None:
            if name == "close":
                raise AttributeError(name)
            super().__setattr__(name, value)

    for kind in (Wrapper, Closed):
        file = io.BytesIO(b"file")

        def app(environ: Environ, start_response: Any, file: Any = file) -> Any:
            start_response("200 OK", [])
            return environ["wsgi.file_wrapper"](file)

        answer, _, _ = call(app, metrics_registry, **{"wsgi.file_wrapper": kind})
        assert type(answer) is kind
        assert list(answer) == [b"file"]
        answer.close()
        assert file.closed
    assert statuses(metrics_registry) == {("unmatched", "200"): 2}
    assert idle(metrics_registry)


def test_the_reference_validator_has_no_complaint(metrics_registry: Registry, eventually: Any) -> None:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
        return [b"valid"]

    ours = MetricsMiddleware(wsgiref.validate.validator(app), registry=metrics_registry)

    class Silent(wsgiref.simple_server.WSGIRequestHandler):
        def log_message(self, *args: object) -> None: ...

    server = wsgiref.simple_server.make_server("127.0.0.1", 0, wsgiref.validate.validator(ours), handler_class=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        answer = httpx.get(f"http://127.0.0.1:{server.server_port}/x")
        assert (answer.status_code, answer.content) == (200, b"valid")
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()
    assert statuses(metrics_registry) == {("unmatched", "200"): 1}


def test_servers_go_on_deriving_the_length_of_a_single_part(metrics_registry: Registry) -> None:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"seven!!"]

    class Silent(wsgiref.simple_server.WSGIRequestHandler):
        def log_message(self, *args: object) -> None: ...

    ours = MetricsMiddleware(app, registry=metrics_registry)
    server = wsgiref.simple_server.make_server("127.0.0.1", 0, ours, handler_class=Silent)
    thread = threading.Thread(target=server.handle_request, daemon=True)
    thread.start()
    try:
        assert httpx.get(f"http://127.0.0.1:{server.server_port}/x").headers["content-length"] == "7"
        thread.join(20)
    finally:
        server.server_close()


def test_a_function_names_the_endpoint(metrics_registry: Registry) -> None:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b""]

    ours = MetricsMiddleware(app, registry=metrics_registry, endpoint=lambda environ: "/named", skip=())
    with serving_wsgi(ours) as address:
        httpx.get(f"http://{address}/metrics")
    assert requests(metrics_registry) == {("/named", "GET"): 1}


def test_our_failures_break_nothing_and_are_counted_and_logged_once(
    metrics_registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("odd", [])
        return [b"fine"]

    def name(environ: Environ) -> str:
        raise LookupError("no name")

    ours = MetricsMiddleware(app, registry=metrics_registry, endpoint=name)
    with caplog.at_level(logging.ERROR, "tykmetrics"):
        for _ in range(2):
            assert list(ours({"REQUEST_METHOD": "GET"}, lambda *_: lambda _: None)) == [b"fine"]
    # Each request has a status that is none and a name that fails.
    assert sample_value("tykmetrics_instrumentation_errors_total", {"where": "wsgi"}, metrics_registry) == 4
    assert len(caplog.records) == 1
    assert idle(metrics_registry)


def test_a_request_whose_name_fails_is_recorded_without_it(metrics_registry: Registry, eventually: Any) -> None:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("201 Created", [])
        return [b"fine"]

    def name(environ: Environ) -> str:
        raise LookupError("no name")

    with serving_wsgi(MetricsMiddleware(app, registry=metrics_registry, endpoint=name, unmatched="?")) as address:
        assert httpx.get(f"http://{address}/").content == b"fine"
        eventually(lambda: statuses(metrics_registry) == {("?", "201"): 1})
    assert samples(metrics_registry, "http_response_size_bytes_sum") == {("?", "GET"): 4}
    assert sample_value("tykmetrics_instrumentation_errors_total", {"where": "wsgi"}, metrics_registry) == 1
    assert idle(metrics_registry)


def test_names_that_the_middleware_and_a_program_want_are_explained(metrics_registry: Registry) -> None:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        return []

    MetricsMiddleware(app, registry=metrics_registry)
    for name, whose in (("http_requests_total", "get_metrics_coll"), ("http_requests_in_flight", "the HTTP middle")):
        with pytest.raises(DuplicateTimeseries, match=f"they are of {whose}.*registry="):
            Gauge(name, "mine", registry=metrics_registry)
    other = Registry()
    Gauge("http_response_size_bytes", "mine", registry=other)
    with pytest.raises(DuplicateTimeseries, match="they are wanted by the HTTP middleware: .*registry="):
        MetricsMiddleware(app, registry=other)

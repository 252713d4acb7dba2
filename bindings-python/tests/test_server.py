"""`start_http_server`: what it serves, what it is told and what it refuses, over real sockets by clients of others."""

from __future__ import annotations

import base64
import concurrent.futures
import errno
import gzip
import http.client
import json
import logging
import os
import pathlib
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import prometheus_client.parser
import pytest

import tykmetrics
from tykmetrics import Counter, Gauge, Info, Registry, server, start_http_server
from tykmetrics.prometheus_client.metrics_core import GaugeMetricFamily

PATIENCE = 60


@pytest.fixture(autouse=True)
def _nobody_else_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the environment of whoever runs the tests out of them."""
    for name in list(os.environ):
        if name.startswith(("TYKMETRICS_", "TYK_GW_PROMETHEUS_", "METRICS_", "METASTORE_MONITORING_")):
            monkeypatch.delenv(name)


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    Counter("seen", "What was seen", registry=registry).inc(7)
    return registry


@pytest.fixture
def running(registry: Registry) -> Iterator[server.MetricsServer]:
    with start_http_server(0, registry=registry) as handle:
        yield handle


def get(url: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    """Ask, and give status, headers and body, whatever the status is."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, headers=named, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers, answer.read()


def get_unix(path: str, target: str) -> bytes:
    """Ask at a socket in the file system."""
    connection = http.client.HTTPConnection("localhost", timeout=PATIENCE)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(path)
    connection.request("GET", target)
    body = connection.getresponse().read()
    connection.close()
    return body


def values(body: bytes) -> dict[str, float]:
    """Read samples without labels, by a parser that is not ours."""
    families: Any = prometheus_client.parser.text_string_to_metric_families(body.decode())
    return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_it_says_where_it_is(running: server.MetricsServer) -> None:
    assert running.addr == "127.0.0.1"
    assert running.port > 0
    assert running.url == f"http://127.0.0.1:{running.port}"
    assert repr(running) == f"<MetricsServer {running.url}>"
    running.close()
    assert running.closed
    assert repr(running) == f"<MetricsServer {running.url} closed>"


def test_metrics_are_read_by_a_parser_of_others(running: server.MetricsServer) -> None:
    status, headers, body = get(running.url + "/metrics")
    assert (status, values(body)) == (200, {"seen_total": 7})
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    _, headers, packed = get(running.url + "/metrics", accept_encoding="gzip")
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == body


def test_every_route_answers(running: server.MetricsServer) -> None:
    assert get(running.url + "/health")[2] == get(running.url + "/healthz")[2]
    assert get(running.url + "/metrics/json")[0] == 200
    assert json.loads(get(running.url + "/metrics/health")[2])["families"] == 1
    status, headers, page = get(running.url + "/")
    assert (status, headers.get_content_type()) == (200, "text/html")
    assert b"seen" in page
    assert get(running.url + "/none")[0] == 404
    assert get(running.url + "/metrics", "POST")[0] == 405
    assert get(running.url + "/metrics/reset", "POST")[0] in (403, 404)
    body = get(running.url + "/metrics?name[]=none")[2]
    assert values(body) == {}


def test_collectors_and_functions_in_python_are_asked(registry: Registry) -> None:
    class Told:
        def describe(self) -> list[Any]:
            return []

        def collect(self) -> Any:
            return [GaugeMetricFamily("told", "x", value=len(asked))]

    asked: list[int] = []
    registry.register(Told())
    Gauge("from_a_function", "x", registry=registry).set_function(lambda: asked.append(1) or 5)
    with start_http_server(0, registry=registry) as handle:
        for scrapes in (1, 2):
            found = values(get(handle.url + "/metrics")[2])
            assert found["from_a_function"] == 5
            assert found["told"] in (scrapes - 1, scrapes)
        assert len(asked) == 2


def test_a_collector_that_fails_does_not_end_the_scrape(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", lambda failure: failures.append(failure.exc_type))

    class Failing:
        def describe(self) -> list[Any]:
            return []

        def collect(self) -> Any:
            raise KeyboardInterrupt("on purpose")

    registry.register(Failing())
    with start_http_server(0, registry=registry) as handle:
        status, _, body = get(handle.url + "/metrics")
    assert (status, values(body)) == (200, {"seen_total": 7})
    assert failures == [KeyboardInterrupt]


def test_series_that_expire_are_let_go_of_by_its_scrapes(eventually: Any) -> None:
    registry = Registry()
    counter = Counter("short", "x", ["x"], registry=registry, expire_after=0.05)
    counter.labels("a").inc()
    with start_http_server(0, registry=registry) as handle:
        eventually(lambda: b"short_total{" not in get(handle.url + "/metrics")[2])


def test_scrapes_while_threads_record_lose_nothing(registry: Registry) -> None:
    counter = Counter("recorded", "x", ["thread"], registry=registry)
    total = Counter("recorded_in_all", "x", registry=registry)
    stop = threading.Event()

    def record(thread: int) -> int:
        count = 0
        while not stop.is_set() or count < 1000:
            counter.labels(thread).inc()
            total.inc()
            count += 1
        return count

    def scrape(url: str) -> list[float]:
        return [values(get(url)[2])["recorded_in_all_total"] for _ in range(20)]

    with (
        start_http_server(0, registry=registry) as handle,
        concurrent.futures.ThreadPoolExecutor(8) as pool,
    ):
        recording = [pool.submit(record, thread) for thread in range(4)]
        scraping = [pool.submit(scrape, handle.url + "/metrics") for _ in range(4)]
        seen = [scrapes.result() for scrapes in scraping]
        stop.set()
        recorded = sum(thread.result() for thread in recording)
        assert all(scrapes == sorted(scrapes) for scrapes in seen)
        assert values(get(handle.url + "/metrics")[2])["recorded_in_all_total"] == recorded


def test_scrapes_beyond_the_limit_are_sent_away_and_health_answers(registry: Registry) -> None:
    entered, release = threading.Event(), threading.Event()

    class Slow:
        def describe(self) -> list[Any]:
            return []

        def collect(self) -> Any:
            entered.set()
            release.wait(PATIENCE)
            return []

    registry.register(Slow())
    with (
        start_http_server(0, registry=registry, limits={"concurrent_scrapes": 1}) as handle,
        concurrent.futures.ThreadPoolExecutor(1) as pool,
    ):
        first = pool.submit(get, handle.url + "/metrics")
        assert entered.wait(PATIENCE)
        status, headers, _ = get(handle.url + "/metrics")
        assert (status, headers["retry-after"] is not None) == (503, True)
        assert get(handle.url + "/health")[0] == 200
        release.set()
        assert first.result()[0] == 200


def test_closing_frees_the_port_and_may_be_done_by_a_scrape(registry: Registry) -> None:
    class Closing:
        def describe(self) -> list[Any]:
            return []

        def collect(self) -> Any:
            handle.close()
            return [GaugeMetricFamily("closing", "x", value=1)]

    registry.register(Closing())
    handle = start_http_server(0, registry=registry)
    assert values(get(handle.url + "/metrics")[2])["closing"] == 1
    handle.close()
    handle.close()
    socket.create_server(("127.0.0.1", handle.port)).close()


def test_a_server_that_nobody_holds_goes_on_and_can_be_found(registry: Registry) -> None:
    port = start_http_server(0, registry=registry).port
    del registry
    import gc

    gc.collect()
    assert values(get(f"http://127.0.0.1:{port}/metrics")[2]) == {"seen_total": 7}
    (running,) = [handle for handle in server._RUNNING if handle.port == port]
    running.close()


def test_a_name_and_password_or_a_token_let_in(registry: Registry) -> None:
    with start_http_server(0, registry=registry, basic_auth=("scraper", "secret"), bearer_token="token") as handle:
        url = handle.url + "/metrics"
        status, headers, _ = get(url)
        assert (status, "Basic" in headers["www-authenticate"]) == (401, True)
        assert get(url, authorization=basic("scraper", "wrong"))[0] == 401
        assert get(url, authorization=basic("scraper", "secret"))[0] == 200
        assert get(url, authorization="Bearer token")[0] == 200
        assert get(handle.url + "/health")[0] == 200


def test_a_reset_is_for_who_is_authenticated(registry: Registry) -> None:
    with pytest.raises(ValueError, match=r"routes\.reset"):
        start_http_server(0, registry=registry, enable_reset=True)
    counter = Counter("later", "x", registry=registry)
    with start_http_server(0, registry=registry, enable_reset=True, bearer_token="token") as handle:
        counter.inc(3)
        assert get(handle.url + "/metrics/reset", "POST")[0] == 401
        assert get(handle.url + "/metrics/reset", "POST", authorization="Bearer token")[0] in (200, 204)
        counter.inc()
        assert values(get(handle.url + "/metrics", authorization="Bearer token")[2]) == {
            "seen_total": 0,
            "later_total": 1,
        }


def test_another_path(registry: Registry) -> None:
    with start_http_server(0, registry=registry, path="/internal/numbers") as handle:
        assert get(handle.url + "/internal/numbers")[0] == 200
        assert get(handle.url + "/internal/numbers/health")[0] == 200
        assert get(handle.url + "/metrics")[0] == 404


def test_keys_are_nested_or_dotted_and_values_are_pythons_own(registry: Registry) -> None:
    config = {
        "routes": {"page": False},
        "routes.json": False,
        "limits": {"scrape_timeout": timedelta(seconds=2)},
        "hygiene": {"keep": ("email",), "patterns": []},
        "labels": {"a_b": "c"},
        "shutdown_grace": 0.5,
        "tls": {"cert": None},
    }
    with start_http_server(0, registry=registry, config=config, limits={"header_bytes": "8KiB"}) as handle:
        assert get(handle.url + "/")[0] == 404
        assert get(handle.url + "/metrics/json")[0] == 404
        assert get(handle.url + "/metrics", x="y" * 10_000)[0] == 431


def test_secrets_in_labels_are_replaced_where_it_is_asked(registry: Registry) -> None:
    counter = Counter("asked", "x", ["who"], registry=registry)
    before = counter.labels("somebody@example.org")
    before.inc()
    with start_http_server(0, registry=registry, config={"hygiene.enabled": True}) as handle:
        counter.labels("somebody@example.org").inc()
        before.inc()
        counter.labels("anybody@example.org").inc()
        body = get(handle.url + "/metrics")[2].decode()
    assert 'asked_total{who="[email]"} 4' in body
    assert "example.org" not in body


def test_secrets_are_replaced_in_what_another_registry_made_too(registry: Registry) -> None:
    counter, about = Counter("late", "x", ["who"], registry=None), Info("about", "x", registry=None)

    def record() -> None:
        counter.labels("somebody@example.org").inc()
        counter.labels("nobody").inc(1, {"user": "anybody@example.org"})
        about.info({"by": "somebody@example.org"})

    record()
    registry.register(counter)
    registry.register(about)
    with start_http_server(0, registry=registry, config={"hygiene.enabled": True}) as handle:
        for _ in range(2):
            body = get(handle.url + "/metrics", accept="application/openmetrics-text")[2].decode()
            assert "example.org" not in body
            assert 'about_info{by="[email]"}' in body
            record()
    assert 'late_total{who="[email]"} 2\n' in body
    assert 'late_total{who="nobody"} 2 # {user="[email]"}' in body


def test_the_environment_is_weaker_than_the_call(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TYKMETRICS_LISTEN", "127.0.0.1:0")
    monkeypatch.setenv("TYKMETRICS_PATH", "/from/environment")
    with start_http_server(registry=registry) as handle:
        assert get(handle.url + "/from/environment")[0] == 200
    with start_http_server(registry=registry, path="/from/call") as handle:
        assert get(handle.url + "/from/call")[0] == 200
    monkeypatch.setenv("TYKMETRICS_PATHS", "x")
    with pytest.raises(ValueError, match="TYKMETRICS_PATHS.*TYKMETRICS_PATH"):
        start_http_server(registry=registry)


def test_a_server_that_is_disabled_says_so(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_ENABLED", "false")
    monkeypatch.setenv("METRICS_ADDR", "127.0.0.1:0")
    with pytest.raises(server.ServerDisabled, match="disabled") as raised:
        start_http_server(registry=registry)
    assert isinstance(raised.value, RuntimeError)
    with start_http_server(registry=registry, config={"enabled": True}) as handle:
        assert get(handle.url + "/metrics")[0] == 200


def test_a_socket_in_the_file_system(registry: Registry, tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "metrics.sock")
    with start_http_server(addr=f"unix:{path}", registry=registry) as handle:
        assert (handle.addr, handle.port, handle.url) == (f"unix:{path}", 0, f"unix:{path}")
        assert values(get_unix(path, "/metrics")) == {"seen_total": 7}
    assert not pathlib.Path(path).exists()
    with pytest.raises(ValueError, match="leave port out"):
        start_http_server(1, "unix:/x", registry)
    with pytest.raises(FileNotFoundError, match=r"nowhere/x\.sock"):
        start_http_server(addr=f"unix:{tmp_path}/nowhere/x.sock", registry=registry)


def test_ipv6(registry: Registry) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:  # The machine has none, and then neither have we.
        with pytest.raises(OSError, match="::1"):
            start_http_server(0, "::1", registry)
        return
    with start_http_server(0, "::1", registry) as handle:
        assert (handle.addr, handle.url) == ("::1", f"http://[::1]:{handle.port}")
        assert get(handle.url + "/metrics")[0] == 200


def test_beyond_loopback_it_warns_by_the_log(registry: Registry, caplog: pytest.LogCaptureFixture) -> None:
    with start_http_server(0, "", registry) as handle:
        assert handle.url == f"http://localhost:{handle.port}"
        assert get(f"http://127.0.0.1:{handle.port}/metrics")[0] == 200
    (said,) = caplog.records
    assert (said.name, said.levelno) == ("tykmetrics", logging.WARNING)
    assert "to anybody" in said.getMessage()
    caplog.clear()
    start_http_server(0, "localhost", registry).close()
    assert caplog.records == []


def test_addresses_that_cannot_be_had_are_errors_with_their_numbers(
    running: server.MetricsServer, registry: Registry
) -> None:
    for number, port, addr in [
        (errno.EADDRINUSE, running.port, None),
        (errno.EADDRNOTAVAIL, 0, "192.0.2.1"),
        (errno.EADDRNOTAVAIL, 0, "no.such.host.invalid"),
    ]:
        with pytest.raises(OSError, match=addr or str(port)) as raised:
            start_http_server(port, addr, registry)
        assert raised.value.errno == number
    assert [handle for handle in server._RUNNING if handle._registry is registry] == [running]


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"port": -1}, ValueError, "port is -1: .*from 0 to 65535"),
        ({"port": 65536}, ValueError, "port is 65536"),
        ({"port": "x"}, TypeError, "port is .*not 'x'"),
        ({"port": True}, TypeError, "port is .*not True"),
        ({"addr": 1}, TypeError, "addr is a host"),
        ({"path": "metrics"}, ValueError, "path.*metrics"),
        ({"path": "/health"}, ValueError, "path.*/health"),
        ({"limits": {"scrape_timeuot": 1}}, ValueError, r"limits\.scrape_timeuot.*limits\.scrape_timeout"),
        ({"limits": {"connections": 0}}, ValueError, r"limits\.connections cannot be .0.*1 to 100000"),
        ({"limits": 5}, TypeError, "limits is a mapping"),
        ({"config": {"nothing": 1}}, ValueError, "nothing"),
        ({"config": {3: 1}}, TypeError, "called 3"),
        ({"config": {"path": b"/x"}}, TypeError, "path is bytes"),
        ({"config": {"path": "/x"}, "path": "/y"}, ValueError, "path is given twice"),
        (
            {"config": {"limits": {"connections": 1}}, "limits": {"connections": 2}},
            ValueError,
            "connections is given tw",
        ),
        ({"config": {"listen": ":0"}, "port": 0}, ValueError, "listen is given twice"),
        ({"config": {"tls.required": True}}, ValueError, "TLS|tls"),
        ({"basic_auth": "name:password"}, TypeError, "basic_auth is a name and its password"),
        ({"basic_auth": ("a:b", "c")}, ValueError, r"auth\.basic_name"),
        ({"bearer_token": "\udc80hidden"}, ValueError, r"auth\.bearer has what is no Unicode"),
        ({"client_auth_required": True}, ValueError, "client_cafile"),
        ({"client_cafile": "/x", "client_auth_required": False}, ValueError, "client_auth_required is False"),
        ({"registry": object()}, TypeError, "registry is"),
        ({"certfile": "/nowhere.pem"}, ValueError, r"tls\.key"),
        ({"certfile": "/nowhere.pem", "keyfile": "/nowhere.key"}, FileNotFoundError, r"/nowhere\.pem"),
    ],
)
def test_what_is_wrong_raises_what_names_it(given: Any, error: type[Exception], says: str, registry: Registry) -> None:
    if not {"port", "addr", "config"} & set(given):
        given = {"port": 0, **given}
    with pytest.raises(error, match=says) as raised:
        start_http_server(**{"registry": registry, **given})
    assert "hidden" not in str(raised.value)


def test_it_is_a_part_of_the_package() -> None:
    assert {"MetricsServer", "start_http_server"} <= set(tykmetrics.__all__)
    assert tykmetrics.start_http_server is server.start_http_server

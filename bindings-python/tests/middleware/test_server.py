"""`start_http_server`: over real sockets, with TLS, with clients that are slow, many or wrong."""

from __future__ import annotations

import concurrent.futures
import os
import resource
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import prometheus_client.parser
import pytest
import trustme
from servers import connect, exchange

from tykmetrics import Counter, Registry, server, start_http_server
from tykmetrics.prometheus_client.metrics_core import GaugeMetricFamily


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    Counter("seen", "What was seen", registry=registry).inc(7)
    return registry


@pytest.fixture
def running(registry: Registry) -> Iterator[server.MetricsServer]:
    with start_http_server(0, registry=registry) as handle:
        yield handle


class Slow:
    """A collector that is held back."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.release = threading.Event()

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Any:
        self.entered.release()
        self.release.wait(20)
        return [GaugeMetricFamily("slow", "x", value=1)]


def where(handle: server.MetricsServer) -> str:
    return f"127.0.0.1:{handle.port}"


def ask(handle: server.MetricsServer, line: bytes, *fields: bytes) -> bytes:
    return exchange(where(handle), b"\r\n".join([line, *fields, b"", b""]))


def test_it_says_where_it_is(running: server.MetricsServer) -> None:
    assert running.addr == "127.0.0.1"
    assert running.port > 0
    assert running.url == f"http://127.0.0.1:{running.port}/metrics"


def test_metrics_are_read_by_a_parser_of_others(running: server.MetricsServer) -> None:
    answer = httpx.get(running.url)
    assert answer.status_code == 200
    families = list(prometheus_client.parser.text_string_to_metric_families(answer.text))
    assert [(sample.name, sample.value) for family in families for sample in family.samples] == [("seen_total", 7)]
    assert httpx.get(running.url, headers={"accept-encoding": "gzip"}).headers["content-encoding"] == "gzip"
    assert httpx.get(running.url + "?name=x").status_code == 200


def test_paths_and_methods(running: server.MetricsServer) -> None:
    base = f"http://127.0.0.1:{running.port}"
    assert httpx.get(base + "/health").text == "ok\n"
    assert httpx.get(base + "/").status_code == 404
    assert httpx.get(base + "/metrics/x").status_code == 404
    for path in ("/metrics", "/health"):
        refused = httpx.post(base + path, content=b"x" * 100_000)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
        head = httpx.head(base + path, headers={"accept-encoding": "identity"})
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["content-length"]) == len(httpx.get(base + path).content)
    assert httpx.head(base + "/none").status_code == 404


def test_another_path(registry: Registry) -> None:
    with start_http_server(0, registry=registry, path="/internal/numbers") as handle:
        assert httpx.get(handle.url).status_code == 200
        assert httpx.get(f"http://127.0.0.1:{handle.port}/metrics").status_code == 404
    for path in ("metrics", "", "/health"):
        with pytest.raises(ValueError, match="path is"):
            start_http_server(0, registry=registry, path=path)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /metrics HTTP/1.0", b"200"),
        (b"GET http://any/metrics HTTP/1.1", b"200"),
        (b"GET /metrics HTTP/2.0", b"505"),
        (b"GET /metrics", b"400"),
        (b"GET  /metrics HTTP/1.1", b"400"),
        (b"G\xe9T /metrics FTP/1.1", b"400"),
        (b"GET /metrics HTTP/1.1\r\nno colon", b"400"),
        (b"GET /metrics HTTP/1.1\r\nbad : space", b"400"),
        (b"GET /metrics HTTP/1.1\r\nx: " + b"y" * 20_000, b"431"),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1", b"431"),
    ],
)
def test_heads_of_every_kind(head: bytes, status: bytes, running: server.MetricsServer) -> None:
    answer = ask(running, head)
    assert answer.split(b" ")[1] == status
    assert b"\r\nConnection: close\r\n" in answer


def test_a_head_that_comes_byte_by_byte(running: server.MetricsServer) -> None:
    with connect(where(running)) as connection:
        for byte in b"GET /health HTTP/1.1\nHost: a\n\n":
            connection.sendall(bytes([byte]))
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_slow_client_is_sent_away_and_disturbs_nobody(
    running: server.MetricsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.3)
    with connect(where(running)) as slow:
        slow.sendall(b"GET /met")
        assert httpx.get(running.url).status_code == 200
        assert slow.recv(1000).startswith(b"HTTP/1.1 408")


def test_a_trickling_client_has_one_deadline_and_not_one_per_byte(
    running: server.MetricsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.3)
    with connect(where(running)) as slow:
        slow.settimeout(0.05)
        answer = b""
        for _ in range(400):
            try:
                slow.sendall(b"x")
                answer = slow.recv(1000)
                break
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408")


def test_a_client_that_does_not_read_is_let_go(monkeypatch: pytest.MonkeyPatch, eventually: Any) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.3)
    registry = Registry()
    counter = Counter("many", "x", ["x"], registry=registry)
    for x in range(20_000):
        counter.labels(f"{x:0>500}").inc()
    with start_http_server(0, registry=registry) as handle, connect(where(handle)) as slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        eventually(lambda: len(handle._answering) == 1)
        eventually(lambda: len(handle._answering) == 0)


def test_many_scrapes_at_once_are_all_answered(running: server.MetricsServer) -> None:
    def scrape(_: int) -> str:
        return httpx.get(running.url, timeout=30).text

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(scrape, range(200)))
    assert len(answers) == 200
    assert all("seen_total 7" in answer for answer in answers)


def test_connections_are_bounded(
    running: server.MetricsServer, monkeypatch: pytest.MonkeyPatch, eventually: Any
) -> None:
    monkeypatch.setattr(server, "CONNECTIONS", 3)
    idle = [connect(where(running)) for _ in range(3)]
    eventually(lambda: len(running._answering) == 3)
    assert exchange(where(running), b"").startswith(b"HTTP/1.1 503")
    for connection in idle:
        connection.close()
    eventually(lambda: len(running._answering) == 0)
    assert httpx.get(running.url).status_code == 200


def test_renders_at_once_are_bounded(registry: Registry, eventually: Any) -> None:
    slow = Slow()
    registry.register(slow)
    with (
        start_http_server(0, registry=registry) as handle,
        concurrent.futures.ThreadPoolExecutor(10) as pool,
    ):
        scrapes = [pool.submit(httpx.get, handle.url, timeout=30) for _ in range(10)]
        eventually(lambda: len(handle._answering) == 10)
        for _ in range(server.RENDERS):
            assert slow.entered.acquire(timeout=20)
        assert not slow.entered.acquire(timeout=0.1)
        assert httpx.get(f"http://127.0.0.1:{handle.port}/health").text == "ok\n"
        slow.release.set()
        assert [scrape.result().status_code for scrape in scrapes] == [200] * 10


def test_closing_lets_a_running_scrape_finish_and_frees_the_port(registry: Registry) -> None:
    slow = Slow()
    registry.register(slow)
    handle = start_http_server(0, registry=registry)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        scrape = pool.submit(httpx.get, handle.url, timeout=30)
        assert slow.entered.acquire(timeout=20)
        closing = pool.submit(handle.close)
        while True:  # Until the port is free, which is before the scrape is over.
            try:
                again = socket.create_server(("127.0.0.1", handle.port))
                break
            except OSError:
                time.sleep(0.01)
        assert not closing.done()
        slow.release.set()
        assert "slow 1" in scrape.result().text
        closing.result(20)
    again.close()
    handle.close()
    assert "closed" in repr(handle)


def test_closing_does_not_wait_for_who_has_not_asked(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, eventually: Any
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 1000.0)
    handle = start_http_server(0, registry=registry)
    with connect(where(handle)) as idle, connect(where(handle)) as half:
        half.sendall(b"GET /metr")
        eventually(lambda: len(handle._reading) == 2)
        handle.close(timeout=20)
        assert handle._answering == set()
        assert idle.recv(100) == half.recv(100) == b""


def test_a_scrape_may_close_its_server(registry: Registry) -> None:
    class Closing:
        def describe(self) -> list[Any]:
            return []

        def collect(self) -> Any:
            handle.close()
            return [GaugeMetricFamily("closing", "x", value=1)]

    registry.register(Closing())
    handle = start_http_server(0, registry=registry)
    assert "closing 1" in httpx.get(handle.url).text
    handle.close()


def test_without_file_descriptors_it_waits_and_goes_on(registry: Registry, eventually: Any) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with start_http_server(0, registry=registry) as handle:
        lowest = os.open(os.devnull, os.O_RDONLY)
        # One more, for the client's end of the connection.
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 1, hard))
        try:
            os.close(lowest)
            with connect(where(handle)) as connection:
                connection.sendall(b"GET /health HTTP/1.1\r\n\r\n")
                time.sleep(0.2)  # For it to try in vain.
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_port_of_a_closed_server_can_be_taken_at_once(registry: Registry) -> None:
    first = start_http_server(0, registry=registry)
    httpx.get(first.url)
    first.close()
    with start_http_server(first.port, registry=registry) as second:
        assert second.port == first.port
        assert httpx.get(second.url).status_code == 200


def test_a_taken_port_is_an_error(running: server.MetricsServer, registry: Registry) -> None:
    with pytest.raises(OSError, match=r"[Aa]ddress"):
        start_http_server(running.port, registry=registry)


def test_a_forked_child_does_not_keep_the_port(registry: Registry) -> None:
    handle = start_http_server(0, registry=registry)
    ready, told = os.pipe()
    ended, end = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Of threads at a fork: it is what is tested.
        child = os.fork()
    if child == 0:
        os.write(told, b"x")
        os.close(end)
        os.read(ended, 1)
        os._exit(0)
    try:
        assert os.read(ready, 1) == b"x"
        assert httpx.get(handle.url).status_code == 200
        handle.close()
        socket.create_server(("127.0.0.1", handle.port)).close()
    finally:
        os.close(end)
        os.waitpid(child, 0)


def test_a_collector_that_fails_does_not_end_the_scrape(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", lambda failure: failures.append(failure.exc_type))

    class Failing:
        def describe(self) -> list[Any]:
            return []

        def collect(self) -> Any:
            raise RuntimeError("on purpose")

    registry.register(Failing())
    with start_http_server(0, registry=registry) as handle:
        answer = httpx.get(handle.url)
    assert (answer.status_code, "seen_total 7" in answer.text) == (200, True)
    assert failures == [RuntimeError]


def test_a_failing_render_is_a_500(
    running: server.MetricsServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object) -> Any:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(server, "answer", fail)
    answer = httpx.get(running.url)
    assert answer.status_code == 500
    assert "on purpose" not in answer.text
    assert "on purpose" in caplog.text


def test_beyond_loopback_without_tls_it_warns(registry: Registry) -> None:
    with pytest.warns(RuntimeWarning, match="certfile") as caught:
        handle = start_http_server(0, "0.0.0.0", registry)
    with handle:
        assert caught[0].filename == __file__
        assert handle.url == f"http://127.0.0.1:{handle.port}/metrics"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        start_http_server(0, "127.0.0.1", registry).close()
        start_http_server(0, "localhost", registry).close()


def test_where_the_warning_is_an_error_nothing_is_served(registry: Registry) -> None:
    with socket.create_server(("0.0.0.0", 0)) as found:
        port = found.getsockname()[1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match=f"127.0.0.1:{port}"):
            start_http_server(port, "0.0.0.0", registry)
    socket.create_server(("0.0.0.0", port)).close()
    assert not any(thread.name == "tykmetrics-http" for thread in threading.enumerate())


def test_ipv6(registry: Registry) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:  # The machine has none, and then neither have we.
        with pytest.raises(OSError):
            start_http_server(0, "::1", registry)
        return
    with start_http_server(0, "::1", registry) as handle:
        assert handle.url == f"http://[::1]:{handle.port}/metrics"
        assert httpx.get(handle.url).status_code == 200


class Papers:
    """Certificates of an authority: the server's and a client's, and those of a stranger."""

    def __init__(self, folder: Path) -> None:
        authority, stranger = trustme.CA(), trustme.CA()
        self.authority = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.authority)
        self.server = self._written(authority.issue_cert("127.0.0.1"), folder / "server")
        self.client = self._written(authority.issue_cert("client@example.org"), folder / "client")
        self.stranger = self._written(stranger.issue_cert("client@example.org"), folder / "stranger")

    @staticmethod
    def _written(cert: trustme.LeafCert, stem: Path) -> tuple[str, str]:
        certfile, keyfile = f"{stem}.pem", f"{stem}.key"
        for blob in cert.cert_chain_pems:
            blob.write_to_path(certfile, append=True)
        cert.private_key_pem.write_to_path(keyfile)
        return certfile, keyfile

    def context(self, papers: tuple[str, str] | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority))
        if papers is not None:
            context.load_cert_chain(*papers)
        return context


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers(tmp_path_factory.mktemp("papers"))


def test_tls(registry: Registry, papers: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 2.0)
    certfile, keyfile = papers.server
    with start_http_server(0, registry=registry, certfile=certfile, keyfile=keyfile) as handle:
        assert handle.url == f"https://127.0.0.1:{handle.port}/metrics"
        assert "seen_total 7" in httpx.get(handle.url, verify=papers.context()).text
        # Who does not speak TLS gets nothing, and one who stays silent disturbs nobody.
        try:
            answer = exchange(where(handle), b"GET /metrics HTTP/1.1\r\n\r\n")
        except ConnectionResetError:
            answer = b""
        assert not answer.startswith(b"HTTP")
        with connect(where(handle)):
            assert httpx.get(handle.url, verify=papers.context()).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(handle.url)


def test_tls_beyond_loopback_does_not_warn(registry: Registry, papers: Papers) -> None:
    certfile, keyfile = papers.server
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        start_http_server(0, "0.0.0.0", registry, certfile=certfile, keyfile=keyfile).close()


def test_clients_need_a_certificate_of_the_authority(registry: Registry, papers: Papers) -> None:
    certfile, keyfile = papers.server
    with start_http_server(
        0, registry=registry, certfile=certfile, keyfile=keyfile, client_cafile=str(papers.authority)
    ) as handle:
        assert "seen_total 7" in httpx.get(handle.url, verify=papers.context(papers.client)).text
        for context in (papers.context(), papers.context(papers.stranger)):
            with pytest.raises(httpx.TransportError):
                httpx.get(handle.url, verify=context)


def test_half_of_a_tls_configuration_is_refused(registry: Registry, papers: Papers) -> None:
    with pytest.raises(ValueError, match="certfile"):
        start_http_server(0, registry=registry, keyfile=papers.server[1])
    with pytest.raises(ValueError, match="certfile"):
        start_http_server(0, registry=registry, client_cafile=str(papers.authority))
    with pytest.raises(OSError):
        start_http_server(0, registry=registry, certfile="/nowhere.pem", keyfile="/nowhere.key")


@pytest.mark.parametrize(("port", "error"), [(-1, ValueError), (65536, ValueError), ("x", TypeError)])
def test_a_port_that_is_none_is_refused(port: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="port is .*from 0 to 65535"):
        start_http_server(port)

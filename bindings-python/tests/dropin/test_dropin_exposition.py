"""From a registry to bytes: the choice of a format, errors, files, WSGI, ASGI and http.server."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Callable, Iterable
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import prometheus_client as peer
import pytest
from http_get import get

from tykmetrics.prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    MetricsHandler,
    generate_latest,
    make_asgi_app,
    make_wsgi_app,
    write_to_textfile,
)
from tykmetrics.prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, Sample
from tykmetrics.prometheus_client.exposition import choose_encoder, gzip_accepted
from tykmetrics.prometheus_client.openmetrics import exposition as openmetrics

ACCEPTS = [
    None,
    "",
    "*/*",
    "text/plain",
    "text/plain;version=0.0.4",
    "text/plain; version=1.0.0",
    "text/plain; version=1.0.0; escaping=allow-utf-8",
    "text/plain; version=1.0.0; escaping=values",
    "text/plain; version=1.0.0; escaping=nonsense",
    "application/openmetrics-text",
    "application/openmetrics-text; version=0.0.1",
    "application/openmetrics-text; version=0.0.1, text/plain; version=1.0.0",
    "application/openmetrics-text; version=1.0.0",
    "application/openmetrics-text; version=1.0.0; escaping=dots",
    "application/openmetrics-text; version=2.0.0; escaping=allow-utf-8",
    "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
    "text/html, application/openmetrics-text ; charset=utf-8",
]


@pytest.fixture
def filled(registry: CollectorRegistry) -> CollectorRegistry:
    """Return a registry with a metric of ours and a collector of somebody's, names of all sorts."""

    class Collector:
        def collect(self) -> Iterable[Metric]:
            counter = CounterMetricFamily("dotted.name", "help", labels=["odd label", "plain"])
            counter.add_metric(['quote"', "back\\slash\nline"], 3, created=1.5)
            return [counter, GaugeMetricFamily("g", "two\nlines", 1)]

    Gauge("native", "help", ["a"], registry=registry).labels("b").set(2)
    registry.register(Collector())
    return registry


def encoded_by(module: Any, accept: str | None, registry: Any) -> tuple[str, bytes]:
    encoder, content_type = module.choose_encoder(accept)
    return content_type, encoder(registry)


@pytest.mark.parametrize("accept", ACCEPTS)
def test_an_accept_header_gives_what_prometheus_client_gives(accept: str | None, filled: CollectorRegistry) -> None:
    mine = encoded_by(prometheus_client_of_ours(), accept, filled)
    assert mine == encoded_by(peer.exposition, accept, filled)


def prometheus_client_of_ours() -> Any:
    from tykmetrics.prometheus_client import exposition

    return exposition


def test_a_version_that_is_none_is_not_an_error(filled: CollectorRegistry) -> None:
    for accept in ("text/plain; version=latest", "application/openmetrics-text; version=one"):
        encoder, content_type = choose_encoder(accept)
        assert content_type == "text/plain; version=0.0.4; charset=utf-8"
        assert encoder(filled).startswith(b"# HELP")


@pytest.mark.parametrize("escaping", ["allow-utf-8", "underscores", "dots", "values"])
def test_texts_are_those_of_prometheus_client(escaping: str, filled: CollectorRegistry) -> None:
    assert generate_latest(filled, escaping) == peer.generate_latest(filled, escaping)  # type: ignore[arg-type]
    assert openmetrics.generate_latest(filled, escaping) == peer.exposition.openmetrics.generate_latest(
        filled, escaping
    )


@pytest.mark.parametrize(
    "name", ["plain", "with:colon", "9nine", "dots.and_lines", "ü", "花火", "a b", "", "__reserved"]
)
@pytest.mark.parametrize("escaping", ["allow-utf-8", "underscores", "dots", "values", "none"])
def test_names_are_escaped_as_prometheus_client_escapes_them(name: str, escaping: str) -> None:
    theirs = peer.exposition.openmetrics
    assert openmetrics.escape_metric_name(name, escaping) == theirs.escape_metric_name(name, escaping)
    assert openmetrics.escape_label_name(name, escaping) == theirs.escape_label_name(name, escaping)


@pytest.mark.parametrize(
    ("labels", "value", "error"),
    [({}, None, TypeError), ({}, "x", ValueError), ({}, [], TypeError), ({"a": None}, 1, AttributeError)],
)
@pytest.mark.parametrize("encode", [generate_latest, openmetrics.generate_latest])
def test_an_error_has_the_family_as_its_last_argument(
    encode: Callable[[Any], bytes], labels: Any, value: Any, error: type[Exception]
) -> None:
    family = Metric("m", "help", "gauge")
    family.samples = [Sample("m", {}, 1.0), Sample("m", labels, value)]

    class Collector:
        def collect(self) -> Iterable[Metric]:
            return [family]

    with pytest.raises(error) as raised:
        encode(Collector())
    assert raised.value.args[-1] is family


def test_an_error_of_a_collector_is_its_own() -> None:
    class Broken:
        def collect(self) -> Iterable[Metric]:
            yield GaugeMetricFamily("g", "help", 1)
            raise LookupError("gone")

    with pytest.raises(LookupError) as raised:
        generate_latest(Broken())
    assert raised.value.args == ("gone",)


def test_anything_with_collect_can_be_exposed() -> None:
    class Bare:
        def collect(self) -> Iterable[Metric]:
            yield GaugeMetricFamily("g", "help", 1)

    assert generate_latest(Bare()) == b"# HELP g help\n# TYPE g gauge\ng 1.0\n"


def test_created_samples_are_switched_off_and_on_between_scrapes(program: Callable[..., str]) -> None:
    source = """
        from tykmetrics.prometheus_client import *
        from tykmetrics.prometheus_client import metrics
        registry = CollectorRegistry()
        Counter("c", "help", registry=registry).inc()
        Summary("s", "help", registry=registry).observe(1)
        Histogram("h", "help", registry=registry).observe(1)
        for switch in (lambda: None, disable_created_metrics, enable_created_metrics):
            switch()
            print(generate_latest(registry).count(b"_created "), metrics._use_created)
    """
    # A family of `_created` gauges is a HELP line, a TYPE line and a sample.
    assert program(source).split("\n")[:3] == ["9 True", "0 False", "9 True"]
    assert program(source, PROMETHEUS_DISABLE_CREATED_SERIES="True").split("\n")[:3] == ["0 False", "0 False", "9 True"]


def test_a_text_file_is_replaced_as_a_whole(registry: CollectorRegistry, tmp_path: Path) -> None:
    path = tmp_path / "own.prom"
    path.write_text("old")
    gauge = Gauge("dotted.name", "help", registry=registry)
    gauge.set(1)
    write_to_textfile(str(path), registry)
    assert path.read_bytes() == b'# HELP "dotted.name" help\n# TYPE "dotted.name" gauge\n{"dotted.name"} 1.0\n'
    write_to_textfile(str(path), registry, escaping="underscores", tmpdir=str(tmp_path))
    assert path.read_bytes().endswith(b"dotted_name 1.0\n")
    assert [found.name for found in tmp_path.iterdir()] == ["own.prom"]


def test_a_text_that_cannot_be_written_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    class Broken:
        def collect(self) -> Iterable[Metric]:
            raise LookupError("gone")

    path = tmp_path / "own.prom"
    path.write_text("old")
    with pytest.raises(LookupError):
        write_to_textfile(str(path), Broken())
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["own.prom"]


def ask_wsgi(app: Any, **environ: str) -> tuple[str, dict[str, str], bytes]:
    answer: list[Any] = []
    full = {"REQUEST_METHOD": "GET", "PATH_INFO": "/metrics", **environ}
    body = b"".join(app(full, lambda status, headers: answer.extend((status, dict(headers)))))
    return answer[0], answer[1], body


WSGI_REQUESTS: list[dict[str, str]] = [
    {},
    {"PATH_INFO": "/anything"},
    {"PATH_INFO": "/favicon.ico"},
    {"REQUEST_METHOD": "OPTIONS"},
    {"REQUEST_METHOD": "POST"},
    {"REQUEST_METHOD": "HEAD"},
    {"QUERY_STRING": "name[]=g&name[]=native"},
    {"QUERY_STRING": "name%5B%5D=nothing"},
    {"HTTP_ACCEPT": "application/openmetrics-text; version=1.0.0"},
]


@pytest.mark.parametrize("request_", WSGI_REQUESTS, ids=str)
def test_a_wsgi_application_answers_as_prometheus_clients(request_: dict[str, str], filled: CollectorRegistry) -> None:
    mine, theirs = make_wsgi_app(filled), peer.make_wsgi_app(filled)  # type: ignore[arg-type]
    assert ask_wsgi(mine, **request_) == ask_wsgi(theirs, **request_)


def test_gzip_is_used_when_it_is_accepted_and_not_disabled(filled: CollectorRegistry) -> None:
    plain = generate_latest(filled)
    status, headers, body = ask_wsgi(make_wsgi_app(filled), HTTP_ACCEPT_ENCODING="br, gzip;q=0.5")
    assert (status, headers["Content-Encoding"], gzip.decompress(body)) == ("200 OK", "gzip", plain)
    _, headers, body = ask_wsgi(make_wsgi_app(filled, disable_compression=True), HTTP_ACCEPT_ENCODING="gzip")
    assert ("Content-Encoding" in headers, body) == (False, plain)
    assert not gzip_accepted("identity")
    assert not gzip_accepted(None)


def test_all_names_of_djangos_parameters_are_taken(filled: CollectorRegistry) -> None:
    from tykmetrics.prometheus_client.exposition import _bake_output

    class QueryDict(dict[str, Any]):
        """Django's, in which [] gives the last of several values."""

        def __getitem__(self, name: str) -> Any:
            return super().__getitem__(name)[-1]

        def getlist(self, name: str) -> Any:
            return super().__getitem__(name)

    _, _, output = _bake_output(filled, None, None, QueryDict({"name[]": ["native", "g"]}), True)
    assert output.decode().splitlines()[-1] == 'native{a="b"} 2.0'


def test_an_asgi_application_answers(filled: CollectorRegistry) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "query_string": b"name[]=native",
        "headers": [
            (b"Accept", b"text/plain"),
            (b"accept", b"application/openmetrics-text"),
            (b"accept-encoding", b"gzip"),
        ],
    }
    asyncio.run(make_asgi_app(filled)(scope, receive, send))  # type: ignore[arg-type]
    start, body = sent
    assert start["status"] == 200
    assert dict(start["headers"])[b"Content-Type"].startswith(b"application/openmetrics-text")
    assert gzip.decompress(body["body"]).endswith(b'native{a="b"} 2.0\n# EOF\n')


def test_a_request_handler_serves_the_registry_it_was_made_for(filled: CollectorRegistry) -> None:
    server = HTTPServer(("127.0.0.1", 0), MetricsHandler.factory(filled))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/metrics?name[]=native"
        status, headers, body = get(url, Accept_Encoding="gzip")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert gzip.decompress(body).endswith(b'native{a="b"} 2.0\n')


def test_exemplars_are_in_openmetrics_alone(registry: CollectorRegistry) -> None:
    Counter("c", "help", registry=registry).inc(2, exemplar={"trace": "abc"})
    Histogram("h", "help", buckets=[1], registry=registry).observe(0.5, {"trace": "def"})
    assert b"trace" not in generate_latest(registry)
    text = openmetrics.generate_latest(registry)
    assert b'c_total 2.0 # {trace="abc"} 2.0 ' in text
    assert b'h_bucket{le="1.0"} 1.0 # {trace="def"} 0.5 ' in text

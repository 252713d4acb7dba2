"""The ASGI and WSGI applications of the package, in real servers, read by parsers that are not ours."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Iterator
from typing import Any

import fastapi
import flask
import httpx
import prometheus_client.openmetrics.parser
import prometheus_client.parser
import pytest
import zstandard
from servers import serving_asgi, serving_wsgi
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import tykmetrics
from tykmetrics import Counter, Registry, make_asgi_app, make_wsgi_app
from tykmetrics.prometheus_client.metrics_core import GaugeMetricFamily


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    counter = Counter("seen", "What was seen", ["x"], registry=registry)
    for x in range(100):
        counter.labels(x).inc(x)
    return registry


@pytest.fixture(params=["asgi", "wsgi", "mounted asgi", "mounted wsgi"])
def url(request: pytest.FixtureRequest, registry: Registry) -> Iterator[str]:
    if request.param == "asgi":
        with serving_asgi(make_asgi_app(registry), lifespan="on") as address:
            yield f"http://{address}/"
    elif request.param == "wsgi":
        with serving_wsgi(make_wsgi_app(registry)) as address:
            yield f"http://{address}/"
    elif request.param == "mounted asgi":
        app = fastapi.FastAPI()
        app.mount("/metrics", make_asgi_app(registry))
        with serving_asgi(app) as address:
            yield f"http://{address}/metrics/"
    else:
        with serving_wsgi(
            DispatcherMiddleware(flask.Flask(__name__), {"/metrics": make_wsgi_app(registry)})
        ) as address:
            yield f"http://{address}/metrics"


def get(url: str, **headers: str) -> httpx.Response:
    """Ask with these headers and no others."""
    with httpx.Client(timeout=20) as client:
        client.headers.clear()
        return client.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})


def total(families: Any) -> float:
    return sum(sample.value for family in families for sample in family.samples if sample.name == "seen_total")


def test_text_without_wishes(url: str) -> None:
    answer = get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "content-encoding" not in answer.headers
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert total(prometheus_client.parser.text_string_to_metric_families(answer.text)) == 4950


def test_openmetrics_as_prometheus_asks_for_it(url: str) -> None:
    answer = get(
        url, accept="application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    )
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert total(prometheus_client.openmetrics.parser.text_string_to_metric_families(answer.text)) == 4950


def test_gzip_and_zstd(url: str) -> None:
    plain = get(url).content
    with httpx.Client(timeout=20) as client:
        for encoding, unpack in (("gzip", gzip.decompress), ("zstd", zstandard.ZstdDecompressor().stream_reader)):
            with client.stream("GET", url, headers={"accept": "*/*", "accept-encoding": encoding}) as answer:
                assert answer.headers["content-encoding"] == encoding
                assert "Accept-Encoding" in answer.headers["vary"]
                raw = b"".join(answer.iter_raw())
            assert int(answer.headers["content-length"]) == len(raw) < len(plain) // 2
            unpacked: Any = unpack(raw)
            assert (unpacked if isinstance(unpacked, bytes) else unpacked.read()) == plain


def test_head_and_other_methods(url: str) -> None:
    head = httpx.head(url, headers={"accept-encoding": "identity"})
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(get(url).content)
    for method in ("POST", "PUT", "DELETE"):
        answer = httpx.request(method, url)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD"


def test_a_scrape_is_rendered_off_the_event_loop() -> None:
    registry = Registry()
    threads: list[int] = []

    class Told:
        def collect(self) -> Any:
            threads.append(threading.get_ident())
            return [GaugeMetricFamily("told", "x", value=1)]

    registry.register(Told())
    sent: list[Any] = []

    async def main() -> int:
        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request"}

        threads.clear()
        await make_asgi_app(registry)({"type": "http", "method": "GET", "headers": []}, receive, send)
        return threading.get_ident()

    loop_thread = asyncio.run(main())
    assert threads
    assert loop_thread not in threads
    assert b"told 1" in sent[1]["body"]


def test_everything_is_part_of_the_package() -> None:
    missing = [name for name in tykmetrics.__all__ if not hasattr(tykmetrics, name)]
    assert missing == []

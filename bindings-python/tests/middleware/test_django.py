"""Django's own middleware and the other two around Django, over real servers, by WSGI and by ASGI."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import django
import httpx
import pytest
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import include, path, re_path
from reading import idle, requests, samples, statuses
from servers import connect, serving_asgi, serving_files, serving_wsgi

from tykmetrics import Registry
from tykmetrics.middleware import asgi, wsgi
from tykmetrics.middleware.django import MetricsMiddleware


def item(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(b"i" * pk, status=201 if request.method == "POST" else 200)


async def item_later(request: HttpRequest, pk: int) -> HttpResponse:
    await asyncio.sleep(0)
    return HttpResponse(b"i" * pk)


def missing(request: HttpRequest, x: str) -> HttpResponse:
    raise Http404


def fails(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(b"y" * 1000 for _ in range(20))


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(Path(__file__).open("rb"))


def endless(request: HttpRequest) -> StreamingHttpResponse:
    def body() -> Iterator[bytes]:
        while True:
            yield b"z" * 10_000

    return StreamingHttpResponse(body())


async def stream_later(request: HttpRequest) -> StreamingHttpResponse:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"y" * 1000

    return StreamingHttpResponse(body())


urls: Any = types.ModuleType("tykmetrics_tests_urls")
urls.urlpatterns = [
    path("items/<int:pk>/", item),
    path("later/<int:pk>/", item_later),
    path("missing/<x>/", missing),
    path("fails/", fails),
    path("stream/", stream),
    path("file/", file),
    path("endless/", endless),
    path("stream-later/", stream_later),
    path("metrics", missing, {"x": ""}),
    re_path(r"^old/(?P<x>\d+)/$", missing),
    path("api/", include([path("items/<int:pk>/", item)])),
]


class Ours(MetricsMiddleware):
    """The middleware with the registry of the test that runs."""


@pytest.fixture
def registry(metrics_registry: Registry) -> Registry:
    sys.modules.setdefault("tykmetrics_tests_urls", urls)
    if not settings.configured:
        settings.configure(
            DEBUG=False,
            ALLOWED_HOSTS=["*"],
            ROOT_URLCONF="tykmetrics_tests_urls",
            SECRET_KEY="of tests",
            MIDDLEWARE=[],
            LOGGING_CONFIG=None,
        )
        django.setup()
    Ours.registry = metrics_registry
    return metrics_registry


EXPECTED = {
    ("/items/<int:pk>/", "200"): 2,
    ("/items/<int:pk>/", "201"): 1,
    ("/later/<int:pk>/", "200"): 1,
    ("/api/items/<int:pk>/", "200"): 1,
    ("/missing/<x>/", "404"): 1,
    ("/old/(?P<x>\\d+)/", "404"): 1,
    ("/fails/", "500"): 1,
    ("/stream/", "200"): 1,
    ("unmatched", "404"): 1,
}


def visit(address: str) -> None:
    with httpx.Client(base_url=f"http://{address}", timeout=20) as client:
        for where in ("items/1", "items/2", "later/3", "api/items/4", "missing/5", "old/6", "fails", "nowhere/7"):
            client.get(f"/{where}/")
        assert client.post("/items/8/", content=b"b" * 150).status_code == 201
        assert client.get("/stream/").content == b"y" * 20_000
        client.get("/metrics")


def check(registry: Registry, eventually: Any) -> None:
    eventually(lambda: sum(requests(registry).values()) == sum(EXPECTED.values()))
    assert statuses(registry) == EXPECTED
    assert requests(registry)["/items/<int:pk>/", "POST"] == 1
    assert samples(registry, "http_response_size_bytes_sum")["/stream/", "GET"] == 20_000
    assert samples(registry, "http_response_size_bytes_sum")["/items/<int:pk>/", "GET"] == 3
    assert samples(registry, "http_request_size_bytes_sum")["/items/<int:pk>/", "POST"] == 150
    assert idle(registry)


def test_as_django_middleware_by_wsgi(registry: Registry, eventually: Any) -> None:
    settings.MIDDLEWARE = [f"{__name__}.Ours"]
    with serving_wsgi(WSGIHandler()) as address:
        visit(address)
        check(registry, eventually)


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
def test_as_django_middleware_by_asgi(registry: Registry, eventually: Any) -> None:
    settings.MIDDLEWARE = [f"{__name__}.Ours"]
    with serving_asgi(ASGIHandler(), lifespan="off") as address:
        visit(address)
        check(registry, eventually)
        assert httpx.get(f"http://{address}/stream-later/").content == b"y" * 20_000
    assert samples(registry, "http_response_size_bytes_sum")["/stream-later/", "GET"] == 20_000


def test_a_client_that_leaves_a_stream_counts_as_499(registry: Registry, eventually: Any) -> None:
    settings.MIDDLEWARE = [f"{__name__}.Ours"]
    with serving_wsgi(WSGIHandler()) as address:
        with connect(address) as connection:
            connection.sendall(b"GET /endless/ HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(100)
        eventually(lambda: statuses(registry) == {("/endless/", "499"): 1})
    assert idle(registry)


def test_the_wsgi_middleware_knows_djangos_routes(registry: Registry, eventually: Any) -> None:
    settings.MIDDLEWARE = []
    with serving_wsgi(wsgi.MetricsMiddleware(WSGIHandler(), registry=registry)) as address:
        visit(address)
        check(registry, eventually)


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
def test_the_asgi_middleware_knows_djangos_routes(registry: Registry, eventually: Any) -> None:
    settings.MIDDLEWARE = []
    app: Any = ASGIHandler()
    with serving_asgi(asgi.MetricsMiddleware(app, registry=registry), lifespan="off") as address:
        visit(address)
        check(registry, eventually)


@pytest.mark.parametrize("place", ["inside", "around"])
def test_a_file_is_sent_by_the_server_itself(place: str, registry: Registry, eventually: Any) -> None:
    settings.MIDDLEWARE = [f"{__name__}.Ours"] if place == "inside" else []
    app: Any = WSGIHandler() if place == "inside" else wsgi.MetricsMiddleware(WSGIHandler(), registry=registry)
    content = Path(__file__).read_bytes()
    with serving_files(app) as (address, handed):
        assert httpx.get(f"http://{address}/file/").content == content
        assert httpx.head(f"http://{address}/file/").headers["content-length"] == str(len(content))
        eventually(lambda: statuses(registry) == {("/file/", "200"): 2})
    assert handed == ["/file/"] * 2
    assert samples(registry, "http_response_size_bytes_sum") == {("/file/", "GET"): len(content), ("/file/", "HEAD"): 0}
    assert idle(registry)


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
@pytest.mark.parametrize("serving", [serving_wsgi, serving_asgi])
def test_a_file_that_is_streamed_counts_what_is_sent(serving: Any, registry: Registry, eventually: Any) -> None:
    settings.MIDDLEWARE = [f"{__name__}.Ours"]
    content = Path(__file__).read_bytes()
    with serving(WSGIHandler()) if serving is serving_wsgi else serving(ASGIHandler(), lifespan="off") as address:
        assert httpx.get(f"http://{address}/file/").content == content
        eventually(lambda: statuses(registry) == {("/file/", "200"): 1})
    assert samples(registry, "http_response_size_bytes_sum") == {("/file/", "GET"): len(content)}
    assert idle(registry)


@pytest.mark.parametrize("offers", [True, False])
def test_a_file_that_is_closed_at_once_counts_as_499_unless_the_server_had_it(offers: bool, registry: Registry) -> None:
    request = HttpRequest()
    request.method = "GET"
    request.META = {"wsgi.file_wrapper": object} if offers else {}
    response: Any = Ours(file)(request)
    assert (response.file_to_stream is not None) is offers
    response.close()
    response.close()
    assert statuses(registry) == {("unmatched", "200" if offers else "499"): 1}
    assert samples(registry, "tykmetrics_instrumentation_errors_total") == {("django",): 0}
    assert idle(registry)

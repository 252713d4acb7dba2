"""Files that a server hands to the kernel: they stay what they are, and count with their Content-Length."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import httpx
import pytest
from reading import idle, requests, samples, statuses
from servers import serving_files

from tykmetrics import Registry
from tykmetrics.middleware import wsgi

SIZE = 300_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.bin"
    path.write_bytes(b"s" * SIZE)
    return path


def test_flask(file: Path, metrics_registry: Registry, eventually: Any) -> None:
    app = flask.Flask(__name__, static_folder=str(file.parent), static_url_path="/static")
    app.wsgi_app = wsgi.MetricsMiddleware(app.wsgi_app, registry=metrics_registry)  # type: ignore[method-assign]
    with serving_files(app) as (address, handed):
        answer = httpx.get(f"http://{address}/static/a.bin")
        assert answer.content == b"s" * SIZE
        assert httpx.head(f"http://{address}/static/a.bin").headers["content-length"] == str(SIZE)
        again = httpx.get(f"http://{address}/static/a.bin", headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
        eventually(lambda: sum(requests(metrics_registry).values()) == 3)
    assert handed == ["/static/a.bin"]
    assert statuses(metrics_registry) == {
        ("/static/<path:filename>", "200"): 2,
        ("/static/<path:filename>", "304"): 1,
    }
    assert samples(metrics_registry, "http_response_size_bytes_sum") == {
        ("/static/<path:filename>", "GET"): SIZE,
        ("/static/<path:filename>", "HEAD"): 0,
    }
    assert idle(metrics_registry)


@pytest.mark.parametrize(
    ("method", "status", "headers", "size"),
    [
        ("GET", "200 OK", [("content-LENGTH", "7")], 7),
        ("GET", "200 OK", [("Content-Length", "1")], 2),
        ("GET", "200 OK", [("X-Length", "7")], 2),
        ("GET", "200 OK", [("Content-Length", "much")], 2),
        ("HEAD", "200 OK", [("Content-Length", "7")], 2),
        ("GET", "304 Not Modified", [("Content-Length", "7")], 2),
    ],
)
def test_its_size_is_the_content_length_unless_more_was_written_or_nothing_is_sent(
    method: str, status: str, headers: list[tuple[str, str]], size: int, metrics_registry: Registry
) -> None:
    class Wrapper:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __iter__(self) -> Iterator[bytes]:
            return iter(self.file.read, b"")

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, headers)(b"ab")
        return Wrapper(io.BytesIO(b"contents"))

    environ = {"REQUEST_METHOD": method, "wsgi.file_wrapper": Wrapper}
    answer: Any = wsgi.MetricsMiddleware(app, registry=metrics_registry)(environ, lambda *_: lambda _: None)
    assert type(answer) is Wrapper
    answer.close()
    assert statuses(metrics_registry) == {("unmatched", status[:3]): 1}
    assert samples(metrics_registry, "http_response_size_bytes_sum") == {("unmatched", method): size}

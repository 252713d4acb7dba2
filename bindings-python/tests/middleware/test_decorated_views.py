"""`track_request` on the views of frameworks: what it takes as their status, and beside the middleware."""

from __future__ import annotations

import asyncio
import http
from typing import Any

import flask
import pytest
import quart
from reading import idle, requests, samples, statuses

from tykmetrics import Registry, track_request
from tykmetrics.middleware.wsgi import MetricsMiddleware

VIEWS: list[tuple[Any, str]] = [
    ("fine", "200"),
    (("no", 503), "503"),
    (("made", 201, {"X-A": "b"}), "201"),
    (("gone", http.HTTPStatus.GONE), "410"),
    (("text", {"X-A": "b"}), "200"),
    (({"a": 1}, 404), "404"),
]


@pytest.mark.parametrize(("answer", "status"), VIEWS)
def test_the_status_in_a_tuple_of_a_flask_view_counts(answer: Any, status: str, metrics_registry: Registry) -> None:
    app = flask.Flask(__name__)

    @app.get("/x")
    @track_request("e", "GET", registry=metrics_registry)
    def view() -> Any:
        return answer

    assert str(app.test_client().get("/x").status_code) == status
    assert statuses(metrics_registry) == {("e", status): 1}


def test_a_response_beside_headers_keeps_its_status(metrics_registry: Registry) -> None:
    app = flask.Flask(__name__)

    @app.get("/x")
    @track_request("e", "GET", registry=metrics_registry)
    def view() -> Any:
        return flask.Response("no", 404), {"X-A": "b"}

    assert app.test_client().get("/x").status_code == 404
    assert statuses(metrics_registry) == {("e", "404"): 1}


def test_the_status_in_a_tuple_of_a_quart_view_counts(metrics_registry: Registry) -> None:
    app = quart.Quart(__name__)

    @app.get("/x")
    @track_request("e", "GET", registry=metrics_registry)
    async def view() -> tuple[str, int]:
        return "no", 503

    async def main() -> None:
        assert (await app.test_client().get("/x")).status_code == 503

    asyncio.run(main())
    assert statuses(metrics_registry) == {("e", "503"): 1}


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (("page", 404), "200"),
        (("page", 404, {}), "200"),
        ((1, 2, 3, 4), "200"),
        (("page", http.HTTPStatus.NOT_FOUND), "404"),
    ],
)
def test_the_tuples_of_functions_that_are_no_views_are_results(
    result: Any, status: str, metrics_registry: Registry
) -> None:
    @track_request("e", "CALL", registry=metrics_registry)
    def find() -> Any:
        return result

    assert find() is result
    assert statuses(metrics_registry) == {("e", status): 1}


@pytest.mark.parametrize("status", [True, 99, 600, 1000, -1])
def test_what_is_no_status_in_a_view_is_none(status: Any, metrics_registry: Registry) -> None:
    @track_request("e", "CALL", registry=metrics_registry)
    def helper() -> Any:
        return "x", status

    with flask.Flask(__name__).test_request_context("/x"):
        helper()
    assert statuses(metrics_registry) == {("e", "200"): 1}


def test_a_decorated_view_inside_of_the_middleware_counts_once_under_each_name(metrics_registry: Registry) -> None:
    app = flask.Flask(__name__)
    app.wsgi_app = MetricsMiddleware(app.wsgi_app, registry=metrics_registry)  # type: ignore[method-assign]

    @app.post("/api/chat")
    @track_request(provider="openai", model="gpt-4", registry=metrics_registry)
    def chat() -> tuple[str, int]:
        return "no", 503

    app.test_client().post("/api/chat")
    assert requests(metrics_registry) == {("/api/chat", "POST"): 1, (chat.__qualname__, "CALL"): 1}
    assert samples(metrics_registry, "provider_errors_total") == {("openai",): 1}
    assert idle(metrics_registry)

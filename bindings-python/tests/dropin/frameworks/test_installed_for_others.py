"""Packages that know only prometheus_client record and expose through the drop-in after `install()`."""

from __future__ import annotations

from collections.abc import Callable

Program = Callable[..., str]

SERVE_ASGI = """
    import threading, time, urllib.request, socket
    from tykmetrics.prometheus_client import install
    install()

    def ask(app, *paths):
        import uvicorn
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        answers = []
        for path in paths:
            with urllib.request.urlopen(f"http://127.0.0.1:{listener.getsockname()[1]}{path}", timeout=30) as response:
                answers.append(response.read().decode())
        server.should_exit = True
        thread.join()
        return answers
"""


def test_prometheus_fastapi_instrumentator_records_in_our_registry(program: Program) -> None:
    program(
        SERVE_ASGI
        + """
    from fastapi import FastAPI
    from prometheus_fastapi_instrumentator import Instrumentator
    app = FastAPI()

    @app.get("/items/{item}")
    def item(item: str) -> str:
        return item

    Instrumentator().instrument(app).expose(app)
    *_, metrics = ask(app, "/items/1", "/items/2", "/metrics")
    assert 'http_requests_total{handler="/items/{item}",method="GET",status="2xx"} 2.0' in metrics, metrics
    from tykmetrics.registry import REGISTRY
    labels = {"handler": "/items/{item}", "method": "GET", "status": "2xx"}
    assert REGISTRY.get_sample_value("http_requests_total", labels) == 2
    """
    )


def test_starlette_exporter_records_in_our_registry(program: Program) -> None:
    program(
        SERVE_ASGI
        + """
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    from starlette_exporter import PrometheusMiddleware, handle_metrics
    app = Starlette(routes=[Route("/hello", lambda request: PlainTextResponse("hello"))])
    app.add_middleware(PrometheusMiddleware, app_name="shop")
    app.add_route("/metrics", handle_metrics)
    *_, metrics = ask(app, "/hello", "/hello", "/hello", "/metrics")
    found = [line for line in metrics.splitlines() if line.startswith("starlette_requests_total") and "hello" in line]
    assert found and found[0].endswith(" 3.0") and 'app_name="shop"' in found[0], metrics
    """
    )


def test_prometheus_flask_exporter_records_in_our_registry(program: Program) -> None:
    program("""
        from tykmetrics.prometheus_client import install
        install()
        from flask import Flask
        from prometheus_flask_exporter import PrometheusMetrics
        app = Flask("shop")
        metrics = PrometheusMetrics(app)
        metrics.info("app_info", "the shop", version="1")

        @app.route("/hello")
        @metrics.counter("hellos", "greetings", labels={"status": lambda response: response.status_code})
        def hello():
            return "hello"

        client = app.test_client()
        for _ in range(3):
            assert client.get("/hello").status_code == 200
        text = client.get("/metrics").get_data(as_text=True)
        assert 'hellos_total{status="200"} 3.0' in text, text
        assert 'app_info{version="1"} 1.0' in text, text
        assert 'flask_http_request_total{method="GET",status="200"} 3.0' in text, text
    """)

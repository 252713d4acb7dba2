"""After `install()` the name prometheus_client means the drop-in, in programs that know nothing of it."""

from __future__ import annotations

from collections.abc import Callable

Program = Callable[..., str]


def test_every_module_is_one_object_under_both_names(program: Program) -> None:
    program("""
        import pkgutil, importlib
        from tykmetrics import prometheus_client as ours
        assert ours.install() is ours
        import prometheus_client
        assert prometheus_client is ours
        modules = [found.name for found in pkgutil.walk_packages(ours.__path__, "prometheus_client.")]
        assert "prometheus_client.openmetrics.parser" in modules and "prometheus_client.twisted" in modules
        for name in modules:
            module = importlib.import_module(name)
            assert module is importlib.import_module("tykmetrics." + name), name
            assert module.__spec__.name == module.__name__ == "tykmetrics." + name, name
    """)


def test_modules_that_need_other_packages_are_imported_when_asked_for(program: Program) -> None:
    program("""
        import sys
        from tykmetrics.prometheus_client import install
        install()
        assert not {"aiohttp", "django", "twisted"} & set(sys.modules)
        from prometheus_client.aiohttp import make_aiohttp_handler
        from prometheus_client.django.exposition import PrometheusDjangoView
        assert "aiohttp" in sys.modules and "django" in sys.modules
        from tykmetrics.prometheus_client.django import PrometheusDjangoView as ours
        assert PrometheusDjangoView is ours
    """)


def test_what_is_patched_under_one_name_is_patched_under_the_other(program: Program) -> None:
    program("""
        from unittest.mock import patch
        from tykmetrics.prometheus_client import install, make_wsgi_app
        install()
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
        with patch("prometheus_client.exposition._bake_output", return_value=("200 OK", [], b"patched")):
            assert make_wsgi_app()(environ, lambda *_: None) == [b"patched"]
    """)


def test_a_module_that_prometheus_client_does_not_have_is_not_found(program: Program) -> None:
    program("""
        from tykmetrics.prometheus_client import install
        install()
        try:
            import prometheus_client.nowhere
        except ModuleNotFoundError as error:
            assert error.name == "prometheus_client.nowhere"
        else:
            raise AssertionError("found")
    """)


def test_installing_twice_is_installing_once(program: Program) -> None:
    program("""
        import sys
        from tykmetrics.prometheus_client import install
        before = len(sys.meta_path)
        assert install() is install()
        assert len(sys.meta_path) == before + 1
    """)


def test_installing_too_late_warns_and_still_installs(program: Program) -> None:
    program("""
        import warnings
        import prometheus_client, prometheus_client.parser
        from tykmetrics import prometheus_client as ours
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ours.install()
        assert [warning.category for warning in caught] == [RuntimeWarning]
        assert "before" in str(caught[0].message)
        import prometheus_client.parser
        assert prometheus_client.parser.__name__ == "tykmetrics.prometheus_client.parser"
    """)


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

"""The drop-in's own views for frameworks, over real sockets."""

from __future__ import annotations

from collections.abc import Callable

Program = Callable[..., str]


def test_every_module_there_is_is_one_object_under_both_names(program: Program) -> None:
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


def test_djangos_view_takes_several_names(program: Program) -> None:
    program("""
        from django.conf import settings
        settings.configure(ALLOWED_HOSTS=["*"])
        import django
        django.setup()
        from django.test import RequestFactory
        from tykmetrics.prometheus_client import CollectorRegistry, Gauge
        from tykmetrics.prometheus_client.django import PrometheusDjangoView
        registry = CollectorRegistry()
        for name in "abc":
            Gauge(name, "help", registry=registry)
        view = PrometheusDjangoView.as_view(registry=registry)
        answer = view(RequestFactory().get("/?name[]=a&name[]=c"))
        assert [line for line in answer.content.decode().splitlines() if line[0] != "#"] == ["a 0.0", "c 0.0"]
        assert view(RequestFactory().options("/"))["Allow"] == "OPTIONS,GET"
        assert b"python_info" in PrometheusDjangoView.as_view()(RequestFactory().get("/")).content
    """)


def test_aiohttps_handler_serves_and_packs(program: Program) -> None:
    program("""
        import asyncio
        from aiohttp import ClientSession, web
        from tykmetrics.prometheus_client import CollectorRegistry, Gauge
        from tykmetrics.prometheus_client.aiohttp import make_aiohttp_handler

        async def main():
            registry = CollectorRegistry()
            for name in "abc":
                Gauge(name, "help" * 100, registry=registry)
            app = web.Application()
            app.router.add_get("/metrics", make_aiohttp_handler(registry))
            runner = web.AppRunner(app)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            async with ClientSession() as session:
                url = f"http://127.0.0.1:{port}/metrics?name[]=a&name[]=c"
                async with session.get(url, headers={"Accept-Encoding": "gzip"}) as answer:
                    assert answer.headers["Content-Encoding"] == "gzip"
                    text = await answer.text()
                    assert [line for line in text.splitlines() if line[0] != "#"] == ["a 0.0", "c 0.0"]
            await runner.cleanup()

        asyncio.run(main())
    """)

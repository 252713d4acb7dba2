"""After `install()` the name prometheus_client means the drop-in, in programs that know nothing of it."""

from __future__ import annotations

from collections.abc import Callable

Program = Callable[..., str]


def test_every_module_is_one_object_under_both_names(program: Program) -> None:
    program("""
        import importlib, sys
        from tykmetrics import prometheus_client as ours
        assert ours.install() is ours
        import prometheus_client
        assert prometheus_client is ours
        import prometheus_client.openmetrics.parser, prometheus_client.bridge.graphite, prometheus_client.core
        from prometheus_client import exposition, multiprocess
        named = [name for name in sys.modules if name.startswith("prometheus_client.")]
        assert len(named) > 15
        for name in named:
            module = importlib.import_module("tykmetrics." + name)
            assert sys.modules[name] is module, name
            assert module.__spec__.name == module.__name__ == "tykmetrics." + name, name
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

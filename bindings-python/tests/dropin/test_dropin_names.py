"""Every public name of prometheus_client is here, and can be called in the same way."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

import prometheus_client as peer
import pytest

import tykmetrics
from tykmetrics import prometheus_client as ours


def importable(module: str) -> bool:
    """Tell whether a module of prometheus_client can be imported here: some need a framework."""
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


FOUND = sorted(found.name for found in pkgutil.walk_packages(peer.__path__, "prometheus_client."))
MODULES = ["prometheus_client", *filter(importable, FOUND)]

# The decorator package that prometheus_client carries along: its machinery is nobody's interface to metrics.
LEFT_OUT = {
    "prometheus_client.decorator": {
        "ContextManager",
        "DEF",
        "FunctionMaker",
        "append",
        "contextmanager",
        "dispatch_on",
        "get_init",
        "init",
        "n_args",
    },
}
# Constants of Python's own modules that prometheus_client's import.
IMPORTED = {"TYPE_CHECKING", "maxunicode"}

# Where users import what is defined elsewhere; in other modules such names are only what those use themselves.
GATHERING = {"prometheus_client", "prometheus_client.core", "prometheus_client.metrics", "prometheus_client.exposition"}

PLAIN = (str, int, float, bool, tuple, frozenset, set, dict, list, re.Pattern)


def public(module: ModuleType) -> dict[str, Any]:
    """Return what a module of prometheus_client gives: what it defines, its constants, and what it gathers."""
    found = {}
    whose = "prometheus_client" if module.__name__ in GATHERING else module.__name__
    for name, value in vars(module).items():
        if name.startswith("_") or name in IMPORTED or isinstance(value, (ModuleType, TypeVar)):
            continue
        own = str(getattr(value, "__module__", None)).startswith(whose)
        if name not in LEFT_OUT.get(module.__name__, ()) and (own or isinstance(value, PLAIN)):
            found[name] = value
    return found


def counterpart(module: str) -> ModuleType:
    return importlib.import_module(f"tykmetrics.{module}")


def parameters(function: Any) -> list[tuple[str, Any, bool]]:
    """Return name, kind and whether there is a default, of every parameter."""
    return [
        (parameter.name, parameter.kind, parameter.default is not parameter.empty)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name != "self"
    ]


def takes_what(function: Any, other: Any) -> bool:
    """Tell whether `function` can be called as `other` can: the same parameters, and more only by name."""
    mine, theirs = parameters(function), parameters(other)
    more = [parameter for parameter in mine if parameter not in theirs]
    return [parameter for parameter in mine if parameter in theirs] == theirs and all(
        kind is inspect.Parameter.KEYWORD_ONLY and default for _, kind, default in more
    )


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_every_public_name(module: str) -> None:
    names = public(importlib.import_module(module))
    assert [name for name in names if not hasattr(counterpart(module), name)] == []


@pytest.mark.parametrize("module", MODULES)
def test_functions_take_the_same_arguments(module: str) -> None:
    for name, value in public(importlib.import_module(module)).items():
        if inspect.isfunction(value) and not inspect.isclass(getattr(counterpart(module), name)):
            assert takes_what(getattr(counterpart(module), name), value), name


@pytest.mark.parametrize("module", MODULES)
def test_classes_have_the_same_methods_with_the_same_arguments(module: str) -> None:
    for name, theirs in public(importlib.import_module(module)).items():
        if not inspect.isclass(theirs) or issubclass(theirs, tuple):
            continue
        mine = getattr(counterpart(module), name)
        for attribute in dir(theirs):
            if attribute.startswith("_") and attribute != "__init__":
                continue
            assert hasattr(mine, attribute), f"{name}.{attribute}"
            value = getattr(theirs, attribute)
            if inspect.isfunction(value) or inspect.ismethod(value):
                assert takes_what(getattr(mine, attribute), value), f"{name}.{attribute}"


@pytest.mark.parametrize("module", MODULES)
def test_constants_are_the_same(module: str) -> None:
    for name, value in public(importlib.import_module(module)).items():
        if isinstance(value, (str, frozenset, dict)) or (isinstance(value, tuple) and name != "__all__"):
            assert getattr(counterpart(module), name) == value, name


def test_tuples_have_the_same_fields_and_defaults() -> None:
    for name in ("Sample", "Exemplar", "NativeHistogram", "BucketSpan"):
        mine, theirs = getattr(ours.samples, name), getattr(peer.samples, name)
        assert mine._fields == theirs._fields
        assert mine._field_defaults == theirs._field_defaults


def test_star_imports_give_the_same_names() -> None:
    assert set(ours.__all__) == set(peer.__all__)
    for module in ("core", "exposition"):
        theirs = importlib.import_module(f"prometheus_client.{module}")
        assert set(counterpart(f"prometheus_client.{module}").__all__) == set(theirs.__all__)


@pytest.mark.parametrize("module", MODULES)
def test_classes_say_that_they_are_of_the_same_module(module: str) -> None:
    for name, value in public(importlib.import_module(module)).items():
        if inspect.isclass(value) and not name.startswith("Encoder"):
            assert getattr(counterpart(module), name).__module__ == value.__module__, name


def test_default_values_of_servers_and_pushes_are_the_same() -> None:
    for name in (
        "start_http_server",
        "start_wsgi_server",
        "push_to_gateway",
        "pushadd_to_gateway",
        "write_to_textfile",
    ):
        mine, theirs = (inspect.signature(getattr(package, name)).parameters for package in (ours, peer))
        plain = (str, int, float, type(None))
        assert {key: mine[key].default for key in mine if isinstance(mine[key].default, plain)} == {
            key: theirs[key].default for key in theirs if isinstance(theirs[key].default, plain)
        }


def test_there_is_one_registry() -> None:
    assert ours.REGISTRY is tykmetrics.registry.REGISTRY
    assert ours.CollectorRegistry is tykmetrics.registry.CollectorRegistry


def test_the_default_registry_has_the_default_collectors() -> None:
    named = {type(collector).__name__ for collector in ours.REGISTRY._collector_to_names}
    assert {"ProcessCollector", "PlatformCollector", "GCCollector"} <= named
    assert ours.REGISTRY.get_sample_value("process_open_fds") is not None


def test_modules_that_an_import_of_prometheus_client_brings_are_there_after_ours(program: Callable[..., str]) -> None:
    program("""
        import inspect
        import prometheus_client
        from tykmetrics import prometheus_client as ours
        modules = [name for name, value in vars(prometheus_client).items() if inspect.ismodule(value)]
        assert "exposition" in modules and "openmetrics" in modules
        for name in modules:
            assert getattr(ours, name).__name__ == "tykmetrics.prometheus_client." + name
            assert name in dir(ours)
        assert ours.openmetrics.exposition.ALLOWUTF8 == "allow-utf-8"
        assert ours.generate_latest is ours.exposition.generate_latest
    """)


def test_what_serves_is_imported_when_it_is_asked_for(program: Callable[..., str]) -> None:
    program("""
        import sys
        before = set(sys.modules)
        from tykmetrics.prometheus_client import Counter, REGISTRY
        assert not {"http.server", "urllib.request", "wsgiref.simple_server"} & (set(sys.modules) - before)
        from unittest import mock
        import tykmetrics.prometheus_client as ours
        original = ours.start_http_server
        with mock.patch("tykmetrics.prometheus_client.start_http_server") as patched:
            assert ours.start_http_server is patched
        assert ours.start_http_server is original
    """)


@pytest.mark.parametrize("module", MODULES)
def test_any_module_can_be_the_first_that_is_imported(module: str, program: Callable[..., str]) -> None:
    program(f"import tykmetrics.{module}")

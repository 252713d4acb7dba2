"""Everything public says what it is for. How it is said, in which mood and with which full stop, is ruff's to judge."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import tykmetrics

# They subclass what their frameworks have, which are not everywhere that these tests run.
OPTIONAL = {"aiohttp", "asgiref", "django", "grpc", "pytest", "twisted"}


def modules():
    """Import every module of the package, but for those whose framework is not here."""
    yield tykmetrics
    for found in pkgutil.walk_packages(tykmetrics.__path__, "tykmetrics."):
        if found.name.endswith(".__main__"):
            continue
        try:
            yield importlib.import_module(found.name)
        except ImportError as error:
            assert error.name and error.name.split(".")[0] in OPTIONAL, f"{found.name}: {error}"


def public(module: ModuleType):
    """Tell what a module has of its own, by name."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    for name in names:
        thing = getattr(module, name)
        if inspect.isclass(thing) or inspect.isroutine(thing):
            origin = getattr(thing, "__module__", None) or ""
            if origin.startswith(("tykmetrics", "prometheus_client")) or module.__name__ == "tykmetrics._native":
                yield f"{module.__name__}.{name}", thing


def members(thing: type):
    """Tell the public methods and properties that a class has of its own."""
    for name, member in vars(thing).items():
        if not name.startswith("_") and (inspect.isroutine(member) or isinstance(member, property)):
            yield name, member


MODULES = list(modules())


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_everything_public_has_a_docstring(module):
    silent = [] if module.__doc__ else [module.__name__]
    for name, thing in public(module):
        if not inspect.getdoc(thing):
            silent.append(name)
        if inspect.isclass(thing):
            silent += [f"{name}.{member}" for member, value in members(thing) if not inspect.getdoc(value)]
    assert not silent


def test_what_a_module_lists_is_there_and_what_it_does_not_list_is_private():
    for module in MODULES:
        listed = getattr(module, "__all__", None)
        if listed is not None:
            assert len(set(listed)) == len(listed), module.__name__
            assert all(hasattr(module, name) for name in listed), module.__name__


def test_a_class_says_so_much_that_help_is_a_help():
    for kind in ("Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"):
        thing = getattr(tykmetrics, kind)
        assert "registry" in str(inspect.signature(thing)), kind
        assert len(inspect.getdoc(thing) or "") > 20, kind


def test_the_walk_sees_what_there_is():
    seen = {name for module in MODULES for name, _ in public(module)}
    assert {"tykmetrics.Counter", "tykmetrics.render", "tykmetrics.track_request", "tykmetrics._native.Counter"} <= seen
    assert len(seen) > 60

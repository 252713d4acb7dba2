"""By which names the classes of this package go.

prometheus_client's users see `prometheus_client.metrics.Counter` in representations, logs and error texts, and rely on
it. Every module here gives its classes those names with `adopt`. A pickle of an instance names the class by where it
truly is, so that it can be read with and without `install`.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

_HOME = "tykmetrics."


def adopt(module: str, peer: str | None = None) -> None:
    """Give the classes that a module defines the name that they have in prometheus_client: there, or in `peer`."""
    for value in vars(sys.modules[module]).values():
        if isinstance(value, type) and value.__module__ == module:
            value.__module__ = peer or module.removeprefix(_HOME)


def blank(module: str, name: str) -> object:
    """Make an empty instance of a class of this package, for a pickle to fill."""
    cls = getattr(importlib.import_module(module), name)
    return cls.__new__(cls)


def build(module: str, name: str, *arguments: Any) -> object:
    """Make an instance of a class of this package from its arguments, for a pickle."""
    return getattr(importlib.import_module(module), name)(*arguments)


def home(cls: type) -> tuple[str, str] | None:
    """Return the module and name under which a class of this package is found, or None for anybody else's class."""
    module = _HOME + cls.__module__
    found = getattr(sys.modules.get(module), cls.__name__, None)
    return (module, cls.__name__) if found is cls else None

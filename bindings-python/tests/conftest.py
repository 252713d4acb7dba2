"""What the tests share: which modules have prometheus_client's API, and programs in processes of their own.

Behaviour that prometheus_client has too is tested on it as well, so that no test asks for something that users do not
know. `library` is each module in turn; `ours` is tykmetrics alone, for what only it promises.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tykmetrics.pytest_plugin import metrics_registry

__all__ = ["metrics_registry"]

LIBRARIES = ("tykmetrics", "tykmetrics.prometheus_client", "prometheus_client")

# A program that hangs is a failed test, not a run without an end.
PATIENCE = 120


def new_registry(library: ModuleType) -> Any:
    """Make a registry of the module's own kind."""
    kind = getattr(library, "CollectorRegistry", None) or library.Registry
    return kind()


def expose(library: ModuleType, registry: Any) -> str:
    """Give what a scraper of the classic text format gets."""
    if hasattr(library, "generate_latest"):
        return library.generate_latest(registry).decode()
    return library.render("text", registry=registry).decode()


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> ModuleType:
    """Every module with prometheus_client's API, that one included."""
    return importlib.import_module(request.param)


@pytest.fixture(params=LIBRARIES[:-1])
def door(request: pytest.FixtureRequest) -> ModuleType:
    """Our two modules, for what prometheus_client does otherwise."""
    return importlib.import_module(request.param)


@pytest.fixture
def registry(request: pytest.FixtureRequest) -> Any:
    """Make a registry of the module that the test asks for."""
    for name in ("library", "door"):
        if name in request.fixturenames:
            return new_registry(request.getfixturevalue(name))
    return new_registry(importlib.import_module("tykmetrics"))


@pytest.fixture
def text(request: pytest.FixtureRequest, registry: Any) -> Callable[[], str]:
    """Give the registry's exposition in the classic text format."""
    name = next((name for name in ("library", "door") if name in request.fixturenames), None)
    library = request.getfixturevalue(name) if name else importlib.import_module("tykmetrics")
    return lambda: expose(library, registry)


@pytest.fixture
def program(tmp_path: Any) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a Python program in a process of its own; the test looks at how it ended and what it said."""

    def run(source: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "program.py"
        file.write_text(textwrap.dedent(source))
        return subprocess.run(
            [sys.executable, *options, str(file)],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            env={**os.environ, **environment},
        )

    return run


@pytest.fixture
def succeeds(program: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., str]:
    """Run a program that must end with code 0 and a silent standard error; its output comes back."""

    def run(source: str, *options: str, **environment: str) -> str:
        ended = program(source, *options, **environment)
        assert (ended.returncode, ended.stderr) == (0, ""), f"{ended.returncode}: {ended.stderr}\n{ended.stdout}"
        return ended.stdout

    return run


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Return what waits until a condition holds. The limit is only there to end a test that fails."""

    def wait(condition: Callable[[], bool]) -> None:
        limit = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < limit, "it never came true"
            time.sleep(0.005)

    return wait

"""Clean environments for the tests of the wheel and the source distribution."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from clean import checked, only


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The wheel."""
    return only("tykmetrics-*.whl")


@pytest.fixture(scope="session")
def sdist() -> Path:
    """The source distribution."""
    return only("tykmetrics-*.tar.gz")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Make a clean environment with one wheel in it, far from the sources; its interpreter comes back."""

    def make(wheel: Path) -> Path:
        folder = tmp_path_factory.mktemp("clean") / "an environment"
        checked(sys.executable, "-m", "venv", "--without-pip", folder)
        python = folder / "bin" / "python"
        pip = ("-m", "pip", "--disable-pip-version-check", "--python", python)
        checked(sys.executable, *pip, "install", "--quiet", "--no-index", "--no-deps", wheel)
        checked(sys.executable, *pip, "check")
        return python

    return make


@pytest.fixture(scope="session")
def python(environment: Callable[[Path], Path], wheel: Path) -> Path:
    """The interpreter of a clean environment with the wheel."""
    return environment(wheel)


@pytest.fixture(scope="session")
def use() -> Callable[[Path, Iterable[str]], str]:
    """Run a program with an interpreter, in a folder that has nothing of ours."""

    def run(python: Path, arguments: Iterable[str]) -> str:
        return checked(python, "-I", *arguments, cwd=Path("/"))

    return run

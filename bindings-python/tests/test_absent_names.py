"""What only the drop-in has: an import from the package itself says where it is."""

from __future__ import annotations

import subprocess
import sys

import pytest

import tykmetrics
import tykmetrics.prometheus_client as drop_in

ELSEWHERE = sorted({*drop_in.__all__, "core", "multiprocess", "parser"} - set(tykmetrics.__all__))


@pytest.mark.parametrize("name", ELSEWHERE)
def test_importing_what_only_the_drop_in_has_says_where_it_is(name: str) -> None:
    with pytest.raises(ImportError, match=f"tykmetrics.prometheus_client.{name}$"):
        exec(f"from tykmetrics import {name}")
    with pytest.raises(AttributeError, match=f"tykmetrics.prometheus_client.{name}$"):
        getattr(tykmetrics, name)
    assert not hasattr(tykmetrics, name)


def test_what_is_nowhere_is_missing_as_ever() -> None:
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        exec("from tykmetrics import nothing")
    with pytest.raises(AttributeError, match="module 'tykmetrics' has no attribute 'nothing'$"):
        getattr(tykmetrics, "nothing")  # noqa: B009 - which is not there


@pytest.mark.parametrize("module", ["exposition", "metrics", "registry", "collectors", "middleware", "requests"])
def test_the_packages_own_modules_are_imported_as_ever(module: str) -> None:
    program = f"from tykmetrics import {module}; print({module}.__name__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == f"tykmetrics.{module}\n"

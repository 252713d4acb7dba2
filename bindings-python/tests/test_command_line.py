"""`python -m tykmetrics`, as a program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import prometheus_client.openmetrics.parser
import prometheus_client.parser
import pytest

import tykmetrics


def run(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "tykmetrics", *arguments]
    return subprocess.run(command, capture_output=True, cwd=folder, timeout=60, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(
        "import tykmetrics\ntykmetrics.Counter('mine', 'x', ['a']).labels('b').inc(3)\n", encoding="utf-8"
    )
    (tmp_path / "broken.py").write_text("raise RuntimeError('on purpose')\n", encoding="utf-8")
    return tmp_path


def test_a_bare_process_has_what_every_process_has() -> None:
    done = run()
    assert (done.returncode, done.stderr) == (0, b"")
    names = {family.name for family in prometheus_client.parser.text_string_to_metric_families(done.stdout.decode())}
    assert {"python_info", "process_resident_memory_bytes", "python_gc_collections"} <= names
    assert "http_requests" not in names


def test_a_module_brings_its_metrics(folder: Path) -> None:
    done = run("-m", "mine", "--format", "openmetrics", folder=folder)
    families = prometheus_client.openmetrics.parser.text_string_to_metric_families(done.stdout.decode())
    (mine,) = [family for family in families if family.name == "mine"]
    assert ("mine_total", {"a": "b"}, 3.0) in [tuple(sample)[:3] for sample in mine.samples]


def test_json_and_protobuf() -> None:
    assert json.loads(run("--format", "json").stdout)
    assert b"python_info" in run("--format", "protobuf").stdout


def test_a_module_that_cannot_be_imported_is_named(folder: Path) -> None:
    for name, why in (("broken", "RuntimeError: on purpose"), ("nowhere", "ModuleNotFoundError")):
        done = run("-m", name, folder=folder)
        assert done.returncode == 1
        assert name in done.stderr.decode()
        assert why in done.stderr.decode()
        assert done.stdout == b""


def test_help_version_and_mistakes() -> None:
    assert b"--format" in run("--help").stdout
    assert run("--version").stdout.decode().strip() == f"tykmetrics {tykmetrics.__version__}"
    assert run("--format", "xml").returncode == 2


def test_a_reader_that_stops_early_is_no_error() -> None:
    command = f"{sys.executable} -m tykmetrics | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=60, check=True)
    assert done.stdout.startswith(b"# HELP")
    assert done.stderr == b""

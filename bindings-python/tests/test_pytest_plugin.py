"""`tykmetrics.testing`, and the fixture of the pytest plugin in a run of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tykmetrics import Counter, Registry
from tykmetrics.testing import sample_value

SUITE = """
from tykmetrics import Counter, REGISTRY
from tykmetrics.testing import sample_value

def test_one(metrics_registry):
    Counter("jobs", "x", registry=metrics_registry).inc()
    assert sample_value("jobs_total", registry=metrics_registry) == 1
    assert metrics_registry is not REGISTRY

def test_another_has_a_fresh_one(metrics_registry):
    assert sample_value("jobs_total", registry=metrics_registry) is None
"""


def test_each_test_has_a_fresh_registry(tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "2 passed" in done.stdout, done.stdout


def test_sample_value_finds_what_a_scrape_shows(metrics_registry: Registry) -> None:
    counter = Counter("jobs", "x", ["kind"], registry=metrics_registry)
    counter.labels("a").inc(2)
    assert sample_value("jobs_total", {"kind": "a"}, metrics_registry) == 2
    assert sample_value("jobs_total", {"kind": "b"}, metrics_registry) is None
    assert sample_value("jobs_total", None, metrics_registry) is None

"""The programs that the documents show parts of run, and print what a reader of the page would look for."""

from __future__ import annotations

from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"

PRINTED = {
    "quick_start.py": [
        'app_requests_total{method="GET",status="200"} 1',
        'app_requests_total{method="POST",status="500"} 1',
        "app_request_duration_seconds_count 1",
        'http_requests_total{endpoint="/api/chat",method="POST"} 1',
        'model_requests_total{model="gpt-4"} 1',
    ],
    "instrumented.py": ["app_jobs_total 1"],
}


@pytest.mark.parametrize("name", PRINTED)
def test_what_the_documents_show_runs(succeeds, name):
    said = succeeds((EXAMPLES / name).read_text()).splitlines()
    assert [line for line in PRINTED[name] if line not in said] == []
    assert said[-2:] == ["# EOF", ""]

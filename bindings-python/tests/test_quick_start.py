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
    "serving.py": ['app_jobs_total{owner="[email]"} 1'],
}


def test_each_worker_of_gunicorn_serves_its_own_numbers(succeeds):
    example = (EXAMPLES / "gunicorn_workers.py").read_text()
    said = succeeds(
        example
        + """
import os, signal, socket, urllib.request
from tykmetrics import Counter

jobs = Counter("jobs_total", "Jobs")  # as with --preload
jobs.inc(100)
with socket.socket() as free, socket.socket() as other:
    free.bind(("127.0.0.1", 0))
    other.bind(("127.0.0.1", 0))
    PORTS = [free.getsockname()[1], other.getsockname()[1]]
done, is_done = os.pipe()
workers = []
for number in (1, 2):
    workers.append(os.fork())
    if workers[-1] == 0:
        signal.alarm(60)  # whatever becomes of the master
        post_fork(None, None)
        jobs.inc(number)
        os.write(is_done, b".")
        signal.pause()
    os.read(done, 1)
for port in PORTS:
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20).read().decode()
    print([line for line in text.splitlines() if line.startswith("jobs_total")])
for worker in workers:
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
"""
    )
    assert said == "['jobs_total 1']\n['jobs_total 2']\n"


@pytest.mark.parametrize("name", PRINTED)
def test_what_the_documents_show_runs(succeeds, name):
    said = succeeds((EXAMPLES / name).read_text()).splitlines()
    assert [line for line in PRINTED[name] if line not in said] == []
    assert said[-2:] == ["# EOF", ""] or name == "serving.py"

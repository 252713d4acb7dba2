"""The examples, as programs of their own: what a client did is what they expose."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import prometheus_client.parser

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@contextlib.contextmanager
def running(name: str, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run an example on a free port; give its address as it prints it, and the process."""
    command = [sys.executable, "-u", str(EXAMPLES / name), "--port", "0", *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # What a shell runs in the background ignores it, and so would what the tests run.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    try:
        said = ""
        while (found := re.search(r"http://127\.0\.0\.1:\d+", said)) is None:
            line = process.stdout.readline()
            assert line, f"{name} ended: {said}"
            said += line
        yield found.group(), process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def scrape(url: str) -> dict[str, float]:
    """Read all samples, as `name{label="value"}`, by a parser that is not ours."""
    families: Any = prometheus_client.parser.text_string_to_metric_families(httpx.get(url, timeout=20).text)
    return {
        sample.name + "{" + ",".join(f"{name}={value}" for name, value in sample.labels.items()) + "}": sample.value
        for family in families
        for sample in family.samples
    }


def test_the_fastapi_gateway() -> None:
    with running("fastapi_gateway.py") as (url, _), httpx.Client(base_url=url, timeout=20) as client:
        for _ in range(3):
            assert client.post("/api/chat", json={"message": "abc"}).json() == {"answer": "cba"}
        assert client.post("/api/chat", json={"message": "fail"}).status_code == 502
        assert client.get("/api/models/gpt-4").status_code == 200
        assert client.get("/api/models/other").status_code == 404
        found = scrape(url + "/metrics/")
    assert found["http_requests_total{endpoint=/api/chat,method=POST}"] == 4
    assert found["http_requests_total{endpoint=/api/models/{model},method=GET}"] == 2
    assert found["http_response_status_total{endpoint=/api/chat,status=502}"] == 1
    assert found["http_requests_total{endpoint=openai.complete,method=POST}"] == 2
    assert found["provider_requests_total{provider=openai}"] == found["model_requests_total{model=gpt-4}"] == 2
    assert found["provider_error_rate{provider=openai}"] == 0.5
    assert found["cache_hits_total{}"] == found["cache_misses_total{}"] == 2
    assert found["block_errors_total{block=complete}"] == 1
    assert not any("/metrics" in name for name in found)


def test_the_flask_shop() -> None:
    with running("flask_app.py") as (url, _), httpx.Client(base_url=url, timeout=20) as client:
        for _ in range(2):
            assert client.post("/orders/book").status_code == 201
        assert client.post("/orders/pen").status_code == 201
        assert client.post("/orders/moon").status_code == 404
        assert client.get("/things/pen").json() == {"price": 1.2}
        found = scrape(url + "/metrics")
    assert found["http_requests_total{endpoint=/orders/<thing>,method=POST}"] == 4
    assert found["http_requests_total{endpoint=/things/<thing>,method=GET}"] == 1
    assert found["http_response_status_total{endpoint=/orders/<thing>,status=201}"] == 3
    assert found["shop_sold_total{thing=book}"] == 2
    assert found["shop_order_euros_count{}"] == found["block_duration_seconds_count{block=order}"] == 3
    assert not any("/metrics" in name for name in found)


def test_the_asyncio_worker() -> None:
    with running("asyncio_worker.py", "--jobs", "200") as (url, process):
        assert process.stdout is not None
        while "jobs are done" not in process.stdout.readline():
            pass
        found = scrape(url + "/metrics")
    assert found["http_requests_total{endpoint=worker.job,method=JOB}"] == 200
    assert found["http_request_errors_total{endpoint=worker.job,method=JOB}"] == 20
    assert found["worker_jobs_total{kind=odd,outcome=failed}"] == 20
    assert found["worker_jobs_total{kind=even,outcome=done}"] == 100
    assert found["worker_queue_length{}"] == 0
    assert found["block_duration_seconds_count{block=odd}"] == found["block_duration_seconds_count{block=even}"] == 100
    assert "asyncio_tasks{loop=main}" in found
    assert "python_gc_duration_seconds_count{generation=2}" in found
    assert process.returncode == 0

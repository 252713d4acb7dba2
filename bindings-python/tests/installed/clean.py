"""Where `make wheel` left the wheel and the source distribution, and how commands are run on them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

# What `make wheel` makes.
WHEELS = Path(os.environ.get("TYKMETRICS_WHEELS", REPOSITORY / "target" / "wheels"))

# A build of the whole package from its sources.
PATIENCE = 900


def only(pattern: str) -> Path:
    """Find the one file of this kind among what was built."""
    found = list(WHEELS.glob(pattern))
    assert len(found) == 1, f"{WHEELS} has {found}: run `make wheel`, or set TYKMETRICS_WHEELS"
    return found[0]


def checked(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """Run a command that must succeed, and return what it said."""
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


# What everybody does first: metrics, a decorator, an exposition.
PROGRAM = """
import sys
import tykmetrics

assert sys.prefix in tykmetrics.__file__, tykmetrics.__file__
requests = tykmetrics.Counter("requests_total", "Requests answered", ["method", "status"])
latency = tykmetrics.Histogram("latency_seconds", "Time to answer", buckets=[0.1, 1])
requests.labels("GET", "200").inc()
requests.labels(method="GET", status="200").inc(2)
latency.observe(0.25)


@tykmetrics.track_request(endpoint="/chat", method="POST")
def chat():
    return "answer"


assert chat() == "answer"
text = tykmetrics.render().decode()
for line in (
    'requests_total{method="GET",status="200"} 3',
    'latency_seconds_bucket{le="1"} 1',
    "latency_seconds_count 1",
    'http_requests_total{endpoint="/chat",method="POST"} 1',
):
    assert f"\\n{line}\\n" in text, text
assert tykmetrics.render("openmetrics").endswith(b"# EOF\\n")
print("works")
"""

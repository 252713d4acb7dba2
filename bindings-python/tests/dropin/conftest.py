"""What the tests of the drop-in share.

The real prometheus_client is imported beside it, under its own name, and asked the same questions. What makes that name
mean the drop-in runs in processes of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tykmetrics.prometheus_client import CollectorRegistry, start_http_server

# A program that hangs is a failed test, not a run without an end.
PATIENCE = 60


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def program() -> Callable[..., str]:
    """Run a program in a process of its own; return what it printed, or fail with what it said."""

    def run(source: str, *options: str, **environment: str) -> str:
        command = [sys.executable, *options, "-c", textwrap.dedent(source)]
        finished = subprocess.run(
            command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return run


@pytest.fixture
def served() -> Iterator[Callable[..., int]]:
    """Start a server on loopback with these arguments; return its port."""
    running: list[tuple[Any, Any]] = []

    def start(*, addr: str = "127.0.0.1", **arguments: Any) -> int:
        server, thread = start_http_server(0, addr, **arguments)
        running.append((server, thread))
        return int(server.server_address[1])

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()

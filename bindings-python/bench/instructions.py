"""Instructions that a service needs for a request, counted by valgrind's cachegrind.

No busy neighbour changes them, as it does requests per second, by more than what is looked for. The order of sets and
the length of searches in dictionaries does, by half a percent, so they are counted with several seeds of the hashes.
They are those of user space: what the kernel does for a request is not among them.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FEW, MANY = 100, 600
"""Requests of two runs, so that what they do not have in common is requests alone."""

REQUEST = b"GET /users/7 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def of_a_request(metrics: str, seeds: int) -> list[float]:
    """Return the instructions of a request to the gateway with these metrics, by seed; none without valgrind."""
    if not shutil.which("valgrind"):
        return []
    both = [(requests, seed) for seed in range(1, seeds + 1) for requests in (MANY, FEW)]
    # As this is no matter of time, two at once.
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda of: _of_a_run(metrics, *of), both))
    return [(many - few) / (MANY - FEW) for many, few in zip(counts[::2], counts[1::2], strict=True)]


def _of_a_run(metrics: str, requests: int, seed: int) -> int:
    """Count a gateway's whole life."""
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", sys.executable]
    program = str(Path(__file__).with_name("gateway.py"))
    environment = dict(os.environ, PYTHONHASHSEED=str(seed))
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [*command, program, metrics], stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment
    )
    assert process.stdout is not None
    _ask(int(process.stdout.readline()), requests)
    _, said = process.communicate()
    found = re.search(r"I\s+refs:\s+([\d,]+)", said)
    if not found:
        raise SystemExit(f"valgrind said:\n{said}")
    return int(found[1].replace(",", ""))


def _ask(port: int, requests: int) -> None:
    """Send requests one after another over one connection."""
    for attempt in range(600):
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=60)
            break
        except ConnectionError:
            if attempt == 599:
                raise
            time.sleep(0.05)
    with connection:
        for _ in range(requests):
            connection.sendall(REQUEST)
            answer = b""
            while not answer.endswith(b"}"):
                part = connection.recv(65536)
                if not part:
                    raise SystemExit("the gateway closed the connection")
                answer += part
            if not answer.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"the gateway answered {answer!r}")

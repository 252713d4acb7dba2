"""A configuration of gunicorn by which each worker serves its own metrics, as each has its own numbers."""

from __future__ import annotations

from tykmetrics import start_http_server

PORTS = range(9100, 9132)  # twice the workers: at a reload the old ones still have theirs


def post_fork(server: object, worker: object) -> None:
    """Serve the metrics of a worker at the first port that is free."""
    for port in PORTS:
        try:
            start_http_server(port)
            return
        except OSError:  # Another worker has it.
            continue

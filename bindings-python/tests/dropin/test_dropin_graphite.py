"""The Graphite bridge, over a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tykmetrics.prometheus_client import CollectorRegistry, Gauge
from tykmetrics.prometheus_client.bridge.graphite import GraphiteBridge


class Graphite:
    """A server that keeps what each connection sent."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.got: list[str] = []
        self.arrived = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("r") as lines:
                self.got.append(lines.read())
            self.arrived.release()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def graphite() -> Iterator[Graphite]:
    server = Graphite()
    yield server
    server.close()


@pytest.fixture
def filled(registry: CollectorRegistry) -> CollectorRegistry:
    gauge = Gauge("size", "help", ["b", "a"], registry=registry)
    gauge.labels("x.y", "ü").set(1.5)
    return registry


def test_labels_become_parts_of_the_name_or_tags(graphite: Graphite, filled: CollectorRegistry) -> None:
    for tags in (False, True):
        GraphiteBridge(graphite.address, filled, _timer=lambda: 12.9, tags=tags).push("pre")
        assert graphite.arrived.acquire(timeout=30)
    assert graphite.got == ["pre.size.a._.b.x_y 1.5 12\n", "pre.size;a=_;b=x_y 1.5 12\n"]


REGULAR = """
    import logging, socket, threading
    from tykmetrics.prometheus_client import CollectorRegistry, Gauge
    from tykmetrics.prometheus_client.bridge.graphite import GraphiteBridge

    registry = CollectorRegistry()
    Gauge("size", "help", registry=registry).set(1.5)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(30)
    address = listener.getsockname()

    def arrived():
        connection, _ = listener.accept()
        with connection, connection.makefile("r") as lines:
            return lines.read()
"""


def test_a_bridge_pushes_again_and_again(program: Callable[..., str]) -> None:
    program(
        REGULAR
        + """
    GraphiteBridge(address, registry).start(interval=0.01)
    assert all(arrived().startswith("size 1.5 ") for _ in range(3))
    """
    )


def test_a_server_that_is_away_does_not_end_regular_pushes(program: Callable[..., str]) -> None:
    program(
        REGULAR
        + """
    failed = threading.Event()

    class Noticing(logging.Handler):
        def emit(self, record):
            assert "Push failed" in record.getMessage()
            failed.set()

    logging.getLogger("tykmetrics").addHandler(Noticing())
    with socket.create_server(("127.0.0.1", 0)) as other:
        nowhere = other.getsockname()
    bridge = GraphiteBridge(nowhere, registry)
    bridge.start(interval=0.01)
    assert failed.wait(30)
    bridge._address = address
    assert arrived().startswith("size 1.5 ")
    """
    )

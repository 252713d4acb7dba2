"""Real servers on loopback, each on a thread of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn


@contextlib.contextmanager
def serving_asgi(app: Any, **options: Any) -> Iterator[str]:
    """Serve an ASGI application by uvicorn; give `host:port`."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.005)
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield f"{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@contextlib.contextmanager
def serving_wsgi(app: Any, **options: Any) -> Iterator[str]:
    """Serve a WSGI application by Werkzeug's threaded server; give `host:port`."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Silent(WSGIRequestHandler):
        def log(self, *args: Any) -> None: ...

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent, **options)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()


def connect(address: str) -> socket.socket:
    """Open a connection to `host:port`."""
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=20)


def exchange(address: str, request: bytes) -> bytes:
    """Send bytes and return all that is answered until the server closes."""
    with connect(address) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer

"""Real servers on loopback, each on a thread of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import wsgiref.simple_server
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


@contextlib.contextmanager
def serving_files(app: Any) -> Iterator[tuple[str, list[str]]]:
    """Serve a WSGI application by a server that hands files to the kernel; give `host:port` and what it handed over."""
    handed: list[str] = []

    class Handing(wsgiref.simple_server.ServerHandler):
        def sendfile(self) -> bool:
            self.send_headers()
            if self.environ["REQUEST_METHOD"] != "HEAD":
                self.request_handler.connection.sendfile(self.result.filelike)  # type: ignore[attr-defined]
            handed.append(self.environ["PATH_INFO"])
            return True

    class Silent(wsgiref.simple_server.WSGIRequestHandler):
        def handle(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if self.parse_request():
                handler = Handing(self.rfile, self.wfile, self.get_stderr(), self.get_environ())  # type: ignore[arg-type]
                handler.request_handler = self
                handler.run(self.server.get_app())  # type: ignore[attr-defined]

        def log_message(self, *args: object) -> None: ...

    server = wsgiref.simple_server.make_server("127.0.0.1", 0, app, handler_class=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", handed
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

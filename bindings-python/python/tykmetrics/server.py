"""The endpoint for a process that serves nothing else: `start_http_server`.

What lives here: a listener on a thread of its own and what answers one connection. Promised: at most `CONNECTIONS` at
once, `RENDERS` of them rendering; no client holds a thread longer than its deadlines; one request a connection;
`close()` frees the port and lets a running scrape finish; a forked child does not keep the port. Absent: keep-alive,
HTTP/2 and authentication other than client certificates.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import selectors
import socket
import ssl
import threading
import time
import warnings
import weakref
from typing import TYPE_CHECKING

from tykmetrics.exposition import ALLOWED, Answer, answer, not_allowed, plain
from tykmetrics.registry import REGISTRY

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from tykmetrics.registry import CollectorRegistry

__all__ = ["MetricsServer", "start_http_server"]

CONNECTIONS = 64
"""Connections at once: far above the scrapers that a process has, far below its file descriptors (1024 by default)."""

RENDERS = 4
"""Scrapes that are rendered at once: each holds a whole body in memory."""

HEAD_BYTES = 16 * 1024
"""Size of a request line and headers, as large as common servers let one be."""

HEAD_SECONDS = 5.0
"""Time for the handshake, and again for the head of a request. Prometheus gives up on a scrape after 10 by default."""

BODY_SECONDS = 60.0
"""Time to take the answer: the longest scrape interval that is usual."""

_DRAIN_SECONDS = 1.0
"""Time that a client has to notice the end, so that a reset does not overtake the answer."""

_PAUSE_SECONDS = 0.05
"""Time until a connection is accepted again that could not be: short for a scraper, long for a processor."""

_BACKLOG = 128
"""Connections that wait to be accepted: what the kernel has by default (SOMAXCONN before Linux 5.4)."""

_log = logging.getLogger("tykmetrics")


class _Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, given: Answer) -> None:
        super().__init__(given.status)
        self.given = given


class MetricsServer:
    """A server that was started: where it listens, and how to end it. Made by `start_http_server`."""

    def __init__(
        self, registry: CollectorRegistry, addr: str, port: int, context: ssl.SSLContext | None, path: str
    ) -> None:
        """Listen, and answer on a thread of its own."""
        self._registry = registry
        self._context = context
        self._path = path
        self._listener = _listen(addr, port)
        self._renders = threading.BoundedSemaphore(RENDERS)
        self._lock = threading.Lock()
        self._answering: set[threading.Thread] = set()
        self._reading: set[socket.socket] = set()
        self._closed = False
        self._listener.setblocking(False)
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self.addr = addr
        self._host: str
        self.port: int
        self._host, self.port = self._listener.getsockname()[:2]
        self._thread = threading.Thread(target=self._accept, name="tykmetrics-http", daemon=True)
        self._thread.start()
        _SERVERS.add(self)

    @property
    def url(self) -> str:
        """Return the address of the metrics."""
        host = ipaddress.ip_address(self._host)
        if host.is_unspecified:
            host = ipaddress.ip_address("127.0.0.1" if host.version == 4 else "::1")
        scheme = "http" if self._context is None else "https"
        return f"{scheme}://{f'[{host}]' if host.version == 6 else host}:{self.port}{self._path}"

    def close(self, timeout: float = BODY_SECONDS) -> None:
        """Stop listening, so that the port is free, and wait up to `timeout` seconds for answers under way."""
        with self._lock:
            closed, self._closed = self._closed, True
            answering = self._answering - {threading.current_thread()}
            # Who has not asked yet is not waited for.
            for connection in self._reading:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        if not closed:
            self._wake.send(b"x")
            self._thread.join()
            self._wake.close()
            self._woken.close()
        limit = time.monotonic() + timeout
        for thread in answering:
            thread.join(max(0.0, limit - time.monotonic()))

    def __enter__(self) -> Self:
        """Return the server, which is running."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        return f"<MetricsServer {self.url}{' closed' if self._closed else ''}>"

    def _accept(self) -> None:
        """Accept connections until the server is closed."""
        with self._listener, self._selector:
            while not self._closed:
                self._selector.select()
                try:
                    self._hand_over(self._listener.accept()[0])
                except (BlockingIOError, ConnectionError):
                    continue  # The client is gone already.
                except OSError:
                    # There are no file descriptors left: the connection waits, and so do we.
                    time.sleep(_PAUSE_SECONDS)

    def _hand_over(self, connection: socket.socket) -> None:
        """Have a thread answer a connection, if there may be one more."""
        thread = threading.Thread(target=self._answer, args=(connection,), name="tykmetrics-scrape", daemon=True)
        with self._lock:
            room = len(self._answering) < CONNECTIONS
            if room:
                self._answering.add(thread)
        try:
            if room:
                thread.start()
                return
            if self._context is None:
                connection.setblocking(False)
                connection.send(_bytes(plain(503, "Service Unavailable", "too many scrapes at once"), head=False))
        except (OSError, RuntimeError):  # No thread can be started, or nobody reads.
            with self._lock:
                self._answering.discard(thread)
        connection.close()

    def _answer(self, connection: socket.socket) -> None:
        """Answer the one request of a connection."""
        try:
            with connection:
                self._serve(connection)
        except (OSError, ValueError):
            # The client is gone, too slow, or does not speak TLS.
            return
        except Exception:
            _log.exception("tykmetrics failed to answer a request for metrics")
        finally:
            with self._lock:
                self._answering.discard(threading.current_thread())

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(HEAD_SECONDS)
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with connection:
            head = False
            try:
                method, target, headers = self._asked(connection)
                head = method == "HEAD"
                given = self._given(method, target, headers)
            except _Refused as refused:
                given = refused.given
            _send(connection, _bytes(given, head=head))
            _drain(connection)

    def _asked(self, connection: socket.socket) -> tuple[str, str, dict[str, str]]:
        """Wait for the request, unless the server is closed meanwhile."""
        with self._lock:
            if self._closed:
                raise ConnectionError("the server is closed")
            self._reading.add(connection)
        try:
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            return _request(connection)
        finally:
            with self._lock:
                self._reading.discard(connection)

    def _given(self, method: str, target: str, headers: dict[str, str]) -> Answer:
        """Return the answer to a request."""
        path = target.partition("?")[0]
        if path == "/health":
            return plain(200, "OK", "ok") if method in ALLOWED else not_allowed()
        if path != self._path:
            return plain(404, "Not Found", f"metrics are at {self._path}")
        if method not in ALLOWED:
            return not_allowed()
        try:
            with self._renders:
                return answer(self._registry, headers.get("accept"), headers.get("accept-encoding"))
        except Exception:
            _log.exception("tykmetrics failed to render the metrics")
            return plain(500, "Internal Server Error", "the metrics could not be rendered")


_SERVERS: weakref.WeakSet[MetricsServer] = weakref.WeakSet()


def _leave_to_parent() -> None:
    """Close the listeners that a forked child inherits: nobody there accepts, and the port would stay taken."""
    for server in _SERVERS:
        server._closed = True
        server._answering = set()
        server._reading = set()
        server._lock = threading.Lock()
        server._listener.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def start_http_server(
    port: int = 9090,
    addr: str = "127.0.0.1",
    registry: CollectorRegistry = REGISTRY,
    *,
    certfile: str | None = None,
    keyfile: str | None = None,
    client_cafile: str | None = None,
    path: str = "/metrics",
) -> MetricsServer:
    """Serve the metrics of a registry at `path`, and `/health`, from a thread of its own.

    Returns what was started: it has `.port` (of port 0, the one that was free), `.addr`, `.url` and `.close()`, and is
    a context manager. With `certfile` and `keyfile` it speaks TLS; with `client_cafile` it only answers clients with a
    certificate of these authorities. Beyond loopback and without TLS it warns.

    Raises:
        ValueError: when the path does not begin with a slash, or the files of TLS do not go together.
        OSError: when the port is taken, or the address or a file is not there.
        RuntimeWarning: instead of warning, where warnings are errors; then nothing is served.
    """
    if not path.startswith("/") or path == "/health":
        raise ValueError(f"path is {path!r}: it begins with a slash and is not /health, as '/metrics'")
    context = _context(certfile, keyfile, client_cafile)
    server = MetricsServer(registry, addr, port, context, path)
    if context is None and not ipaddress.ip_address(server._host).is_loopback:
        try:
            warnings.warn(
                f"metrics are served to everyone who reaches {server.url}, in clear: "
                "give certfile and keyfile, or listen on 127.0.0.1",
                RuntimeWarning,
                stacklevel=2,
            )
        except BaseException:
            # Warnings are errors, and nobody gets what could close the server.
            server.close(timeout=0)
            raise
    return server


def _context(certfile: str | None, keyfile: str | None, client_cafile: str | None) -> ssl.SSLContext | None:
    """Return how to speak TLS, or None if no certificate is given."""
    if certfile is None:
        if keyfile is not None or client_cafile is not None:
            raise ValueError("keyfile and client_cafile are of no use without certfile: give the server's certificate")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certfile, keyfile)
    if client_cafile is not None:
        context.load_verify_locations(client_cafile)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _listen(addr: str, port: int) -> socket.socket:
    """Return a socket that listens on this address, of whichever family it is."""
    if not isinstance(port, int):
        raise TypeError(f"port is a number from 0 to 65535, not {port!r}")
    if not 0 <= port <= 65535:
        raise ValueError(f"port is {port}: it is a number from 0 to 65535, and 0 takes one that is free")
    found = socket.getaddrinfo(addr or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, place = found[0]
    return socket.create_server((str(place[0]), port), family=family, backlog=_BACKLOG)


def _request(connection: socket.socket) -> tuple[str, str, dict[str, str]]:
    """Read the head of a request; return its method, its target and its headers."""
    limit = time.monotonic() + HEAD_SECONDS
    head = b""
    while b"\r\n\r\n" not in head and b"\n\n" not in head and len(head) <= HEAD_BYTES:
        remaining = limit - time.monotonic()
        if remaining <= 0:
            raise _Refused(plain(408, "Request Timeout", f"a head is sent within {HEAD_SECONDS:g} s"))
        connection.settimeout(remaining)
        try:
            chunk = connection.recv(4096)
        except TimeoutError:
            raise _Refused(plain(408, "Request Timeout", f"a head is sent within {HEAD_SECONDS:g} s")) from None
        if not chunk:
            raise ConnectionError("the client closed before it asked")
        head += chunk
    head = head.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    if len(head) > HEAD_BYTES:
        raise _Refused(plain(431, "Request Header Fields Too Large", f"a head has at most {HEAD_BYTES} bytes"))
    return _parsed(head.decode("latin-1"))


def _parsed(head: str) -> tuple[str, str, dict[str, str]]:
    """Return the parts of a head (RFC 9112, 3 and 5)."""
    line, *fields = head.split("\n")
    words = line.split(" ")
    if len(words) != 3 or not words[0].isalpha() or not words[2].startswith("HTTP/"):
        raise _Refused(plain(400, "Bad Request", "this is no request of HTTP/1.1"))
    method, target, version = words
    if not version.startswith("HTTP/1."):
        raise _Refused(plain(505, "HTTP Version Not Supported", "speak HTTP/1.1"))
    if "://" in target:  # The absolute form, as proxies send it.
        target = "/" + target.partition("://")[2].partition("/")[2]
    headers: dict[str, str] = {}
    for field in fields:
        name, colon, value = field.partition(":")
        if not colon or not name or name != name.strip():
            raise _Refused(plain(400, "Bad Request", "a header has a name, a colon and a value"))
        known = headers.get(name.lower())
        headers[name.lower()] = value.strip() if known is None else f"{known},{value.strip()}"
    return method, target, headers


def _bytes(given: Answer, *, head: bool) -> bytes:
    """Return an answer as it is sent."""
    lines = [f"HTTP/1.1 {given.status} {given.reason}", *(f"{name}: {value}" for name, value in given.headers)]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + (b"" if head else given.body)


def _send(connection: socket.socket, data: bytes) -> None:
    """Send everything within the time there is for it, however slowly it is taken."""
    limit = time.monotonic() + BODY_SECONDS
    rest = memoryview(data)
    while rest:
        remaining = limit - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the client does not take the answer")
        connection.settimeout(remaining)
        rest = rest[connection.send(rest[: 1 << 16]) :]


def _drain(connection: socket.socket) -> None:
    """Say that this was all, and wait until the client has seen it."""
    connection.settimeout(_DRAIN_SECONDS)
    if isinstance(connection, ssl.SSLSocket):
        connection.unwrap()
        return
    connection.shutdown(socket.SHUT_WR)
    limit = time.monotonic() + _DRAIN_SECONDS
    while connection.recv(4096) and time.monotonic() < limit:
        pass

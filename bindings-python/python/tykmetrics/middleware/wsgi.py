"""Middleware for WSGI: Flask, Django, and any other.

What lives here: `MetricsMiddleware`, and the iterables that it puts around responses (PEP 3333). Promised: bytes,
status, headers, `write`, `exc_info` and `close` pass unchanged, `len()` of what has one and a server's file wrapper
stay, exceptions pass, and a failure of ours is counted (`faults.py`) and breaks nothing. Absent: any import of a
framework.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from tykmetrics.middleware.families import UNMATCHED, declared, http_families, promised
from tykmetrics.middleware.faults import Faults
from tykmetrics.middleware.templates import of_django, of_werkzeug
from tykmetrics.registry import REGISTRY
from tykmetrics.status import ERROR, GONE_AWAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from tykmetrics.registry import CollectorRegistry

__all__ = ["MetricsMiddleware"]


_UNKNOWN = -1
"""The length of a body that no header tells."""

_BODILESS = frozenset({204, 205, 304})
"""RFC 9110, 15.3.5, 15.3.6 and 15.4.5: statuses whose responses have no content."""

_LAYERS = 100
"""Middleware around an application that is looked through: nobody has so many, and a circle ends."""


class MetricsMiddleware:
    """Counts, times and sizes requests: `app.wsgi_app = MetricsMiddleware(app.wsgi_app)` for Flask.

    Records the families of `get_metrics_collector(registry)` and `http_requests_in_flight{method}`,
    `http_request_size_bytes{endpoint,method}` (the request's Content-Length) and
    `http_response_size_bytes{endpoint,method}` (of a file that the server sends by itself, the response's
    Content-Length).

    A handler that is decorated with `track_request` counts beside it, so under a name of its own: with the endpoint and
    the method of the route, each request would count twice.

    The endpoint is the rule of Flask and Werkzeug, Bottle's rule or Django's route, with what was mounted before it,
    and `unmatched` where there is none; never the path. `endpoint` is a function for other frameworks: it gets the
    environ after the application ran, and returns a template or None; if it raises, the request is `unmatched` and the
    failure counted. Methods beyond the standard's are `OTHER`.

    The time ends when the server has taken the last part of the body, which the Content-Length or the `len()` of the
    body may tell before its end does, or closes it. The status is the response's; 500 if the application raises or
    never starts a response; 499 if the server closes the body before its last part, as it does when the client is
    gone, or drops it without closing it. Requests to a path in `skip` are not recorded.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        registry: CollectorRegistry = REGISTRY,
        endpoint: Callable[[WSGIEnvironment], str | None] | None = None,
        skip: Iterable[str] = ("/metrics", "/metrics/"),
        unmatched: str = UNMATCHED,
    ) -> None:
        self.app = app
        self._skip = frozenset(skip)
        self._endpoint = endpoint
        self._unmatched = unmatched
        self._faults = Faults("wsgi", registry)
        self._http = http_families(registry)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request."""
        exchange = self._begin(environ, start_response)
        if exchange is None:
            return self.app(environ, start_response)
        try:
            body = self.app(environ, exchange.start_response)
        except BaseException:
            exchange.finish(ERROR)
            raise
        return exchange.around(body)

    def _begin(self, environ: WSGIEnvironment, start_response: StartResponse) -> _Exchange | None:
        """Return what records this request, or None if nothing does."""
        try:
            if environ.get("PATH_INFO", "") in self._skip:
                return None
            return _Exchange(self, environ, start_response)
        except Exception as error:
            self._faults.caught(error)
            return None

    def _name(self, environ: WSGIEnvironment, rule: str | None) -> str:
        """Return the endpoint of a request whose application ran. One that fails costs the name, not the record."""
        try:
            name = None if self._endpoint is None else self._endpoint(environ)
            if name is None:
                name = rule
            if name is None:
                name = _of_table(self.app, environ)
        except Exception as error:
            self._faults.caught(error)
            return self._unmatched
        return self._unmatched if name is None else name


class _Exchange:
    """A request: what passes through."""

    __slots__ = (
        "_begun",
        "_environ",
        "_headers",
        "_in_flight",
        "_outer",
        "_owner",
        "_rule",
        "_start",
        "length",
        "method",
        "over",
        "sent",
        "status",
    )

    def __init__(self, owner: MetricsMiddleware, environ: WSGIEnvironment, start: StartResponse) -> None:
        self.over = True  # Until it is in flight: `__del__` comes even if something below fails.
        self._owner = owner
        self._environ = environ
        self._start = start
        self._outer = environ.get("SCRIPT_NAME", "")
        self._in_flight = owner._http.in_flight(environ.get("REQUEST_METHOD"))
        self.method = self._in_flight.method
        self.status = 0
        self.sent = 0
        self.length = _UNKNOWN
        self._rule: str | None = None
        self._headers: Iterable[tuple[str, str]] = ()
        self._begun = time.perf_counter()
        self._in_flight.gauge.inc()
        self.over = False

    def __del__(self) -> None:
        """Record a request whose body was dropped, neither taken to its end nor closed, as test clients may do."""
        try:
            if not self.over:
                self.closed()
        except Exception:  # At the interpreter's end the names of this module may be gone.
            return

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        """Pass the status and the headers to the server, and `exc_info` if there is one."""
        start = self._start
        write = start(status, headers) if exc_info is None else start(status, headers, exc_info)
        try:
            self._headers = headers
            self.status = int(status[:3])
            self.length = _length(headers)
            # Now, as Flask forgets the request before it returns.
            self._rule = _of_request(self._environ, self._outer)
        except Exception as error:
            self._owner._faults.caught(error)

        def counted(data: bytes) -> object:
            result = write(data)
            self.add(data)
            return result

        return counted

    def add(self, data: bytes) -> None:
        """Count a part of the body."""
        try:
            self.sent += len(data)
        except Exception as error:
            self._owner._faults.caught(error)

    def around(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """Return the body with what records the request around it."""
        try:
            wrapper = self._environ.get("wsgi.file_wrapper")
            if isinstance(wrapper, type) and isinstance(body, wrapper):
                # The server knows it by its class, and hands the file to the kernel, past us.
                length = next((value for name, value in self._headers if name.lower() == "content-length"), None)
                self.sent = max(self.sent, promised(self.method, self.status, length))
                self._hook(body)
                return body
            if not hasattr(body, "__len__"):
                return _Body(self, body)
            return _Sized(self, body, len(body))  # type: ignore[arg-type]
        except Exception as error:
            self._owner._faults.caught(error)
            return body

    def _hook(self, body: Any) -> None:
        """Record the request when the server closes the file."""
        close = getattr(body, "close", None)

        def closed() -> None:
            try:
                if close is not None:
                    close()
            finally:
                self.finish(self.status or ERROR)

        try:
            body.close = closed
        except AttributeError:
            # A class of the server's own that takes no attributes: what is known now is all that will be.
            self.finish(self.status or ERROR)

    def closed(self) -> None:
        """Record a request whose body ends here: as it was answered if nothing is missing, else as left."""
        # What answers HEAD, and these statuses, has no body, and a server need not ask for it.
        whole = self.method == "HEAD" or self.status in _BODILESS or 0 <= self.length <= self.sent
        self.finish((self.status or ERROR) if whole else GONE_AWAY)

    def finish(self, status: int) -> None:
        """Record the request, the first time it is asked to."""
        if self.over:
            return
        self.over = True
        owner = self._owner
        try:
            seconds = time.perf_counter() - self._begun
            self._in_flight.gauge.dec()
            received = declared(self._environ.get("CONTENT_LENGTH"))
            name = owner._name(self._environ, self._rule)
            owner._http.record(name, self.method, seconds, status, received, self.sent)
        except Exception as error:
            owner._faults.caught(error)


class _Body:
    """A response's body, counted as the server takes it."""

    __slots__ = ("_body", "_exchange", "_iterator", "_left")

    def __init__(self, exchange: _Exchange, body: Iterable[bytes], parts: int = 0) -> None:
        self._exchange = exchange
        self._body = body
        self._iterator: Iterator[bytes] | None = None
        # The last of so many parts takes it to 0; where their number is not known it begins there and never comes back.
        self._left = parts

    def __iter__(self) -> Iterator[bytes]:
        """Begin with the application's own iterator."""
        try:
            self._iterator = iter(self._body)
        except BaseException:
            self._exchange.finish(ERROR)
            raise
        return self

    def __next__(self) -> bytes:
        """Pass on a part of the body."""
        exchange = self._exchange
        try:
            if self._iterator is None:  # Of a server that does not ask for an iterator first.
                self._iterator = iter(self._body)
            data = next(self._iterator)
        except StopIteration:
            exchange.finish(exchange.status or ERROR)
            raise
        except BaseException:
            exchange.finish(ERROR)
            raise
        exchange.add(data)
        self._left -= 1
        # Now, and not when it is asked for more: a client that has all it was promised does not ask.
        if self._left == 0 or 0 <= exchange.length <= exchange.sent:
            exchange.finish(exchange.status or ERROR)
        return data

    def close(self) -> None:
        """Close the application's body, and record the request if it was not taken whole."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        except BaseException:
            self._exchange.finish(ERROR)
            raise
        self._exchange.closed()


class _Sized(_Body):
    """A body whose parts are counted beforehand: servers derive Content-Length from one that has a single part."""

    __slots__ = ()

    def __len__(self) -> int:
        """Return how many parts there are."""
        return len(self._body)  # type: ignore[arg-type]


def _length(headers: list[tuple[str, str]]) -> int:
    """Return the Content-Length of a response."""
    for name, value in headers:
        if name.lower() == "content-length":
            return int(value) if value.isdecimal() else _UNKNOWN
    return _UNKNOWN


def _of_request(environ: WSGIEnvironment, outer: str) -> str | None:
    """Return the rule that took the request, as Werkzeug and Bottle leave it in the environ."""
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None) or environ.get("bottle.route")
    template = getattr(rule, "rule", None)
    if not isinstance(template, str):
        return None
    # What a dispatcher took from the path is one of its own prefixes.
    mounted: str = environ.get("SCRIPT_NAME", "")
    return mounted.removeprefix(outer) + template if mounted.startswith(outer) else template


def _of_table(app: Any, environ: WSGIEnvironment) -> str | None:
    """Return the template by the application's own table, where the environ does not have it."""
    seen = 0
    while hasattr(app, "app") and seen < _LAYERS:
        app = app.app
        seen += 1
    # WSGI has the bytes of a path as Latin-1 (PEP 3333).
    path = environ.get("PATH_INFO", "").encode("latin-1").decode(errors="replace") or "/"
    handlers = sys.modules.get("django.core.handlers.wsgi")
    if handlers is not None and isinstance(app, handlers.WSGIHandler):
        return of_django(path)
    # `application.wsgi_app` is given by those who wrap Flask's method.
    flask = sys.modules.get("flask")
    app = getattr(app, "__self__", app)
    if flask is not None and isinstance(app, flask.Flask):
        return of_werkzeug(app, path, environ.get("REQUEST_METHOD", "GET"))
    return None

"""Django's own middleware, for WSGI and ASGI.

What lives here: `MetricsMiddleware` for the setting `MIDDLEWARE`, as
`"tykmetrics.middleware.django.MetricsMiddleware"`, best the first of the list. It knows the route that Django resolved,
also where a request has a URLconf of its own. Promised: as for `asgi.py` and `wsgi.py`; use one of the three. Absent:
bytes of the wire: the size of a response is that of its content.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

try:
    from asgiref.sync import iscoroutinefunction, markcoroutinefunction
except ImportError as _missing:  # Django brings it.
    raise ImportError("tykmetrics.middleware.django needs Django: pip install Django", name="django") from _missing

from tykmetrics.middleware.families import UNMATCHED, declared, http_families, promised
from tykmetrics.middleware.faults import Faults
from tykmetrics.middleware.templates import django_template
from tykmetrics.registry import REGISTRY
from tykmetrics.status import ERROR, GONE_AWAY, of_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

    from django.http import HttpRequest  # type: ignore[import-untyped, unused-ignore]
    from django.http.response import HttpResponseBase  # type: ignore[import-untyped, unused-ignore]

    from tykmetrics.registry import CollectorRegistry

__all__ = ["MetricsMiddleware"]


class MetricsMiddleware:
    """Counts, times and sizes the requests of a Django project.

    Records what `tykmetrics.middleware.wsgi.MetricsMiddleware` does. The endpoint is the route of `resolver_match`
    (`/items/<int:pk>/`), and `unmatched` where there is none. A streaming response lasts until it is exhausted, and
    counts as 499 if it is closed before. A file that the WSGI server sends by itself (`wsgi.file_wrapper`) lasts until
    the server closes it, and has the size of its Content-Length.

    A registry or paths of one's own are given by a subclass: `registry` and `skip` are attributes.
    """

    sync_capable = True
    async_capable = True

    registry: CollectorRegistry = REGISTRY
    skip: Iterable[str] = ("/metrics", "/metrics/")
    unmatched: str = UNMATCHED

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._faults = Faults("django", self.registry)
        self._http = http_families(self.registry)
        self._skip = frozenset(self.skip)
        self._asynchronous = iscoroutinefunction(get_response)
        if self._asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Serve a request."""
        if self._asynchronous:
            return self._later(request)
        exchange = self._begin(request)
        try:
            response: HttpResponseBase = self.get_response(request)
        except BaseException as error:
            if exchange is not None:
                exchange.finish(of_error(error), 0)
            raise
        return response if exchange is None else exchange.answered(response)

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        """Serve a request of an ASGI server."""
        exchange = self._begin(request)
        try:
            response: HttpResponseBase = await self.get_response(request)
        except BaseException as error:
            if exchange is not None:
                exchange.finish(of_error(error), 0)
            raise
        return response if exchange is None else exchange.answered(response)

    def _begin(self, request: HttpRequest) -> _Exchange | None:
        """Return what records this request, or None if nothing does."""
        try:
            return None if request.path_info in self._skip else _Exchange(self, request)
        except Exception as error:
            self._faults.caught(error)
            return None


class _Exchange:
    """A request of Django's."""

    __slots__ = ("_begun", "_in_flight", "_over", "_owner", "_request")

    def __init__(self, owner: MetricsMiddleware, request: HttpRequest) -> None:
        self._owner = owner
        self._request = request
        self._in_flight = owner._http.in_flight(request.method)
        self._over = False
        self._begun = time.perf_counter()
        self._in_flight.gauge.inc()

    def answered(self, response: HttpResponseBase) -> HttpResponseBase:
        """Record a response, now if it is whole, and at its end if it streams."""
        try:
            if not response.streaming:
                self.finish(response.status_code, len(getattr(response, "content", b"")))
                return response
            streaming: Any = response
            status = response.status_code
            if getattr(response, "file_to_stream", None) is not None and self._request.META.get("wsgi.file_wrapper"):
                # The server is given the file itself, which Django forgets if other content is put in its place.
                size = promised(self._in_flight.method, status, response.headers.get("Content-Length"))
                closed = partial(self.finish, status, size)
            else:
                parts = streaming.streaming_content
                around = self._stream_later if streaming.is_async else self._stream
                streaming.streaming_content = around(parts, status)
                closed = partial(self.finish, GONE_AWAY, 0)
            # `close` of the response comes also if nobody ever asked for the first part.
            streaming._resource_closers.append(closed)
        except Exception as error:
            self._owner._faults.caught(error)
        return response

    def _stream(self, parts: Iterator[bytes], status: int) -> Iterator[bytes]:
        sent = 0
        try:
            for part in parts:
                sent += len(part)
                yield part
        except GeneratorExit:
            self.finish(GONE_AWAY, sent)
            raise
        except BaseException as error:
            self.finish(of_error(error), sent)
            raise
        self.finish(status, sent)

    async def _stream_later(self, parts: AsyncIterator[bytes], status: int) -> AsyncIterator[bytes]:
        sent = 0
        try:
            async for part in parts:
                sent += len(part)
                yield part
        except GeneratorExit:
            self.finish(GONE_AWAY, sent)
            raise
        except BaseException as error:
            self.finish(of_error(error), sent)
            raise
        self.finish(status, sent)

    def finish(self, status: int, sent: int) -> None:
        """Record the request, the first time it is asked to."""
        if self._over:
            return
        self._over = True
        owner = self._owner
        try:
            seconds = time.perf_counter() - self._begun
            self._in_flight.gauge.dec()
            match = self._request.resolver_match
            name = owner.unmatched if match is None else django_template(match.route)
            received = declared(self._request.META.get("CONTENT_LENGTH"))
            owner._http.record(name, self._in_flight.method, seconds, status or ERROR, received, sent)
        except Exception as error:
            owner._faults.caught(error)

"""Middleware for ASGI 3: Starlette, FastAPI, Litestar, Quart, Django, and any other.

What lives here: `MetricsMiddleware`, and what it keeps of one websocket; a request's messages are read by the native
`Exchange`. Promised: messages pass unchanged and in order, exceptions pass, and a failure of ours is counted
(`faults.py`) and breaks nothing. `templates.py` finds the endpoint. Absent: any import of a framework.
"""

from __future__ import annotations

import asyncio
import time
from types import MethodType
from typing import TYPE_CHECKING, Any

from tykmetrics._native import Exchanges
from tykmetrics.metrics import Counter, Gauge
from tykmetrics.middleware.families import UNMATCHED, http_families
from tykmetrics.middleware.faults import Faults
from tykmetrics.middleware.templates import Templates
from tykmetrics.once import once
from tykmetrics.registry import REGISTRY
from tykmetrics.requests import get_metrics_collector
from tykmetrics.status import ERROR, GONE_AWAY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    from tykmetrics._native import Exchange
    from tykmetrics.registry import CollectorRegistry

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

__all__ = ["MetricsMiddleware"]

_SWITCHING = 101
"""RFC 9110, 15.2.2: what a websocket's handshake is answered with."""

_FORBIDDEN = 403
"""ASGI, websockets: what a server answers if the application closes before it accepts."""

_NORMAL = frozenset({None, 1000, 1001, 1005})
"""RFC 6455, 7.4.1: normal closure, going away, and no code at all."""


_OF_PROTOCOL = range(1000, 1016)
"""RFC 6455, 7.4.1, and what IANA's registry has beside it: the codes of the protocol itself."""

_OF_USERS = range(3000, 5000)
"""RFC 6455, 7.4.2: those of libraries (3000 to 3999), and those that applications agree on (4000 to 4999)."""

_PROTOCOL_ERROR = 1002
"""RFC 6455, 7.4.1: what any other code is, as nobody may send it."""


def _of_client(code: Any) -> Any:
    """Return the close code that a client's counts as. It may send any, so those of a range are one label value."""
    if code is None or code in _OF_PROTOCOL:
        return code
    return code // 1000 * 1000 if code in _OF_USERS else _PROTOCOL_ERROR


class _WebsocketFamilies:
    """The websocket families of a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.open = Gauge("websocket_connections_in_flight", "Websockets that are open", registry=registry)
        messages = "Messages of websockets that are over"
        self.messages = Counter("websocket_messages_total", messages, ["endpoint", "direction"], registry=registry)


class MetricsMiddleware:
    """Counts, times and sizes requests: `app.add_middleware(MetricsMiddleware)`, or `MetricsMiddleware(app)`.

    Records the families of `get_metrics_collector(registry)` and `http_requests_in_flight{method}`,
    `http_request_size_bytes{endpoint,method}` (what the application received of the body) and
    `http_response_size_bytes{endpoint,method}`.

    The endpoint is the template of the route, with the root path and the paths of mounts before it, as the framework
    tells it, and `unmatched` where there is none; never the path. `endpoint` is a function for other frameworks: it
    gets the scope after the application ran, and returns a template or None; if it raises, the request is `unmatched`
    and the failure counted. Methods beyond the standard's are `OTHER`. The time ends with the last byte of the body;
    background tasks are not part of it.

    The status is the response's; 500 if the application raises or answers nothing; 499 if it is cancelled, or the
    client is gone before the answer is complete and the application was told so. A websocket has the method
    `WEBSOCKET` and lasts as long as it is open; its status is 101 if it ends normally (closed with 1000, 1001 or no
    code), the other close code if it does not, 403 or the response's own if it was never accepted, 500 if the
    application raises. Close codes are the application's own and, of the client's, 1000 to 1015; what else a client
    sends counts as 3000 (3000 to 3999), 4000 (4000 to 4999) or 1002. `websocket_connections_in_flight` and
    `websocket_messages_total{endpoint,direction}` are beside it.

    Requests to a path in `skip` are not recorded.
    """

    def __init__(
        self,
        app: App,
        *,
        registry: CollectorRegistry = REGISTRY,
        endpoint: Callable[[Scope], str | None] | None = None,
        skip: Iterable[str] = ("/metrics", "/metrics/"),
        unmatched: str = UNMATCHED,
    ) -> None:
        self.app = app
        self._skip = frozenset(skip)
        self._endpoint = endpoint
        self._unmatched = unmatched
        self._templates = Templates(app)
        self._faults = Faults("asgi", registry)
        self._http = http_families(registry)
        self._exchanges = Exchanges(self._skip, self._http.methods, self._http.in_flight)
        self._websockets = once(registry, "websockets", _WebsocketFamilies)
        self._requests = get_metrics_collector(registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection."""
        try:
            exchange = self._exchanges.begin(scope, receive, send)
            websocket = self._websocket(scope, receive, send) if exchange is None else None
        except Exception as error:
            self._faults.caught(error)
            exchange = websocket = None
        if exchange is None:
            await (self.app(scope, receive, send) if websocket is None else websocket.serve())
            return
        try:
            # Methods of the exchange, by their cost half of what functions made here would be.
            await self.app(scope, MethodType(self._receive, exchange), MethodType(self._send, exchange))
        except BaseException as error:
            # Unless the response was complete before.
            if not exchange.over:
                left = exchange.gone or isinstance(error, asyncio.CancelledError)
                self._end(exchange, GONE_AWAY if left else ERROR)
            raise
        if not exchange.over:
            # The application returned without completing the response.
            self._end(exchange, GONE_AWAY if exchange.gone else ERROR)

    async def _receive(self, exchange: Exchange) -> Message:
        """Pass a message to the application."""
        message: Message = await exchange.receive()
        try:
            exchange.receives(message)
        except Exception as error:
            self._faults.caught(error)
        return message

    async def _send(self, exchange: Exchange, message: Message) -> None:
        """Pass a message to the server. The last one of the body ends the request."""
        try:
            last = exchange.sends(message)
        except Exception as error:
            self._faults.caught(error)
            last = exchange.complete
        try:
            await exchange.send(message)
        except OSError:
            exchange.lost()
            raise
        if last:
            self._end(exchange, None)

    def _end(self, exchange: Exchange, status: int | None) -> None:
        """End a request with this status, or with its response's."""
        try:
            new = exchange.end(status)
            if new is not None:
                self._record_new(exchange, *new)
        except Exception as error:
            self._faults.caught(error)

    def _record_new(self, exchange: Exchange, seconds: float, status: int, received: int, sent: int) -> None:
        """Record a request whose endpoint is not remembered, and remember it if its route always has the same."""
        before = (exchange.application, exchange.outer, exchange.outer_params)
        name, is_constant = self._name(exchange.scope, *before)
        bound = self._http.record(name, exchange.method, seconds, status, received, sent)
        if is_constant:
            self._exchanges.remember(exchange, self._requests.route(name, exchange.method), *bound)

    def _websocket(self, scope: Scope, receive: Receive, send: Send) -> _Websocket | None:
        """Return what records this websocket, or None if it is none or is not recorded."""
        if scope["type"] != "websocket":
            return None
        path = scope["path"]
        outer = scope.get("root_path") or ""
        if path in self._skip or (outer and path.removeprefix(outer) in self._skip):
            return None
        return _Websocket(self, scope, outer, receive, send)

    def _name(self, scope: Scope, app: Any, outer: str, outer_params: Any) -> tuple[str, bool]:
        """Return the endpoint of a connection whose application ran, and whether its route always has the same.

        One that fails costs the name, not the record.
        """
        try:
            name = None if self._endpoint is None else self._endpoint(scope)
            if name:
                return name, False
            template = self._templates.of(scope, app, outer, outer_params or {})
            return template or self._unmatched, template is not None and self._endpoint is None
        except Exception as error:
            self._faults.caught(error)
            return self._unmatched, False


class _Websocket:
    """A websocket from its handshake to its end, and what is kept of its scope before routers write into it."""

    def __init__(self, owner: MetricsMiddleware, scope: Scope, outer: str, receive: Receive, send: Send) -> None:
        self._owner = owner
        self._scope = scope
        self._receive = receive
        self._send = send
        self._app = scope.get("app")
        self._outer = outer
        self._outer_params = scope.get("path_params")
        self._gone = self._accepted = self._ended = False
        self._status = self._received = self._sent = 0
        self._code: int | None = None
        self._begun = time.perf_counter()

    async def serve(self) -> None:
        """Run the application."""
        try:
            await self._owner.app(self._scope, self.receive, self.send)
        except BaseException as error:
            self.failed(error)
            raise
        self.returned()

    async def receive(self) -> Message:
        """Pass a message to the application."""
        message = await self._receive()
        try:
            if message["type"] == "websocket.receive":
                self._received += 1
            elif message["type"] == "websocket.disconnect" and not self._ended:
                self._ended = True
                self._gone = not self._accepted
                self._code = _of_client(message.get("code"))
        except Exception as error:
            self._owner._faults.caught(error)
        return message

    async def send(self, message: Message) -> None:
        """Pass a message to the server."""
        await self._send(message)
        try:
            kind = message["type"]
            if kind == "websocket.send":
                self._sent += 1
            elif kind == "websocket.accept":
                self._accepted = True
                self._owner._websockets.open.inc()
            elif kind == "websocket.close" and not self._ended:
                self._ended = True
                self._code = message.get("code", 1000)
            elif kind == "websocket.http.response.start":
                self._ended = True
                self._status = int(message["status"])
        except Exception as error:
            self._owner._faults.caught(error)

    def returned(self) -> None:
        """Record a websocket that its application is done with."""
        if self._status:
            self._finish(self._status)
        elif not self._accepted:
            # The client left during the handshake, the application refused it, or answered nothing.
            self._finish(GONE_AWAY if self._gone else _FORBIDDEN if self._ended else ERROR)
        else:
            self._finish(_SWITCHING if self._code in _NORMAL else int(self._code or _SWITCHING))

    def failed(self, error: BaseException) -> None:
        """Record a websocket whose application raised. Once it is closed, raising is a way to end."""
        if self._ended:
            self.returned()
        else:
            self._finish(GONE_AWAY if isinstance(error, asyncio.CancelledError) else ERROR)

    def _finish(self, status: int) -> None:
        owner = self._owner
        try:
            seconds = time.perf_counter() - self._begun
            if self._accepted:
                owner._websockets.open.dec()
            name, _ = owner._name(self._scope, self._app, self._outer, self._outer_params)
            owner._requests.record_request(name, "WEBSOCKET", seconds, status)
            messages = owner._websockets.messages
            messages.labels(name, "received").inc(self._received)
            messages.labels(name, "sent").inc(self._sent)
        except Exception as error:
            owner._faults.caught(error)

"""What both kinds of gRPC server record: the families, and one call from its beginning to its end.

What lives here: what `grpc.py` and `grpc_aio.py` share. Promised: nothing here raises into a call, and a call is
recorded once, however it ends. Absent: any import of grpc, so that each of them can say what is missing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tykmetrics.metrics import Counter, Gauge, Histogram
from tykmetrics.middleware.families import OTHER, UNMATCHED
from tykmetrics.middleware.faults import Faults
from tykmetrics.once import once

if TYPE_CHECKING:
    from collections.abc import Callable

    from tykmetrics.registry import CollectorRegistry

_SLACK = 0.1
"""The part of a deadline, and the seconds, that may remain when it ends a call: the client's clock ran before the
server's by the time that the call was on its way, and its cancellation may come first."""


_KEPT = 10_000 // 17
"""Methods that are told apart: each may end with all of gRPC's 17 codes before a family overflows at 10,000 series. A
handler that takes any name, as a proxy's does, has as many methods as its clients make up."""


class RpcFamilies:
    """The gRPC families of a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        method = ["method"]
        self.requests: Counter = Counter(
            "grpc_server_requests_total", "Calls that are over", ["method", "code"], registry=registry
        )
        self.seconds: Histogram = Histogram(
            "grpc_server_request_duration_seconds", "Time calls take", method, registry=registry
        )
        self.in_flight: Gauge = Gauge("grpc_server_in_flight_requests", "Calls being served", method, registry=registry)
        self.received: Counter = Counter(
            "grpc_server_msg_received_total", "Messages received from clients", method, registry=registry
        )
        self.sent: Counter = Counter(
            "grpc_server_msg_sent_total", "Messages sent to clients", method, registry=registry
        )


class Method:
    """A method of a server: its bound metrics."""

    __slots__ = ("_around", "_families", "_name", "code_name", "faults", "in_flight", "received", "seconds", "sent")

    def __init__(self, name: str, families: RpcFamilies, code_name: Callable[[Any], str], faults: Faults) -> None:
        self._name = name
        self._families = families
        self.code_name: Callable[[Any], str] = code_name
        self.faults: Faults = faults
        self.seconds: Histogram = families.seconds.labels(name)
        self.in_flight: Gauge = families.in_flight.labels(name)
        self.received: Counter = families.received.labels(name)
        self.sent: Counter = families.sent.labels(name)
        self._around: tuple[Any, Any] = (None, None)

    def around(self, handler: Any, make: Callable[[Any, Method], Any]) -> Any:
        """Return what `make` puts around a handler of this method. It is made anew only for another handler."""
        plain, wrapped = self._around
        if plain is not handler:
            wrapped = make(handler, self)
            self._around = (handler, wrapped)
        return wrapped

    def count(self, code: str) -> None:
        """Count a call that ended with this code."""
        self._families.requests.labels(self._name, code).inc()


_SHARED = frozenset({OTHER, UNMATCHED})
"""What many methods are counted as: there is always room for it."""


class Methods:
    """The methods of a server, by the names of those that have a handler.

    `code_name` tells what a server of its kind sends for what a handler gave as a code, which may be anything.
    """

    def __init__(self, where: str, registry: CollectorRegistry, code_name: Callable[[Any], str]) -> None:
        self.faults: Faults = Faults(where, registry)
        self._code_name = code_name
        self._families = once(registry, "rpc", RpcFamilies)
        self._known: dict[str, Method] = {}

    def known(self, name: str) -> Method:
        """Return a method that has a handler. Beyond `_KEPT` they are one, which is `OTHER`."""
        method = self._known.get(name)
        if method is None:
            if len(self._known) >= _KEPT and name not in _SHARED:
                return self.known(OTHER)
            method = self._known[name] = Method(name, self._families, self._code_name, self.faults)
        return method

    def unknown(self) -> None:
        """Count a call to a method that has none. Its name is the client's and never a label."""
        try:
            self.known(UNMATCHED).count("UNIMPLEMENTED")
        except Exception as error:
            self.faults.caught(error)


class Call:
    """A call that is being served."""

    __slots__ = ("_begun", "_context", "_grace", "_method", "_open", "code")

    def __init__(self, method: Method, context: Any) -> None:
        self._method = method
        self._context = context
        # Taken by whoever ends the call first: its handler's thread, or the one that tells of a cancellation.
        self._open = [True]
        self.code: Any = None
        self._begun = time.perf_counter()
        self._grace: float | None = None
        try:
            method.in_flight.inc()
            remaining = context.time_remaining()  # None, or far away, if there is no deadline.
            if remaining is not None:
                self._grace = min(_SLACK, remaining * _SLACK)
        except Exception as error:
            method.faults.caught(error)

    def received(self) -> None:
        """Count a message from the client."""
        try:
            self._method.received.inc()
        except Exception as error:
            self._method.faults.caught(error)

    def sent(self) -> None:
        """Count a message to the client."""
        try:
            self._method.sent.inc()
        except Exception as error:
            self._method.faults.caught(error)

    def returned(self) -> None:
        """Record a call whose handler is done: what code it set, else OK."""
        self._end(None, "OK")

    def failed(self) -> None:
        """Record a call whose handler raised: the code it set or aborted with, else UNKNOWN, as the client sees it."""
        self._end(None, "UNKNOWN")

    def cancelled(self, *_: object) -> None:
        """Record a call that ended before its handler: by the client or by its deadline."""
        self._end(self._why_cancelled(), "CANCELLED")

    def _why_cancelled(self) -> str:
        try:
            over = self._grace is not None and self._context.time_remaining() <= self._grace
            return "DEADLINE_EXCEEDED" if over else "CANCELLED"
        except Exception as error:
            self._method.faults.caught(error)
            return "CANCELLED"

    def _is_gone(self) -> bool:
        active = getattr(self._context, "is_active", None)
        return active is not None and not active()

    def _end(self, code: str | None, otherwise: str) -> None:
        try:
            self._open.pop()
        except IndexError:
            return
        method = self._method
        try:
            seconds = time.perf_counter() - self._begun
            method.in_flight.dec()
            method.seconds.observe(seconds)
            if code is None:
                code = self._why_cancelled() if self._is_gone() else self._own_code(otherwise)
            method.count(code)
        except Exception as error:
            method.faults.caught(error)

    def _own_code(self, otherwise: str) -> str:
        """Return the name of the code that the client sees for what the handler set, if it set one."""
        code = self.code
        if code is None:
            ask = getattr(self._context, "code", None)
            code = ask() if ask is not None else None
        if code is None:
            return otherwise
        name = self._method.code_name(code)
        # A handler that raised has not ended well, whatever it set before.
        return otherwise if name == "OK" else name

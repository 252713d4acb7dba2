"""An interceptor for grpcio's servers.

What lives here: `MetricsInterceptor` for `grpc.server(..., interceptors=[MetricsInterceptor()])`, and the iterators
that it puts around streams. `rpc.py` has what is recorded. Promised: messages, codes and exceptions pass untouched, and
a failure of ours is counted and breaks nothing. For `grpc.aio` there is `grpc_aio.py`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

try:
    import grpc  # type: ignore[import-untyped, unused-ignore]
except ImportError as _missing:
    raise ImportError(
        "tykmetrics.middleware.grpc needs grpcio, which is not installed: pip install tykmetrics[grpc]", name="grpc"
    ) from _missing

from tykmetrics.middleware.rpc import Call, Methods
from tykmetrics.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tykmetrics.middleware.rpc import Method
    from tykmetrics.registry import CollectorRegistry

__all__ = ["MetricsInterceptor"]


class MetricsInterceptor(grpc.ServerInterceptor):  # type: ignore[misc, type-arg, unused-ignore]
    """Counts and times the calls of a server.

    Records `grpc_server_requests_total{method,code}`, `grpc_server_request_duration_seconds{method}`,
    `grpc_server_in_flight_requests{method}`, `grpc_server_msg_received_total{method}` and
    `grpc_server_msg_sent_total{method}`. The method is the full name (`/package.Service/Method`); calls to methods
    without a handler are `unmatched`, and methods beyond the first 588 are `OTHER`. The code is what the client sees:
    what the handler set or aborted with, `UNKNOWN` if it raised, `CANCELLED` or `DEADLINE_EXCEEDED` if the call ended
    before it.
    """

    def __init__(self, *, registry: CollectorRegistry = REGISTRY) -> None:
        self._methods = Methods("grpc", registry, _code_name)

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """Put what records around the handler of a call."""
        handler = continuation(handler_call_details)
        try:
            if handler is None:
                self._methods.unknown()
                return None
            return self._methods.known(handler_call_details.method).around(handler, _around)
        except Exception as error:
            self._methods.faults.caught(error)
            return handler


def _code_name(code: Any) -> str:
    """Return the name of a code as this server sends it: a number is none to it."""
    return str(code.name) if isinstance(code, grpc.StatusCode) else "UNKNOWN"


def _around(handler: Any, method: Method) -> Any:
    """Return a handler that does what this one does, and records it."""
    streams_in, streams_out = handler.request_streaming, handler.response_streaming
    if streams_in:
        behavior = handler.stream_stream if streams_out else handler.stream_unary
        make = grpc.stream_stream_rpc_method_handler if streams_out else grpc.stream_unary_rpc_method_handler
    else:
        behavior = handler.unary_stream if streams_out else handler.unary_unary
        make = grpc.unary_stream_rpc_method_handler if streams_out else grpc.unary_unary_rpc_method_handler

    # `wraps` also copies the attributes by which grpcio knows a behavior that wants a callback or a pool of its own.
    @functools.wraps(behavior)
    def tracked(request: Any, context: Any, *callback: Any) -> Any:
        call = Call(method, context)
        try:
            # It comes before the handler's end only if the call is cancelled; after it, it changes nothing.
            context.add_callback(call.cancelled)
        except Exception as error:
            method.faults.caught(error)
        if streams_in:
            request = _Requests(request, call)
        else:
            call.received()
        try:
            response = behavior(request, context, *(_counted(send, call) for send in callback))
        except BaseException:
            call.failed()
            raise
        if callback:
            return response
        if streams_out:
            return _Responses(response, call)
        call.sent()
        call.returned()
        return response

    return make(
        tracked, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
    )


def _counted(send: Callable[[Any], None], call: Call) -> Callable[[Any], None]:
    """Count what a behavior answers by grpcio's callback: responses, and None at the end."""

    def counted(response: Any) -> None:
        if response is None:
            call.returned()
        else:
            call.sent()
        send(response)

    return counted


class _Requests:
    """A stream of requests, counted."""

    def __init__(self, requests: Any, call: Call) -> None:
        self._requests = requests
        self._call = call

    def __iter__(self) -> Iterator[Any]:
        """Return itself, as grpcio's does."""
        return self

    def __next__(self) -> Any:
        """Wait for a request."""
        request = next(self._requests)
        self._call.received()
        return request

    def __getattr__(self, name: str) -> Any:
        """Have what grpcio's iterator has besides."""
        return getattr(self._requests, name)


class _Responses:
    """A stream of responses, counted; its end is the call's."""

    def __init__(self, responses: Any, call: Call) -> None:
        self._responses = responses
        self._call = call

    def __iter__(self) -> Iterator[Any]:
        """Return itself."""
        return self

    def __next__(self) -> Any:
        """Give the next response."""
        try:
            response = next(self._responses)
        except StopIteration:
            self._call.returned()
            raise
        except BaseException:
            self._call.failed()
            raise
        self._call.sent()
        return response

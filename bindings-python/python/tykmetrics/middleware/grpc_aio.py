"""An interceptor for the servers of `grpc.aio`.

What lives here: `MetricsInterceptor` for `grpc.aio.server(interceptors=[MetricsInterceptor()])`, and a wrapper for each
kind of handler that such a server takes: coroutines, async generators, coroutines that read and write by the context,
and the plain functions and generators of the other API, which it runs in threads. `rpc.py` has what is recorded.
Promised: as for `grpc.py`.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import TYPE_CHECKING, Any

try:
    import grpc  # type: ignore[import-untyped, unused-ignore]
    import grpc.aio  # type: ignore[import-untyped, unused-ignore]
except ImportError as _missing:
    raise ImportError(
        "tykmetrics.middleware.grpc_aio needs grpcio, which is not installed: pip install tykmetrics[grpc]",
        name="grpc",
    ) from _missing

from tykmetrics.middleware.rpc import Call, Methods
from tykmetrics.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from tykmetrics.middleware.rpc import Method
    from tykmetrics.registry import CollectorRegistry

__all__ = ["MetricsInterceptor"]

_NAMES: dict[Any, str] = {code.value[0]: code.name for code in grpc.StatusCode}
"""The codes by their numbers."""


class MetricsInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc, type-arg, unused-ignore]
    """Counts and times the calls of a server, as `tykmetrics.middleware.grpc.MetricsInterceptor` does."""

    def __init__(self, *, registry: CollectorRegistry = REGISTRY) -> None:
        self._methods = Methods("grpc_aio", registry, _code_name)

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        """Put what records around the handler of a call."""
        handler = await continuation(handler_call_details)
        try:
            if handler is None:
                self._methods.unknown()
                return None
            return self._methods.known(handler_call_details.method).around(handler, _around)
        except Exception as error:
            self._methods.faults.caught(error)
            return handler


def _code_name(code: Any) -> str:
    """Return the name of a code as this server sends it: numbers that are codes, it takes too."""
    if isinstance(code, grpc.StatusCode):
        return str(code.name)
    return _NAMES.get(code, "UNKNOWN") if isinstance(code, int) else "UNKNOWN"


def _around(handler: Any, method: Method) -> Any:
    """Return a handler that does what this one does, and records it."""
    streams_in, streams_out = handler.request_streaming, handler.response_streaming
    if streams_in:
        behavior = handler.stream_stream if streams_out else handler.stream_unary
        make = grpc.stream_stream_rpc_method_handler if streams_out else grpc.stream_unary_rpc_method_handler
    else:
        behavior = handler.unary_stream if streams_out else handler.unary_unary
        make = grpc.unary_stream_rpc_method_handler if streams_out else grpc.unary_unary_rpc_method_handler
    # The server looks at the function to know which of its APIs it is written for, so the wrapper is of its kind.
    if inspect.isasyncgenfunction(behavior):
        wrap = _async_generator
    elif inspect.iscoroutinefunction(behavior):
        wrap = _reader_and_writer if streams_out else _coroutine
    else:
        wrap = _generator if streams_out else _function
    return make(
        functools.wraps(behavior)(wrap(behavior, method, streams_in)),
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )


def _ended_by(error: BaseException, call: Call) -> None:
    """Record a call whose handler was left by an exception: a cancelled one, or one that is dropped where it waits."""
    if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
        call.cancelled()
    else:
        call.failed()


def _returned(call: Call, method: Method, context: Any, streams_in: bool) -> None:
    """Record a call whose handler is done; if it read a stream, once it is known what became of the answer."""
    if streams_in:
        try:
            _Answer(call).wait(context)
            return
        except Exception as error:
            method.faults.caught(error)
    call.returned()


class _Answer:
    """What became of an answer: sent, or refused as the client had cancelled the call.

    A stream of requests ends alike if the client is done and if it cancels. A handler that returns upon it is not
    cancelled any more, and neither `cancelled()` nor `done()` of its context tells: only sending the answer fails. So
    this looks at what the call's task waits for from now on, the last of which is the sending.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._task = asyncio.current_task()
        self._refused = False

    def wait(self, context: Any) -> None:
        """Record the call when its task is done."""
        asyncio.get_running_loop().call_soon(self._look)
        context.add_done_callback(self._over)

    def _look(self) -> None:
        # CPython's own attribute, in every version and both of its implementations of tasks. Where it is missing, the
        # call is recorded as its handler left it.
        waited = getattr(self._task, "_fut_waiter", None)
        if waited is not None:
            waited.add_done_callback(self._waited)

    def _waited(self, future: asyncio.Future[Any]) -> None:
        self._refused = future.cancelled() or future.exception() is not None
        if self._task is not None and not self._task.done():
            asyncio.get_running_loop().call_soon(self._look)

    def _over(self, _: object) -> None:
        if self._refused:
            self._call.cancelled()
        else:
            self._call.returned()


def _coroutine(behavior: Any, method: Method, streams_in: bool) -> Any:
    async def tracked(request: Any, context: Any) -> Any:
        call = Call(method, context)
        if streams_in:
            request = _later(request, call)
            context = _Context(context, call)
        else:
            call.received()
        try:
            response = await behavior(request, context)
        except BaseException as error:
            _ended_by(error, call)
            raise
        call.sent()
        _returned(call, method, context, streams_in)
        return response

    return tracked


def _reader_and_writer(behavior: Any, method: Method, streams_in: bool) -> Any:
    async def tracked(request: Any, context: Any) -> None:
        call = Call(method, context)
        if streams_in:
            request = _later(request, call)
        else:
            call.received()
        try:
            await behavior(request, _Context(context, call))
        except BaseException as error:
            _ended_by(error, call)
            raise
        _returned(call, method, context, streams_in)

    return tracked


def _async_generator(behavior: Any, method: Method, streams_in: bool) -> Any:
    async def tracked(request: Any, context: Any) -> AsyncIterator[Any]:
        call = Call(method, context)
        if streams_in:
            request = _later(request, call)
        else:
            call.received()
        responses = behavior(request, _Context(context, call))
        try:
            async for response in responses:
                call.sent()
                yield response
        except BaseException as error:
            _ended_by(error, call)
            await responses.aclose()
            raise
        _returned(call, method, context, streams_in)

    return tracked


def _function(behavior: Any, method: Method, streams_in: bool) -> Any:
    def tracked(request: Any, context: Any) -> Any:
        call = Call(method, context)
        if streams_in:
            request = _counted(request, call)
        else:
            call.received()
        try:
            response = behavior(request, _ThreadContext(context, call))
        except BaseException:
            call.failed()
            raise
        call.sent()
        call.returned()
        return response

    return tracked


def _generator(behavior: Any, method: Method, streams_in: bool) -> Any:
    def tracked(request: Any, context: Any) -> Iterator[Any]:
        call = Call(method, context)
        if streams_in:
            request = _counted(request, call)
        else:
            call.received()
        try:
            for response in behavior(request, _ThreadContext(context, call)):
                call.sent()
                yield response
        except BaseException as error:
            _ended_by(error, call)
            raise
        call.returned()

    return tracked


async def _later(requests: Any, call: Call) -> AsyncIterator[Any]:
    """Count a stream of requests."""
    async for request in requests:
        call.received()
        yield request


def _counted(requests: Any, call: Call) -> Iterator[Any]:
    """Count a stream of requests that is read in a thread."""
    for request in requests:
        call.received()
        yield request


class _Context:
    """A context that counts what is read and written by it."""

    def __init__(self, context: Any, call: Call) -> None:
        self._context = context
        self._call = call

    async def read(self) -> Any:
        """Wait for a request."""
        request = await self._context.read()
        if request is not grpc.aio.EOF:
            self._call.received()
        return request

    async def write(self, message: Any) -> None:
        """Send a response."""
        await self._context.write(message)
        self._call.sent()

    def __getattr__(self, name: str) -> Any:
        """Have what grpcio's context has besides."""
        return getattr(self._context, name)


class _ThreadContext:
    """A context of a handler in a thread, which grpcio lets set a code but not read it."""

    def __init__(self, context: Any, call: Call) -> None:
        self._context = context
        self._call = call

    def set_code(self, code: Any) -> None:
        """Set the code of the call."""
        self._call.code = code
        self._context.set_code(code)

    def abort(self, code: Any, *args: Any, **kwargs: Any) -> None:
        """End the call with a code."""
        self._call.code = code
        self._context.abort(code, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """Have what grpcio's context has besides."""
        return getattr(self._context, name)

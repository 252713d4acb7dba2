"""Requests: the decorator that counts and times them, and the collector that it records into.

What lives here: `track_request`, `record_request`, `get_metrics_collector` and, from `block.py`, `track_block`. Users
call them, and so does every middleware. Promised: what is decorated stays what it is (kind, name, signature, type) and
its exceptions pass untouched. Nothing is registered before one of these is first used. Absent: any arithmetic, which is
native.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from typing import TYPE_CHECKING, Any, TypeVar, overload

from tykmetrics import wrappers
from tykmetrics.block import TrackBlock, track_block
from tykmetrics.metrics_collector import MetricsCollector
from tykmetrics.once import once
from tykmetrics.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from tykmetrics.registry import CollectorRegistry

    class _Decorator(Protocol):
        """What `track_request(...)` gives: it takes a callable and gives one of the same type."""

        def __call__(self, call: _Callable, /) -> _Callable: ...

    def record_request(
        endpoint: str,
        method: str,
        latency_seconds: float,
        status_code: int,
        provider: str | None = None,
        model: str | None = None,
    ) -> None:
        """Count a request of the process's registry: `get_metrics_collector().record_request`, bound."""


__all__ = [
    "MetricsCollector",
    "TrackBlock",
    "get_metrics_collector",
    "record_request",
    "track_block",
    "track_request",
]

_ROUTINES: tuple[type, ...] = (types.FunctionType, types.MethodType, types.BuiltinFunctionType)

# The type of what is decorated is kept whole: overloads, methods, awaitables. A ParamSpec would flatten them.
_Callable = TypeVar("_Callable", bound="Callable[..., Any] | classmethod[Any, ..., Any] | staticmethod[..., Any]")


def get_metrics_collector(registry: CollectorRegistry = REGISTRY) -> MetricsCollector:
    """Return the collector of a registry's requests, always the same one, which is made when it is first asked for.

    It has `record_request`, `record_cache_hit`, `record_cache_miss`, `record_db_query` and `record_external_api_call`,
    none of which raises unless an argument is of another type. A status of 400 or more is an error, of the endpoint as
    of the provider and the model. The registry holds it, so it ends with it.

    Raises:
        ValueError: when the registry has other metrics of these names.
    """
    return once(registry, "requests", MetricsCollector)


def __getattr__(name: str) -> Any:
    """Make `record_request` when it is first named: the bound native method, with nothing in between."""
    # Not before: importing the package must not take names like http_requests_total from anybody.
    if name == "record_request":
        bound = get_metrics_collector().record_request
        globals()[name] = bound
        return bound
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@overload
def track_request(endpoint: _Callable, /) -> _Callable: ...


@overload
def track_request(
    endpoint: str | None = None,
    method: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    *,
    registry: CollectorRegistry = REGISTRY,
) -> _Decorator: ...


def track_request(
    endpoint: Any = None,
    method: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    *,
    registry: CollectorRegistry = REGISTRY,
) -> Any:
    """Count and time each call of a function as a request.

    `endpoint` is by default the function's `__qualname__`, `method` is `"CALL"`; `provider` and `model` add to the
    families of those names. `@track_request` without parentheses takes all defaults.

    Inside of the middleware, which counts the request as well, leave `endpoint` and `method` at their defaults or name
    the step (`"openai.complete"`): with the names of the route, each request would count twice in one series.

    Functions, coroutine functions, generator functions (timed from the first step until exhausted or closed), async
    generator functions, methods, callable objects, partials, and static and class methods from above or below
    `@staticmethod` and `@classmethod`. The wrapper is of the same kind, has the name, the documentation and the
    signature of what it wraps (`functools.wraps`), and its type.

    The status is the integer `status_code` of what is returned, else 200; of an exception its integer `status_code`
    or `code`, else 500; 499 for `asyncio.CancelledError`. Of a tuple `(body, status)` or `(body, status, headers)` it
    is the status, if that is an `http.HTTPStatus`, or an integer from 100 to 599 while Flask or Quart serves a request;
    other tuples are results like any. A status of 400 or more is an error. Closing a generator early is no error.
    Exceptions go on, the same object with nothing changed.

    Raises:
        TypeError: when what is decorated is a class or cannot be called.
        ValueError: when the registry has other metrics of the names of `get_metrics_collector`.
    """
    if endpoint is not None and not isinstance(endpoint, str):
        return _decorate(endpoint, None, method, provider, model, registry)

    def decorator(call: Any) -> Any:
        return _decorate(call, endpoint, method, provider, model, registry)

    return decorator


def _decorate(
    call: Any,
    endpoint: str | None,
    method: str | None,
    provider: str | None,
    model: str | None,
    registry: CollectorRegistry,
) -> Any:
    """Return `call` with a wrapper of its kind around it."""
    if _is_one_of(call, classmethod, staticmethod):
        inner = _decorate(call.__func__, endpoint, method, provider, model, registry)
        return type(call)(inner)
    if _is_one_of(call, type):
        raise TypeError(
            f"track_request cannot decorate the class {call.__qualname__}, it would no longer be one: "
            "decorate its __init__ or a method"
        )
    if not callable(call):
        raise TypeError(
            f"track_request decorates callables and takes endpoint as a str, not {type(call).__name__}"
            + (": below @property, decorate the function" if _is_one_of(call, property) else "")
        )
    route = get_metrics_collector(registry).route(
        _name(call) if endpoint is None else endpoint, "CALL" if method is None else method, provider, model
    )
    wrapper = _kind(call)(call, route.begin, route.end)
    return functools.wraps(call)(wrapper)


def _is_one_of(call: object, *kinds: type) -> bool:
    """Tell what `isinstance` does, without taking from checkers that it may be anything."""
    return isinstance(call, kinds)


def _name(call: Any) -> str:
    """Return the qualified name of a callable: of the function, what a partial calls, or the object's class."""
    while _is_one_of(call, functools.partial):
        call = call.func
    name = getattr(call, "__qualname__", None)
    return name if isinstance(name, str) else type(call).__qualname__


def _kind(call: Any) -> Callable[..., Any]:
    """Return the wrapper for this kind of callable."""
    # An object is what its `__call__` is.
    method = getattr(call.__class__, "__call__", None)  # noqa: B004 - the class's own, and not whether it is callable
    plain = _is_one_of(call, functools.partial, *_ROUTINES)
    for face in (call,) if plain else (call, method):
        if inspect.isasyncgenfunction(face):
            return wrappers.async_generator
        if _is_coroutine_function(face):
            return wrappers.coroutine
        if inspect.isgeneratorfunction(face):
            return wrappers.generator
    if _is_one_of(call, types.FunctionType):
        code = call.__code__
        varies = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
        if not (code.co_argcount or code.co_kwonlyargcount or varies):
            return wrappers.without_parameters
    return wrappers.function


def _is_coroutine_function(call: Any) -> bool:
    """Tell whether calling it gives a coroutine, marked ones included."""
    if inspect.iscoroutinefunction(call):
        return True
    # Before 3.12 the mark was asyncio's; since then it is the one that inspect knows.
    asyncio = sys.modules.get("asyncio")
    return sys.version_info < (3, 12) and asyncio is not None and bool(asyncio.iscoroutinefunction(call))

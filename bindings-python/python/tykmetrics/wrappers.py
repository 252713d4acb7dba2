"""The functions that `track_request` puts around others, one per kind of function.

What lives here: the thinnest wrapper that Python allows for functions, coroutines, generators and async generators.
`requests.py` chooses one by the kind of what it decorates. Promised: arguments, results and exceptions pass through
untouched, an exception gains the wrapper's frame and nothing else, and a wrapper is of the same kind as what it wraps.
Absent: names and signatures, which `functools.wraps` copies afterwards.

How they are laid out was measured (`bench/wrappers.py`): a `try` costs nothing until something is raised; closure
variables are as fast as arguments with defaults, which would be part of the signature; passing `**kwargs` on costs more
than asking whether there are any; and a function without parameters needs neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tykmetrics.status import OK, of_error, of_result

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    Begin = Callable[[], int]
    End = Callable[[int, int], None]


def without_parameters(call: Callable[[], Any], begin: Begin, end: End) -> Callable[[], Any]:
    """Wrap a function that takes no arguments at all."""

    def tracked() -> Any:
        begun = begin()
        try:
            result = call()
        except BaseException as error:
            end(begun, of_error(error))
            raise
        end(begun, 200 if result is None else of_result(result))
        return result

    return tracked


def function(call: Callable[..., Any], begin: Begin, end: End) -> Callable[..., Any]:
    """Wrap a function or anything else that is called and returns."""

    def tracked(*args: Any, **kwargs: Any) -> Any:
        begun = begin()
        try:
            result = call(*args, **kwargs) if kwargs else call(*args)
        except BaseException as error:
            end(begun, of_error(error))
            raise
        end(begun, 200 if result is None else of_result(result))
        return result

    return tracked


def coroutine(call: Callable[..., Awaitable[Any]], begin: Begin, end: End) -> Callable[..., Any]:
    """Wrap a coroutine function: the time is that from its first step to its return."""

    async def tracked(*args: Any, **kwargs: Any) -> Any:
        begun = begin()
        try:
            result = await (call(*args, **kwargs) if kwargs else call(*args))
        except BaseException as error:
            end(begun, of_error(error))
            raise
        end(begun, 200 if result is None else of_result(result))
        return result

    return tracked


def generator(call: Callable[..., Generator[Any, Any, Any]], begin: Begin, end: End) -> Callable[..., Any]:
    """Wrap a generator function: the time is that from its first step until it is exhausted or closed."""

    def tracked(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        begun = begin()
        try:
            result = yield from call(*args, **kwargs)
        except GeneratorExit:
            end(begun, OK)
            raise
        except BaseException as error:
            end(begun, of_error(error))
            raise
        end(begun, 200 if result is None else of_result(result))
        return result

    return tracked


def async_generator(call: Callable[..., AsyncGenerator[Any, Any]], begin: Begin, end: End) -> Callable[..., Any]:
    """Wrap an async generator function: `asend`, `athrow` and `aclose` reach what it wraps."""

    async def tracked(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        begun = begin()
        source = call(*args, **kwargs)
        try:
            try:
                item = await source.__anext__()
                while True:
                    sent, thrown = None, None
                    try:
                        sent = yield item
                    except BaseException as error:
                        thrown = error
                    # Out of the `except`: inside it, whatever the source raises would get `thrown` as its context.
                    if thrown is None:
                        item = await (source.__anext__() if sent is None else source.asend(sent))
                    elif isinstance(thrown, GeneratorExit):
                        await source.aclose()
                        raise thrown
                    else:
                        item = await source.athrow(thrown)
            except StopAsyncIteration:
                pass
        except GeneratorExit:
            end(begun, OK)
            raise
        except BaseException as error:
            # Kept, it would be a cycle through its own traceback.
            thrown = None
            end(begun, of_error(error))
            raise
        end(begun, OK)

    return tracked

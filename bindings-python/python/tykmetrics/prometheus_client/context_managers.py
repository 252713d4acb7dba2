"""What `count_exceptions()`, `track_inprogress()` and `time()` return: context managers that are decorators as well.

A decorated coroutine function is covered until it is done, not only until its coroutine is made.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client.decorator import decorate

if TYPE_CHECKING:
    from typing_extensions import Self

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T", bound="Timer")


class _Countable(Protocol):
    def inc(self) -> None: ...


class _Gauge(Protocol):
    def inc(self) -> None: ...

    def dec(self) -> None: ...


class ExceptionCounter:
    """Increments a counter when an exception leaves the block; the exception goes on."""

    def __init__(self, counter: _Countable, exception: type[BaseException] | tuple[type[BaseException], ...]) -> None:
        """Take the counter, and which exceptions count."""
        self._counter = counter
        self._exception = exception

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, typ: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> Literal[False]:
        if isinstance(value, self._exception):
            self._counter.inc()
        return False

    def __call__(self, f: F) -> F:
        """Return the function, its exceptions counted."""
        return _around(f, lambda: self)


class InprogressTracker:
    """Keeps a gauge higher by one while the block runs."""

    def __init__(self, gauge: _Gauge) -> None:
        """Take the gauge."""
        self._gauge = gauge

    def __enter__(self) -> None:
        self._gauge.inc()

    def __exit__(
        self, typ: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._gauge.dec()

    def __call__(self, f: F) -> F:
        """Return the function, its running calls tracked."""
        return _around(f, lambda: self)


class Timer:
    """Gives a metric the seconds that the block took, also when it raised."""

    def __init__(self, metric: Any, callback_name: str) -> None:
        """Take the metric, and which of its methods gets the duration."""
        self._metric = metric
        self._callback_name = callback_name
        self.duration: float | None = None

    def _new_timer(self) -> Timer:
        return self.__class__(self._metric, self._callback_name)

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        return self

    def __exit__(
        self, typ: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # A clock that a test has patched can run backwards.
        self.duration = max(time.perf_counter() - self._start, 0)
        getattr(self._metric, self._callback_name)(self.duration)

    def labels(self, *args: Any, **kw: Any) -> None:
        """Choose the series inside the block, when its labels are known only there."""
        self._metric = self._metric.labels(*args, **kw)

    def __call__(self, f: F) -> F:
        """Return the function, each call timed by a timer of its own: threads and recursion are safe."""
        return _around(f, self._new_timer)


def _around(f: F, context: Callable[[], Any]) -> F:
    """Return the function with every call inside a context."""
    if inspect.iscoroutinefunction(f):

        async def awaited(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            with context():
                return await func(*args, **kwargs)

        return decorate(f, awaited)

    def called(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with context():
            return func(*args, **kwargs)

    return decorate(f, called)


adopt(__name__)

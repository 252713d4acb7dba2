"""`track_block`: the time that a block of code takes, and how often it fails.

What lives here: a context manager for `with` and `async with`, also a decorator, and the two families it records into.
`requests.py` exports it. Promised: one object may be entered again while it is open, in the same task, in others and in
other threads, and every exit is matched with its own entry; exceptions pass. Absent: labels other than the block's
name.
"""

from __future__ import annotations

import functools
import inspect
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tykmetrics.metrics import Counter, Histogram
from tykmetrics.once import once
from tykmetrics.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from tykmetrics.registry import CollectorRegistry


_Call = TypeVar("_Call", bound="Callable[..., Any]")

_KEPT = 10_000
"""Names whose bound handles are kept: as many as a family has series before it overflows."""


class _Families:
    """What the blocks of a registry record into."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds = Histogram("block_duration_seconds", "Time a block of code takes", ["block"], registry=registry)
        self.errors = Counter("block_errors_total", "Blocks left by an exception", ["block"], registry=registry)
        self.bound: dict[str, tuple[Callable[[float], None], Callable[[], None]]] = {}

    def bind(self, name: str) -> tuple[Callable[[float], None], Callable[[], None]]:
        """Return what observes this block's time and what counts its errors."""
        bound = self.bound.get(name)
        if bound is None:
            bound = (self.seconds.labels(name).observe, self.errors.labels(name).inc)
            if len(self.bound) < _KEPT:
                self.bound[name] = bound
        return bound


class _Entry:
    """A block that was entered: when, by which object, and what was open around it."""

    __slots__ = ("around", "begun", "block", "left")

    def __init__(self, block: TrackBlock, around: _Entry | None) -> None:
        self.block = block
        self.around = around
        self.left = False
        self.begun = time.perf_counter()


# A stack per thread and task, as a list linked from the innermost entry: a task that is started inside a block
# inherits the link and cannot disturb what it points to.
_innermost: ContextVar[_Entry | None] = ContextVar("tykmetrics_innermost_block", default=None)


class TrackBlock:
    """Times the blocks it is entered for, by `with` or `async with`, and what it decorates. Made by `track_block`."""

    __slots__ = ("_count", "_last", "_observe", "name")

    def __init__(self, name: str, registry: CollectorRegistry) -> None:
        self.name: str = name
        self._observe, self._count = once(registry, "blocks", _Families).bind(name)
        self._last: _Entry | None = None

    def __repr__(self) -> str:
        return f"track_block({self.name!r})"

    def __call__(self, call: _Call) -> _Call:
        """Decorate a function or a coroutine function, whose body is the block then."""
        if inspect.isgeneratorfunction(call) or inspect.isasyncgenfunction(call):
            raise TypeError(f"{self!r} decorates functions and coroutine functions; within a generator, use `with`")
        if inspect.iscoroutinefunction(call):

            async def timed(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await call(*args, **kwargs)

            return cast("_Call", functools.wraps(call)(timed))

        def tracked(*args: Any, **kwargs: Any) -> Any:
            with self:
                return call(*args, **kwargs)

        return cast("_Call", functools.wraps(call)(tracked))

    def __enter__(self) -> Self:
        """Begin to time."""
        around = _innermost.get()
        while around is not None and around.left:
            around = around.around
        entry = self._last = _Entry(self, around)
        _innermost.set(entry)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Record the time, and the error if an `Exception` leaves the block. Cancellation is no error."""
        now = time.perf_counter()
        entry = _innermost.get()
        if entry is not None and entry.block is self and not entry.left:
            _innermost.set(entry.around)
        else:
            # Left in another context than it was entered in, as a generator may be: then it is the last that was.
            entry = self._last
        if entry is not None:
            entry.left = True
            self._observe(now - entry.begun)
        if kind is not None and issubclass(kind, Exception):
            self._count()

    async def __aenter__(self) -> Self:
        """Begin to time."""
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Record the time, and the error if an `Exception` leaves the block."""
        self.__exit__(kind, error, traceback)


def track_block(name: str, *, registry: CollectorRegistry = REGISTRY) -> TrackBlock:
    """Return what times a block of code, for `with` and `async with`, and as a decorator.

    `with track_block("parse"):` observes `block_duration_seconds{block}` however the block is left, and adds to
    `block_errors_total{block}` if an `Exception` leaves it, which goes on. `asyncio.CancelledError`, `GeneratorExit`
    and `KeyboardInterrupt` are not errors of the block. The object may be kept, used again, and entered while it is
    open.
    """
    return TrackBlock(name, registry)

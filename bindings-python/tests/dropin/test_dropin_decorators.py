"""What `time()`, `count_exceptions()` and `track_inprogress()` do around blocks, functions and coroutines."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tykmetrics.prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from tykmetrics.prometheus_client.decorator import decorate, decorator, getargspec


def everything(a: int, b: str = "b", *args: int, c: float, d: object = None, **kwargs: Any) -> tuple[Any, ...]:
    """Take every kind of parameter."""
    return a, b, args, c, d, kwargs


def positional(a: int, b: int = 2, /, c: int = 3) -> tuple[int, ...]:
    return a, b, c


def clashing(_call_: int, _func_: int, call: int = 0, func: int = 0) -> tuple[int, ...]:
    return _call_, _func_, call, func


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "no parameters": lambda: None,
    "keyword only": lambda *, a, b=1: (a, b),
    "every kind": everything,
    "positional only": positional,
    "the wrapper's own names": clashing,
}


def called(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return func(*args, **kwargs)


@pytest.mark.parametrize("func", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_decorated_function_has_the_signature_of_the_function(func: Callable[..., Any]) -> None:
    decorated = decorate(func, called)
    assert inspect.signature(decorated) == inspect.signature(func)
    assert inspect.signature(decorated, follow_wrapped=False) == inspect.signature(func)
    assert inspect.getfullargspec(decorated) == inspect.getfullargspec(func)
    assert getargspec(decorated) == getargspec(func)
    for name in ("__name__", "__qualname__", "__doc__", "__module__", "__annotations__"):
        assert getattr(decorated, name) == getattr(func, name)
    assert decorated.__wrapped__ is func  # type: ignore[attr-defined]


def test_arguments_arrive_as_they_would_without_the_decorator() -> None:
    assert decorate(everything, called)(1, "x", 2, 3, c=4.0, e=5) == everything(1, "x", 2, 3, c=4.0, e=5)
    assert decorate(everything, called)(1, c=4.0) == everything(1, c=4.0)
    assert decorate(positional, called)(1, c=9) == (1, 2, 9)
    assert decorate(clashing, called)(1, 2, call=3) == (1, 2, 3, 0)


def test_a_call_that_does_not_fit_is_refused_before_anything_is_recorded(registry: CollectorRegistry) -> None:
    counter, summary = Counter("c", "help", registry=registry), Summary("s", "help", registry=registry)

    @counter.count_exceptions(TypeError)
    @summary.time()
    def one(a: int) -> int:
        return a

    with pytest.raises(TypeError, match="argument"):
        one()  # type: ignore[call-arg]
    assert registry.get_sample_value("c_total") == 0
    assert registry.get_sample_value("s_count") == 0


def test_attributes_of_the_function_are_kept(registry: CollectorRegistry) -> None:
    def own() -> None: ...

    own.tag = "kept"  # type: ignore[attr-defined]
    decorated = Gauge("g", "help", registry=registry).track_inprogress()(own)
    assert decorated.tag == "kept"  # type: ignore[attr-defined]


def test_methods_are_decorated_like_functions(registry: CollectorRegistry) -> None:
    timed = Histogram("h", "help", registry=registry).time()

    class Service:
        @timed
        def method(self, a: int) -> tuple[Any, int]:
            return self, a

        @classmethod
        @timed
        def of_class(cls, a: int) -> tuple[Any, int]:
            return cls, a

        @staticmethod
        @timed
        def static(a: int) -> int:
            return a

    service = Service()
    assert service.method(1) == (service, 1)
    assert Service.of_class(2) == (Service, 2)
    assert service.static(a=3) == 3
    assert registry.get_sample_value("h_count") == 3


def test_callables_that_are_not_functions_are_decorated_too(registry: CollectorRegistry) -> None:
    timed = Summary("s", "help", registry=registry).time()
    assert timed(functools.partial(max, 3))(5) == 5
    assert timed(len)("four") == 4
    assert registry.get_sample_value("s_count") == 2
    with pytest.raises(TypeError, match="non function"):
        timed(5)  # type: ignore[type-var]


def test_a_coroutine_function_is_covered_until_it_is_done(registry: CollectorRegistry) -> None:
    gauge, counter = Gauge("g", "help", registry=registry), Counter("c", "help", registry=registry)
    summary = Summary("s", "help", registry=registry)
    seen: list[float | None] = []

    @gauge.track_inprogress()
    @counter.count_exceptions(KeyError)
    @summary.time()
    async def work(key: str) -> str:
        await asyncio.sleep(0.01)
        seen.append(registry.get_sample_value("g"))
        if key == "missing":
            raise KeyError(key)
        return key

    async def both() -> list[Any]:
        return await asyncio.gather(work("a"), work("missing"), return_exceptions=True)

    assert inspect.iscoroutinefunction(work)
    first, second = asyncio.run(both())
    assert first == "a"
    assert isinstance(second, KeyError)
    assert seen == [2, 2] or seen == [2, 1]
    assert registry.get_sample_value("g") == 0
    assert registry.get_sample_value("c_total") == 1
    assert registry.get_sample_value("s_count") == 2
    total = registry.get_sample_value("s_sum")
    assert total is not None
    assert total >= 0.02


def test_a_timer_tells_its_duration_and_takes_labels_inside_the_block(registry: CollectorRegistry) -> None:
    histogram = Histogram("h", "help", ["outcome"], registry=registry)
    with histogram.time() as timer:
        timer.labels(outcome="good")
    assert timer.duration is not None
    assert timer.duration >= 0
    assert registry.get_sample_value("h_count", {"outcome": "good"}) == 1
    assert registry.get_sample_value("h_sum", {"outcome": "good"}) == timer.duration


def test_a_decorated_function_can_call_itself_and_run_in_threads(registry: CollectorRegistry) -> None:
    summary = Summary("s", "help", registry=registry)

    @summary.time()
    def depth(left: int) -> None:
        if left:
            depth(left - 1)

    threads = [threading.Thread(target=depth, args=(3,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.get_sample_value("s_count") == 16


def test_exceptions_leave_the_block_as_they_were(registry: CollectorRegistry) -> None:
    counter = Counter("c", "help", registry=registry)
    error = KeyError("a")
    with pytest.raises(KeyError) as raised, counter.count_exceptions((KeyError, IndexError)):
        raise error
    assert raised.value is error
    with pytest.raises(KeyboardInterrupt), counter.count_exceptions():
        raise KeyboardInterrupt
    assert registry.get_sample_value("c_total") == 1


def test_a_caller_becomes_a_decorator() -> None:
    @decorator
    def doubled(func: Callable[..., int], *args: int) -> int:
        """Double it."""
        return 2 * func(*args)

    @doubled
    def add(a: int, b: int) -> int:
        return a + b

    assert add(1, 2) == 6
    assert (doubled.__name__, doubled.__doc__) == ("doubled", "Double it.")
    assert getargspec(add).args == ["a", "b"]
    assert decorator(called, add)(1, 2) == 6

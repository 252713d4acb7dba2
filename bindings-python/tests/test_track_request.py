"""`track_request` around every kind of callable: what it counts, and that nothing else changes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import inspect
import threading
import traceback
import weakref
from typing import Any

import pytest

from tykmetrics import Registry, track_request
from tykmetrics.testing import sample_value

EACH = {"endpoint": "e", "method": "M"}


def counts(registry: Registry) -> dict[str, int]:
    """Give the requests of endpoint `e` by status."""
    found = {}
    for family in registry.collect():
        for sample in family.samples:
            if sample.name == "http_response_status_total" and sample.labels["endpoint"] == "e":
                found[sample.labels["status"]] = int(sample.value)
    assert (sample_value("http_requests_total", EACH, registry) or 0) == sum(found.values())
    return found


def test_a_function_is_counted_timed_and_returns_what_it_returned(metrics_registry: Registry) -> None:
    @track_request("e", "M", "openai", "gpt-4", registry=metrics_registry)
    def work(a: int, *, b: int = 2) -> list[int]:
        """Double."""
        return [a, b]

    assert work(1) == [1, 2]
    assert work(1, b=3) == [1, 3]
    assert counts(metrics_registry) == {"200": 2}
    assert sample_value("provider_requests_total", {"provider": "openai"}, metrics_registry) == 2
    assert sample_value("model_requests_total", {"model": "gpt-4"}, metrics_registry) == 2
    assert sample_value("http_request_latency_seconds_count", {"endpoint": "e"}, metrics_registry) == 2
    assert (work.__name__, work.__doc__, work.__module__) == ("work", "Double.", __name__)
    assert list(inspect.signature(work).parameters) == ["a", "b"]


def test_the_names_are_the_functions_own_by_default(metrics_registry: Registry) -> None:
    @track_request(registry=metrics_registry)
    def named() -> None: ...

    named()
    labels = {"endpoint": named.__qualname__, "method": "CALL"}
    assert sample_value("http_requests_total", labels, metrics_registry) == 1


def test_it_decorates_without_parentheses() -> None:
    @track_request
    def bare(x: int) -> int:
        return x + 1

    labels = {"endpoint": bare.__qualname__, "method": "CALL"}
    before = sample_value("http_requests_total", labels) or 0
    assert bare(1) == 2
    assert sample_value("http_requests_total", labels) == before + 1


def test_a_function_without_parameters_refuses_arguments_in_its_own_name(metrics_registry: Registry) -> None:
    @track_request("e", "M", registry=metrics_registry)
    def nothing() -> int:
        return 7

    assert nothing() == 7
    with pytest.raises(TypeError, match="nothing"):
        nothing(1)  # type: ignore[call-arg]
    assert counts(metrics_registry) == {"200": 1}


class Coded(Exception):
    def __init__(self, **fields: object) -> None:
        super().__init__()
        self.__dict__.update(fields)


class Unreadable(Exception):
    @property
    def status_code(self) -> int:
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("x"), "500"),
        (KeyboardInterrupt(), "500"),
        (SystemExit(1), "500"),
        (Coded(status_code=404), "404"),
        (Coded(status_code="404"), "500"),
        (Coded(code=409), "409"),
        (Coded(code="409"), "500"),
        (Coded(code=True), "500"),
        (Coded(code=7), "500"),
        (Coded(status_code=None, code=403), "403"),
        (Unreadable(), "500"),
        (asyncio.CancelledError(), "499"),
    ],
    ids=repr,
)
def test_an_exception_is_counted_by_its_status_and_passes_untouched(
    error: BaseException, status: str, metrics_registry: Registry
) -> None:
    cause, context = KeyError("cause"), KeyError("context")
    error.__cause__, error.__context__, error.__suppress_context__ = cause, context, False

    @track_request("e", "M", registry=metrics_registry)
    def fail(_: int) -> None:
        raise error

    with pytest.raises(BaseException) as caught:
        fail(1)
    assert caught.value is error
    assert (error.__cause__, error.__context__, error.__suppress_context__) == (cause, context, False)
    frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert frames[-2:] == ["tracked", "fail"]
    assert frames.count("tracked") == 1
    assert counts(metrics_registry) == {status: 1}


def test_an_exception_without_context_gets_none(metrics_registry: Registry) -> None:
    @track_request("e", "M", registry=metrics_registry)
    def fail() -> None:
        raise Unreadable

    with pytest.raises(Unreadable) as caught:
        fail()
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


class Response:
    def __init__(self, status_code: object) -> None:
        self.status_code = status_code


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (Response(201), "201"),
        (Response(503), "503"),
        (Response("503"), "200"),
        (Response(True), "200"),
        (Response(0), "200"),
        (Response(10**30), "200"),
        ("text", "200"),
        (0, "200"),
        (None, "200"),
    ],
)
def test_what_is_returned_may_say_its_status(result: Any, status: str, metrics_registry: Registry) -> None:
    @track_request("e", "M", registry=metrics_registry)
    def give() -> Any:
        return result

    assert give() is result
    assert counts(metrics_registry) == {status: 1}


def test_a_result_whose_status_cannot_be_read_is_returned_all_the_same(metrics_registry: Registry) -> None:
    class Odd:
        @property
        def status_code(self) -> int:
            raise RuntimeError("not now")

    @track_request("e", "M", registry=metrics_registry)
    def give() -> Odd:
        return Odd()

    assert isinstance(give(), Odd)
    assert counts(metrics_registry) == {"200": 1}


def test_a_coroutine_is_one_before_and_after(metrics_registry: Registry) -> None:
    @track_request("e", "M", registry=metrics_registry)
    async def work(x: int, *, fail: bool = False) -> Response:
        await asyncio.sleep(0)
        if fail:
            raise Coded(status_code=418)
        return Response(x)

    assert inspect.iscoroutinefunction(work)
    assert list(inspect.signature(work).parameters) == ["x", "fail"]
    assert asyncio.run(work(202)).status_code == 202
    with pytest.raises(Coded):
        asyncio.run(work(1, fail=True))
    assert counts(metrics_registry) == {"202": 1, "418": 1}


def test_a_cancelled_coroutine_counts_as_499(metrics_registry: Registry) -> None:
    started = asyncio.Event()

    @track_request("e", "M", registry=metrics_registry)
    async def work() -> None:
        started.set()
        await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(work())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert counts(metrics_registry) == {"499": 1}


def test_a_generator_is_timed_until_it_is_exhausted(metrics_registry: Registry) -> None:
    @track_request("e", "M", registry=metrics_registry)
    def numbers(n: int) -> Any:
        got = yield from range(n)
        assert got is None
        return "done"

    assert inspect.isgeneratorfunction(numbers)
    assert list(numbers(3)) == [0, 1, 2]
    assert counts(metrics_registry) == {"200": 1}
    unused = numbers(3)
    del unused
    assert counts(metrics_registry) == {"200": 1}
    half = numbers(3)
    assert next(half) == 0
    assert counts(metrics_registry) == {"200": 1}
    half.close()
    assert counts(metrics_registry) == {"200": 2}


def test_a_generator_is_sent_to_and_thrown_into(metrics_registry: Registry) -> None:
    log: list[object] = []

    @track_request("e", "M", registry=metrics_registry)
    def echo() -> Any:
        value = None
        while True:
            try:
                value = yield value
            except KeyError as error:
                value = error
                log.append(error)

    generator = echo()
    next(generator)
    assert generator.send("a") == "a"
    thrown = KeyError("k")
    assert generator.throw(thrown) is thrown
    with pytest.raises(ZeroDivisionError):
        generator.throw(ZeroDivisionError())
    assert log == [thrown]
    assert counts(metrics_registry) == {"500": 1}


def test_an_async_generator_passes_everything_on(metrics_registry: Registry) -> None:
    log: list[object] = []

    @track_request("e", "M", registry=metrics_registry)
    async def echo(first: object) -> Any:
        value = first
        try:
            while True:
                try:
                    value = yield value
                except KeyError as error:
                    value = error
                if value == "stop":
                    return
                if value == "fail":
                    raise ZeroDivisionError
        finally:
            await asyncio.sleep(0)
            log.append("closed")

    assert inspect.isasyncgenfunction(echo)

    async def main() -> None:
        agen = echo("a")
        assert await agen.__anext__() == "a"
        assert await agen.asend("b") == "b"
        thrown = KeyError("k")
        assert await agen.athrow(thrown) is thrown
        await agen.aclose()
        assert log == ["closed"]
        with pytest.raises(StopAsyncIteration):
            await agen.__anext__()

        agen = echo("a")
        assert await agen.__anext__() == "a"
        with pytest.raises(StopAsyncIteration):
            await agen.asend("stop")

        agen = echo("a")
        assert await agen.__anext__() == "a"
        with pytest.raises(ZeroDivisionError) as caught:
            await agen.asend("fail")
        assert caught.value.__context__ is None

        agen = echo("a")
        assert await agen.__anext__() == "a"
        with pytest.raises(OSError, match="thrown"):
            await agen.athrow(OSError("thrown"))

    asyncio.run(main())
    assert log == ["closed"] * 4
    assert counts(metrics_registry) == {"200": 2, "500": 2}


def test_what_an_async_generator_raises_after_it_handled_a_throw_has_no_context(metrics_registry: Registry) -> None:
    @track_request("e", "M", registry=metrics_registry)
    async def handle() -> Any:
        with contextlib.suppress(KeyError):
            yield 1
        raise ZeroDivisionError

    async def main() -> None:
        agen = handle()
        await agen.__anext__()
        with pytest.raises(ZeroDivisionError) as caught:
            await agen.athrow(KeyError("k"))
        assert caught.value.__context__ is None

    asyncio.run(main())


def test_an_async_generator_that_is_dropped_is_closed(metrics_registry: Registry) -> None:
    log: list[str] = []

    @track_request("e", "M", registry=metrics_registry)
    async def numbers() -> Any:
        try:
            yield 1
            yield 2
        finally:
            log.append("closed")

    async def main() -> None:
        async for _ in numbers():
            break
        gc.collect()
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert log == ["closed"]
    assert counts(metrics_registry) == {"200": 1}


def test_a_thrown_exception_is_let_go(metrics_registry: Registry) -> None:
    class Local(Exception): ...

    @track_request("e", "M", registry=metrics_registry)
    async def numbers() -> Any:
        yield 1

    async def main() -> weakref.ref[Local]:
        agen = numbers()
        await agen.__anext__()
        error = Local()
        kept = weakref.ref(error)
        with contextlib.suppress(Local):
            await agen.athrow(error)
        del error
        return kept

    gc.disable()
    try:
        assert asyncio.run(main())() is None
    finally:
        gc.enable()


def test_methods_of_every_kind_from_above_and_below(metrics_registry: Registry) -> None:
    tracked = track_request("e", "M", registry=metrics_registry)

    class Service:
        @tracked
        def method(self, x: int) -> tuple[object, int]:
            return self, x

        @tracked
        @classmethod
        def above(cls, x: int) -> tuple[object, int]:
            return cls, x

        @classmethod
        @tracked
        def below(cls, x: int) -> tuple[object, int]:
            return cls, x

        @tracked
        @staticmethod
        def static_above(x: int) -> int:
            return x

        @staticmethod
        @tracked
        def static_below(x: int) -> int:
            return x

        @tracked
        def alone(self) -> object:
            return self

        @tracked
        @classmethod
        async def later(cls) -> object:
            return cls

    class Child(Service): ...

    child = Child()
    assert child.method(1) == (child, 1)
    assert Service.method(child, x=1) == (child, 1)
    assert child.above(2) == Child.above(2) == (Child, 2)
    assert child.below(3) == Child.below(3) == (Child, 3)
    assert child.static_above(4) == Child.static_above(4) == 4
    assert child.static_below(5) == Child.static_below(5) == 5
    assert child.alone() is child
    assert asyncio.run(Child.later()) is Child
    assert isinstance(inspect.getattr_static(Service, "above"), classmethod)
    assert isinstance(inspect.getattr_static(Service, "static_above"), staticmethod)
    assert counts(metrics_registry) == {"200": 12}


def test_callable_objects_and_partials(metrics_registry: Registry) -> None:
    class Adder:
        """Adds."""

        def __call__(self, a: int, b: int) -> int:
            return a + b

    class Later:
        async def __call__(self) -> str:
            return "later"

    class Stream:
        async def __call__(self) -> Any:
            yield 1

    class Numbers:
        def __call__(self) -> Any:
            yield 1

    async def add(a: int, b: int) -> int:
        return a + b

    tracked = track_request(registry=metrics_registry)
    assert tracked(Adder())(1, b=2) == 3
    assert tracked(functools.partial(Adder(), 1))(2) == 3
    assert tracked(functools.partial(max, 5))(2) == 5
    assert tracked(max)(1, 2) == 2
    assert asyncio.run(tracked(Later())()) == "later"
    partial = tracked(functools.partial(add, 1))
    assert inspect.iscoroutinefunction(partial)
    assert list(inspect.signature(partial).parameters) == ["b"]
    assert asyncio.run(partial(2)) == 3
    assert inspect.isasyncgenfunction(tracked(Stream()))
    assert list(tracked(Numbers())()) == [1]

    def of(endpoint: str) -> float | None:
        return sample_value("http_requests_total", {"endpoint": endpoint, "method": "CALL"}, metrics_registry)

    assert of(Adder.__qualname__) == 2
    assert of("max") == 2
    assert of(Later.__qualname__) == 1
    assert of(add.__qualname__) == 1


@pytest.mark.parametrize("wrong", [int, property(lambda self: 1), 5], ids=["class", "property", "number"])
def test_what_cannot_be_decorated_is_refused(wrong: Any, metrics_registry: Registry) -> None:
    with pytest.raises(TypeError, match="track_request"):
        track_request(registry=metrics_registry)(wrong)


def test_nested_and_recursive_calls_are_counted_each(metrics_registry: Registry) -> None:
    @track_request("e", "M", registry=metrics_registry)
    def factorial(n: int) -> int:
        return n * factorial(n - 1) if n else 1

    assert factorial(5) == 120
    assert counts(metrics_registry) == {"200": 6}


def test_threads_lose_nothing(metrics_registry: Registry) -> None:
    @track_request("e", "M", registry=metrics_registry)
    def work() -> None: ...

    def many() -> None:
        for _ in range(2000):
            work()

    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(metrics_registry) == {"200": 16000}
    assert sample_value("http_request_latency_seconds_count", {"endpoint": "e"}, metrics_registry) == 16000


def test_a_patched_clock_is_seen(metrics_registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([10.0, 13.5])
    nanos = iter([10_000_000_000, 13_500_000_000])

    @track_request("e", "M", registry=metrics_registry)
    def work() -> None: ...

    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    monkeypatch.setattr("time.perf_counter_ns", lambda: next(nanos))
    work()
    monkeypatch.undo()
    assert sample_value("http_request_latency_seconds_sum", {"endpoint": "e"}, metrics_registry) == 3.5

"""The collector of requests, `record_request`, and `track_block`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import pickle
import subprocess
import sys
import threading
import weakref
from typing import Any

import pytest

import tykmetrics
from tykmetrics import Counter, DuplicateTimeseries, Registry, get_metrics_collector, track_block
from tykmetrics.block import TrackBlock, _innermost
from tykmetrics.testing import sample_value


def test_a_registry_has_one_collector() -> None:
    one, other = Registry(), Registry()
    assert get_metrics_collector(one) is get_metrics_collector(one)
    assert get_metrics_collector(one) is not get_metrics_collector(other)
    assert get_metrics_collector() is get_metrics_collector(tykmetrics.REGISTRY)


def test_threads_that_ask_at_once_get_the_same_collector(metrics_registry: Registry) -> None:
    found: list[object] = []
    gate = threading.Barrier(8)

    def ask() -> None:
        gate.wait()
        found.append(get_metrics_collector(metrics_registry))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_every_method_of_the_collector_records(metrics_registry: Registry) -> None:
    collector = get_metrics_collector(metrics_registry)
    collector.record_request(
        endpoint="/api/chat",
        method="POST",
        latency_seconds=0.245,
        status_code=200,
        provider="openai",
        model="gpt-4",
    )
    collector.record_request("/api/chat", "POST", 0.5, 503, "openai", "gpt-4")
    collector.record_request("/api/models", "GET", 0.1, 200)
    collector.record_cache_hit()
    collector.record_cache_hit()
    collector.record_cache_miss()
    collector.record_db_query(latency_seconds=0.0234)
    collector.record_external_api_call(service="stripe", error=False)
    collector.record_external_api_call("stripe", error=True)
    chat = {"endpoint": "/api/chat", "method": "POST"}
    expected: list[tuple[str, dict[str, str], float]] = [
        ("http_requests_total", chat, 2),
        ("http_request_errors_total", chat, 1),
        ("http_response_status_total", {"endpoint": "/api/chat", "status": "200"}, 1),
        ("http_response_status_total", {"endpoint": "/api/chat", "status": "503"}, 1),
        ("http_requests_total", {"endpoint": "/api/models", "method": "GET"}, 1),
        ("http_request_latency_seconds_count", {"endpoint": "/api/chat"}, 2),
        ("http_request_latency_seconds_sum", {"endpoint": "/api/chat"}, 0.745),
        ("provider_requests_total", {"provider": "openai"}, 2),
        ("provider_errors_total", {"provider": "openai"}, 1),
        ("model_requests_total", {"model": "gpt-4"}, 2),
        ("model_errors_total", {"model": "gpt-4"}, 1),
        ("cache_hits_total", {}, 2),
        ("cache_misses_total", {}, 1),
        ("db_queries_total", {}, 1),
        ("external_api_calls_total", {"service": "stripe"}, 2),
        ("external_api_errors_total", {"service": "stripe"}, 1),
    ]
    found = {str(one): sample_value(*one[:2], metrics_registry) for one in expected}
    assert found == {str(one): pytest.approx(one[2]) for one in expected}


def test_record_request_is_the_collectors_own_method() -> None:
    assert tykmetrics.record_request == get_metrics_collector().record_request
    labels = {"endpoint": "/direct", "method": "GET"}
    before = sample_value("http_requests_total", labels) or 0
    tykmetrics.record_request("/direct", "GET", 0.1, 200)
    assert sample_value("http_requests_total", labels) == before + 1


def test_importing_the_package_takes_no_names() -> None:
    program = (
        "import tykmetrics\n"
        "tykmetrics.Counter('http_requests_total', 'mine', ['path'])\n"
        "tykmetrics.Histogram('block_duration_seconds', 'mine')\n"
        "try:\n"
        "    tykmetrics.get_metrics_collector()\n"
        "except ValueError as error:\n"
        "    print('refused', 'http_requests' in str(error))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "refused True\n"


def blocks(registry: Registry, name: str) -> tuple[float | None, float | None]:
    labels = {"block": name}
    return (
        sample_value("block_duration_seconds_count", labels, registry),
        sample_value("block_errors_total", labels, registry),
    )


def test_a_block_is_timed_and_its_errors_counted(metrics_registry: Registry) -> None:
    error = KeyError("k")
    with track_block("b", registry=metrics_registry):
        pass
    with pytest.raises(KeyError) as caught, track_block("b", registry=metrics_registry):
        raise error
    assert caught.value is error
    assert blocks(metrics_registry, "b") == (2, 1)


def test_leaving_by_cancellation_is_no_error_of_the_block(metrics_registry: Registry) -> None:
    with pytest.raises(asyncio.CancelledError), track_block("b", registry=metrics_registry):
        raise asyncio.CancelledError
    assert blocks(metrics_registry, "b") == (1, 0)


def durations(registry: Registry, name: str) -> float:
    return sample_value("block_duration_seconds_sum", {"block": name}, registry) or 0.0


def test_a_block_is_entered_again_while_it_is_open(metrics_registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.perf_counter", lambda: now)
    block = track_block("b", registry=metrics_registry)
    with block:
        now = 1.0
        with block:
            now = 3.0
        assert durations(metrics_registry, "b") == 2.0
        now = 10.0
    assert durations(metrics_registry, "b") == 12.0
    with block:
        now = 11.0
    assert durations(metrics_registry, "b") == 13.0
    monkeypatch.undo()
    assert blocks(metrics_registry, "b") == (3, 0)


def test_tasks_share_a_block_and_keep_their_own_times(
    metrics_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("tykmetrics.block.time.perf_counter", lambda: now)
    block = track_block("b", registry=metrics_registry)

    async def main() -> None:
        nonlocal now
        opened, go, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def long() -> None:
            async with block:
                opened.set()
                await go.wait()
            done.set()

        task = asyncio.ensure_future(long())
        await opened.wait()
        now = 5.0
        async with block:
            now = 6.0
        assert durations(metrics_registry, "b") == 1.0
        go.set()
        await done.wait()
        await task
        assert durations(metrics_registry, "b") == 7.0

        # A task begun inside a block inherits what is open, and is not confused by it.
        async def inner() -> None:
            nonlocal now
            async with block:
                now += 1

        async with block:
            await asyncio.ensure_future(inner())
        assert durations(metrics_registry, "b") == 9.0

    asyncio.run(main())
    monkeypatch.undo()
    assert blocks(metrics_registry, "b") == (4, 0)


def test_a_block_may_be_left_in_another_context(metrics_registry: Registry) -> None:
    async def held() -> Any:
        async with track_block("b", registry=metrics_registry):
            yield 1

    async def main() -> None:
        agen = held()
        await asyncio.ensure_future(agen.__anext__())
        await asyncio.ensure_future(agen.aclose())

    asyncio.run(main())
    assert blocks(metrics_registry, "b") == (1, 0)


def test_what_is_left_elsewhere_is_not_kept_where_it_was_entered(metrics_registry: Registry) -> None:
    async def leave(block: TrackBlock) -> None:
        block.__exit__(None, None, None)

    def depth() -> int:
        entry, found = _innermost.get(), 0
        while entry is not None:
            entry, found = entry.around, found + 1
        return found

    async def main() -> None:
        for _ in range(100):
            block = track_block("b", registry=metrics_registry)
            block.__enter__()
            await asyncio.ensure_future(leave(block))
        assert depth() <= 1

    asyncio.run(main())
    assert blocks(metrics_registry, "b") == (100, 0)


def test_threads_share_a_block(metrics_registry: Registry) -> None:
    block = track_block("b", registry=metrics_registry)

    def many() -> None:
        for _ in range(1000):
            with block, block:
                pass

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert blocks(metrics_registry, "b") == (8000, 0)


def test_names_of_blocks_without_end_are_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tykmetrics.block._KEPT", 100)
    registry = Registry()
    for n in range(300):
        for _ in range(2):
            with contextlib.suppress(KeyError), track_block(f"b{n}", registry=registry):
                raise KeyError
    assert blocks(registry, "b99") == blocks(registry, "b100") == blocks(registry, "b299") == (2, 2)
    assert len(registry._tykmetrics_blocks.bound) == 100  # type: ignore[attr-defined]


def test_names_beyond_the_limit_of_a_family_are_in_its_overflow_series() -> None:
    registry = Registry()
    for n in range(10_300):
        with track_block(f"b{n}", registry=registry):
            pass
    counts = [
        sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "block_duration_seconds_count"
    ]
    assert (len(counts), sum(counts)) == (10_001, 10_300)
    assert len(registry._tykmetrics_blocks.bound) == 10_000  # type: ignore[attr-defined]


def test_blocks_do_not_take_the_name_of_a_metric_of_others() -> None:
    registry = Registry()
    Counter("block_errors_total", "mine", registry=registry)
    with pytest.raises(ValueError, match="block_errors"):
        track_block("b", registry=registry)


def test_calls_that_have_the_same_keywords_and_not_the_same_places_are_told_apart():
    registry = Registry()
    record_request = get_metrics_collector(registry).record_request
    for _ in range(3):
        # The two calls share one tuple of keywords, as the compiler makes it once for a module.
        record_request("/a", "GET", 0.1, 200, "openai", model="gpt-4")
        record_request("/a", "GET", 0.1, 200, model="gpt-4")
        record_request("/a", "GET", 0.1, status_code=200, provider="openai", model="gpt-4")
    value = registry.get_sample_value
    assert value("provider_requests_total", {"provider": "openai"}) == 6
    assert value("model_requests_total", {"model": "gpt-4"}) == 9
    assert value("provider_requests_total", {"provider": "gpt-4"}) is None


def test_calls_of_many_forms_are_counted_as_they_are_given():
    registry = tykmetrics.Registry()
    requests = tykmetrics.get_metrics_collector(registry)
    request = {"endpoint": "/a", "method": "GET", "latency_seconds": 0.5, "status_code": 200}
    for turn in range(200):
        # Each of these brings a tuple of keywords of its own, in an order of its own.
        names = sorted(request, key=lambda name, turn=turn: hash((name, turn)))
        requests.record_request(**{name: request[name] for name in names})
        requests.record_request(endpoint="/b", method="GET", latency_seconds=0.5, status_code=200)
        requests.record_request("/c", "GET", status_code=200, latency_seconds=0.5)
        requests.record_request("/d", "GET", 0.5, status_code=200, provider="p")
    value = registry.get_sample_value
    for endpoint in ("/a", "/b", "/c", "/d"):
        assert value("http_requests_total", {"endpoint": endpoint, "method": "GET"}) == 200
        assert value("http_request_latency_seconds_sum", {"endpoint": endpoint}) == 100
    assert value("provider_requests_total", {"provider": "p"}) == 200


def test_a_collector_that_knows_its_routes_goes_away():
    requests = tykmetrics.get_metrics_collector(tykmetrics.Registry())
    requests.own = requests.route("/a", "GET")
    gone = weakref.ref(requests)
    del requests
    gc.collect()
    assert gone() is None


def test_odd_numbers_cost_no_request(metrics_registry: Registry) -> None:
    collector = get_metrics_collector(metrics_registry)
    for latency, status in [(-1, 200), (float("nan"), 200), (0.5, -5), (0.5, 2**40)]:
        collector.record_request("/x", "GET", latency, status, provider="p")
    value = metrics_registry.get_sample_value
    assert value("http_requests_total", {"endpoint": "/x", "method": "GET"}) == 4
    assert value("http_request_latency_seconds_count", {"endpoint": "/x"}) == 2
    assert value("provider_latency_seconds_sum", {"provider": "p"}) == 1
    assert value("http_response_status_total", {"endpoint": "/x", "status": "0"}) == 2


@pytest.mark.parametrize("latency", [0.1, 13.375e-6, 0.0301, 7])
def test_an_average_is_never_beyond_the_extremes(metrics_registry: Registry, latency: float) -> None:
    collector = get_metrics_collector(metrics_registry)
    for _ in range(3):
        collector.record_request("/x", "GET", latency, 200, provider="p")
    value = metrics_registry.get_sample_value
    lowest, mean, highest = (
        value(f"provider_latency_{word}_seconds", {"provider": "p"}) or 0 for word in ("min", "avg", "max")
    )
    assert lowest <= mean <= highest
    assert (lowest, highest) == (pytest.approx(latency, rel=1 / 32), pytest.approx(latency, rel=1 / 32))


def test_whoever_wants_a_name_of_our_families_reads_whose_it_is():
    registry = Registry()
    get_metrics_collector(registry)
    track_block("b", registry=registry)
    with pytest.raises(DuplicateTimeseries, match="get_metrics_collector.*track_request.*middlew.*registry=") as both:
        Counter("http_requests_total", "mine", ["path"], registry=registry)
    again = pickle.loads(pickle.dumps(both.value))
    assert (again.duplicates, again.way_out) == (both.value.duplicates, both.value.way_out)
    assert str(again).endswith(both.value.way_out)
    with pytest.raises(DuplicateTimeseries, match="they are of track_block: .*registry="):
        Counter("block_errors", "mine", registry=registry)
    Counter("mine", "mine", registry=registry)
    with pytest.raises(DuplicateTimeseries, match="unregister the old one, or use another registry$"):
        Counter("mine", "mine", registry=registry)


def test_our_families_say_whose_they_are_where_a_name_is_taken():
    registry = Registry()
    Counter("http_requests_total", "mine", ["path"], registry=registry)
    with pytest.raises(DuplicateTimeseries, match="they are wanted by get_metrics_collector.*registry=") as taken:
        get_metrics_collector(registry)
    assert "http_requests_total" in taken.value.duplicates


def test_what_finds_a_name_taken_leaves_the_registry_as_it_was(metrics_registry: Registry) -> None:
    from tykmetrics.middleware.wsgi import MetricsMiddleware

    def application(environ: object, start: object) -> list[bytes]:
        return []

    others = Counter("http_response_size_bytes_count", "Somebody's own", registry=metrics_registry)
    for _ in range(2):
        with pytest.raises(DuplicateTimeseries, match="wanted by the HTTP middleware"):
            MetricsMiddleware(application, registry=metrics_registry)
    assert "http_requests_in_flight" not in metrics_registry._names_to_collectors
    metrics_registry.unregister(others)
    MetricsMiddleware(application, registry=metrics_registry)


def test_a_block_decorates_functions(metrics_registry: Registry) -> None:
    block = track_block("decorated")

    @block
    def double(n: int) -> int:
        """Twice."""
        return 2 * n

    @block
    async def fail() -> None:
        await asyncio.sleep(0)
        raise KeyError

    assert (double(2), double.__name__, double.__doc__) == (4, "double", "Twice.")
    with pytest.raises(KeyError):
        asyncio.run(fail())
    assert sample_value("block_duration_seconds_count", {"block": "decorated"}) == 2
    assert sample_value("block_errors_total", {"block": "decorated"}) == 1

    def each():
        yield

    with pytest.raises(TypeError, match="within a generator, use `with`"):
        block(each)

"""Registration, name clashes, restricted views, and what a registry promises to collectors written in Python."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Any
from unittest.mock import MagicMock

import prometheus_client as peer
import pytest

import tykmetrics
from tykmetrics.prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from tykmetrics.prometheus_client.core import (
    CounterMetricFamily,
    DuplicateTimeseries,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    Sample,
)


class Fixed:
    """A collector of families that were given to it."""

    def __init__(self, *families: Metric) -> None:
        self.families = families
        self.asked = 0

    def collect(self) -> Iterable[Metric]:
        self.asked += 1
        return self.families


class Described(Fixed):
    """One that tells its names without being collected."""

    def describe(self) -> Iterable[Metric]:
        return self.families


def test_a_collector_without_describe_is_not_asked_at_registration(registry: CollectorRegistry) -> None:
    collector = Fixed(GaugeMetricFamily("g", "help", value=1))
    registry.register(collector)
    assert collector.asked == 0
    assert registry._collector_to_names == {collector: []}
    assert registry.get_sample_value("g") == 1


def test_auto_describe_learns_names_by_collecting_once() -> None:
    registry = CollectorRegistry(auto_describe=True)
    collector = Fixed(CounterMetricFamily("c_total", "help", value=1))
    registry.register(collector)
    assert collector.asked == 1
    assert registry._collector_to_names[collector] == ["c", "c_total", "c_created"]
    with pytest.raises(DuplicateTimeseries, match="c_total"):
        Counter("c", "help", registry=registry)


def test_a_described_collector_clashes_with_a_metric_and_says_by_which_name(registry: CollectorRegistry) -> None:
    Histogram("h", "help", registry=registry)
    with pytest.raises(DuplicateTimeseries) as raised:
        registry.register(Described(GaugeMetricFamily("h_sum", "help")))
    assert raised.value.duplicates == {"h_sum"}


def test_a_refused_collector_leaves_no_trace(registry: CollectorRegistry) -> None:
    Gauge("a", "help", registry=registry)
    before = dict(registry._names_to_collectors), dict(registry._collector_to_names)
    with pytest.raises(ValueError, match="Duplicated"):
        registry.register(Described(GaugeMetricFamily("b", "help"), GaugeMetricFamily("a", "help")))
    assert (registry._names_to_collectors, registry._collector_to_names) == before


def test_names_of_every_type_are_those_of_prometheus_client() -> None:
    mine, theirs = CollectorRegistry(), peer.CollectorRegistry()
    types = ("counter", "gauge", "summary", "histogram", "gaugehistogram", "unknown", "info", "stateset")
    mine.register(Described(*(Metric(f"m_{typ}", "help", typ) for typ in types)))
    theirs.register(Described(*(peer.Metric(f"m_{typ}", "help", typ) for typ in types)))  # type: ignore[arg-type]
    assert list(mine._names_to_collectors) == list(theirs._names_to_collectors)


def test_an_unregistered_name_is_free_and_an_unknown_collector_is_a_key_error(registry: CollectorRegistry) -> None:
    gauge = Gauge("a", "help", registry=registry)
    registry.unregister(gauge)
    assert generate_latest(registry) == b""
    Gauge("a", "help", registry=registry)
    with pytest.raises(KeyError):
        registry.unregister(gauge)


def test_collectors_are_asked_in_the_order_of_their_registration(registry: CollectorRegistry) -> None:
    Gauge("z", "help", registry=registry)
    registry.register(Fixed(GaugeMetricFamily("m", "help", value=1)))
    Gauge("a", "help", registry=registry)
    registry.set_target_info({"region": "north"})
    assert [metric.name for metric in registry.collect()] == ["target", "z", "m", "a"]
    names = ["a", "z", "m", "target_info"]
    assert [metric.name for metric in registry.restricted_registry(names).collect()] == ["target", "z", "a"]


def test_a_restricted_registry_asks_nobody_else(registry: CollectorRegistry) -> None:
    wanted, other = (
        Described(GaugeMetricFamily("a", "help", value=1)),
        Described(GaugeMetricFamily("b", "help", value=2)),
    )
    registry.register(wanted)
    registry.register(other)
    [metric] = registry.restricted_registry(iter(["a"])).collect()
    assert metric.samples == [Sample("a", {}, 1)]
    assert (wanted.asked, other.asked) == (1, 0)


def test_a_restricted_registry_can_be_exposed(registry: CollectorRegistry) -> None:
    histogram = Histogram("h", "help", buckets=[1], registry=registry)
    histogram.observe(0.5)
    text = generate_latest(registry.restricted_registry(["h_count", "h_sum"]))
    assert text == b"# HELP h help\n# TYPE h histogram\nh_count 1.0\nh_sum 0.5\n"


def test_collectors_of_unknown_names_are_asked_by_restricted_registries_that_support_them() -> None:
    for supported, expected in ((False, []), (True, ["b"])):
        registry = CollectorRegistry(support_collectors_without_names=supported)
        registry.register(Fixed(GaugeMetricFamily("a", "help", value=1), GaugeMetricFamily("b", "help", value=2)))
        assert [metric.name for metric in registry.restricted_registry(["b"]).collect()] == expected


def test_target_info_comes_and_goes(registry: CollectorRegistry) -> None:
    registry.set_target_info({"version": "1"})
    assert registry.get_target_info() == {"version": "1"}
    assert registry.get_sample_value("target_info", {"version": "1"}) == 1
    with pytest.raises(DuplicateTimeseries):
        registry.register(Described(InfoMetricFamily("target", "help")))
    registry.set_target_info(None)
    assert generate_latest(registry) == b""
    registry.register(Described(InfoMetricFamily("target", "help", value={"a": "b"})))
    with pytest.raises(ValueError, match="target_info"):
        registry.set_target_info({"version": "2"})


def test_a_subclass_sees_every_registration() -> None:
    class Watching(CollectorRegistry):
        def __init__(self) -> None:
            super().__init__(auto_describe=True)
            self.seen: list[Any] = []

        def register(self, collector: Any) -> None:
            self.seen.append(collector)
            super().register(collector)

    registry = Watching()
    gauge = Gauge("a", "help", registry=registry)
    gauge.set(3)
    assert registry.seen == [gauge]
    assert registry.get_sample_value("a") == 3


def test_a_mock_is_a_collector_like_any_other(registry: CollectorRegistry) -> None:
    mock = MagicMock()
    mock.describe.return_value = [GaugeMetricFamily("a", "help")]
    mock.collect.return_value = [GaugeMetricFamily("a", "help", value=4)]
    registry.register(mock)
    assert registry.get_sample_value("a") == 4
    registry.unregister(mock)
    assert generate_latest(registry) == b""


def test_a_native_metric_is_shown_by_the_engine_wherever_it_is_registered(registry: CollectorRegistry) -> None:
    other = CollectorRegistry()
    gauge = Gauge("a", "help", registry=registry)
    other.register(gauge)
    gauge.set(3)
    for of in (registry, other):
        assert generate_latest(of) == b"# HELP a help\n# TYPE a gauge\na 3.0\n"
        assert b"\na 3\n" in tykmetrics.render(registry=of)
    registry.unregister(gauge)
    assert generate_latest(registry) == tykmetrics.render(registry=registry) == b""
    assert generate_latest(other).endswith(b"a 3.0\n")


def test_a_metric_that_the_engine_refuses_is_not_registered(registry: CollectorRegistry) -> None:
    class Nameless(Gauge):
        def describe(self) -> Iterable[Metric]:
            return []

    registered = Nameless("a", "help", registry=registry)
    for register in (
        lambda: Nameless("a", "help", registry=registry),
        lambda: registry.register(Nameless("a", "help", registry=None)),
    ):
        with pytest.raises(ValueError, match='"a" cannot be registered'):
            register()
        assert registry._collector_to_names == {registered: []}
    registered.set(1)
    assert generate_latest(registry).count(b"\na 1.0\n") == 1


def test_a_subclass_of_a_metric_that_collects_by_itself_is_asked(registry: CollectorRegistry) -> None:
    class Doubled(Gauge):
        def collect(self) -> Iterable[Metric]:
            for metric in super().collect():
                metric.samples = [sample._replace(value=2 * sample.value) for sample in metric.samples]
                yield metric

    Doubled("a", "help", registry=registry).set(3)
    assert registry.get_sample_value("a") == 6
    assert generate_latest(registry).endswith(b"\na 6.0\n")
    assert tykmetrics.render(registry=registry).endswith(b"\na 6\n")


def test_collectors_run_without_the_registry_being_locked(registry: CollectorRegistry) -> None:
    class Registering:
        def collect(self) -> Iterable[Metric]:
            assert not registry._lock.locked()
            Gauge("made_at_scrape", "help", registry=registry).set(1)
            return []

    registry.register(Registering())
    assert list(registry.collect()) == []
    assert "made_at_scrape" in registry._names_to_collectors


def test_threads_register_and_collect_at_once(registry: CollectorRegistry) -> None:
    failed: list[BaseException] = []

    def work(of: int) -> None:
        try:
            for at in range(50):
                Gauge(f"g_{of}_{at}", "help", registry=registry).set(at)
                list(registry.collect())
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(of,)) for of in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(list(registry.collect())) == 200


def test_a_child_can_collect_when_its_parent_forked_while_a_thread_registered(program: Callable[..., str]) -> None:
    program("""
        import os, sys, warnings
        warnings.simplefilter("ignore")
        from tykmetrics.prometheus_client import CollectorRegistry, generate_latest
        registry = CollectorRegistry()
        registry._lock.acquire()
        child = os.fork()
        if child == 0:
            generate_latest(registry)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert registry._lock.locked()
    """)
    assert hasattr(os, "register_at_fork")


def test_a_registry_that_nobody_holds_goes_away_with_collectors_that_hold_it() -> None:
    class Holding(Fixed):
        registry: CollectorRegistry

    def made() -> list[weakref.ref[Any]]:
        registry = CollectorRegistry(target_info={"a": "b"})
        collector = Holding(GaugeMetricFamily("a", "help", value=1))
        collector.registry = registry
        registry.register(collector)
        Gauge("g", "help", registry=registry).set(2)
        assert generate_latest(registry).endswith(b"g 2.0\n")
        return [weakref.ref(registry), weakref.ref(collector)]

    gone = made()
    gc.collect()
    assert [reference() for reference in gone] == [None, None]


def test_a_collector_without_weak_references_is_asked_too(registry: CollectorRegistry) -> None:
    class Slotted:
        __slots__ = ()

        def collect(self) -> Iterable[Metric]:
            return [GaugeMetricFamily("a", "help", value=1)]

    registry.register(Slotted())
    assert tykmetrics.render(registry=registry) == b"# HELP a help\n# TYPE a gauge\na 1\n"


def test_a_collector_that_is_registered_twice_is_asked_once(registry: CollectorRegistry) -> None:
    collector = Fixed(GaugeMetricFamily("a", "help", value=1))
    registry.register(collector)
    registry.register(collector)
    assert generate_latest(registry).count(b"\na 1.0\n") == 1
    assert tykmetrics.render(registry=registry).count(b"\na 1\n") == 1
    registry.unregister(collector)
    assert generate_latest(registry) == tykmetrics.render(registry=registry) == b""


def test_the_targets_family_is_shown_by_the_engine_too(registry: CollectorRegistry) -> None:
    for region in ("north", "south"):
        registry.set_target_info({"region": region})
        assert tykmetrics.render(registry=registry).splitlines()[-1] == f'target_info{{region="{region}"}} 1'.encode()
    registry.set_target_info(None)
    assert tykmetrics.render(registry=registry) == b""


def test_the_collectors_of_the_default_registry_can_be_taken_out(program: Callable[..., str]) -> None:
    program("""
        import tykmetrics
        from tykmetrics.prometheus_client import GC_COLLECTOR, REGISTRY, generate_latest
        REGISTRY.unregister(GC_COLLECTOR)
        assert b"python_gc" not in generate_latest() and b"python_info" in generate_latest()
        for collector in list(REGISTRY._collector_to_names):
            REGISTRY.unregister(collector)
        assert generate_latest() == tykmetrics.render() == b""
    """)

"""The registry: which collectors a scrape asks, and which names they have taken.

A collector is anything with `collect()`, a metric of this package or somebody's own. `REGISTRY` is the one that metrics
join unless told otherwise. The registry finds name clashes and asks; it holds no values.

What is listed here by a leading underscore is as in prometheus_client, since its users reach for it.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import RLock
from typing import Any, Protocol

from tykmetrics import _native
from tykmetrics.once import way_out
from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client.metrics_core import Metric

# What each type of family writes beside its own name.
_SUFFIXES = {
    "counter": ("_total", "_created"),
    "summary": ("_sum", "_count", "_created"),
    "histogram": ("_bucket", "_sum", "_count", "_created"),
    "gaugehistogram": ("_bucket", "_gsum", "_gcount"),
    "info": ("_info",),
}


class _Lock:
    """A lock that its holder may take again: a finalizer or a signal handler may come between any two steps.

    It tells whether it is taken, which an `RLock` does from Python 3.14 on, and which tests look at.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        return self._lock.acquire(blocking, timeout)

    def release(self) -> None:
        self._lock.release()

    def locked(self) -> bool:
        if self._lock._is_owned():  # type: ignore[attr-defined]
            return True
        if not self._lock.acquire(blocking=False):
            return True
        self._lock.release()
        return False


class Collector(Protocol):
    """Anything that has metric families to tell."""

    def collect(self) -> Iterable[Metric]:
        """Return the families as they are now."""
        ...


class _EmptyCollector:
    """Holds a name in the registry without having anything to tell."""

    def collect(self) -> Iterable[Metric]:
        return []


class _Families:
    """A collector of families that are made already."""

    def __init__(self, *families: Metric) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


class _Asked:
    """What the engine holds of a collector, which is no reference to it.

    The garbage collector does not see what the engine holds: a collector that holds its registry could never go away.
    The registry holds the collector for as long as it is registered.
    """

    def __init__(self, collector: Collector) -> None:
        self._collector: Callable[[], Collector | None]
        try:
            self._collector = weakref.ref(collector)
        except TypeError:
            # Classes with slots alone have no weak references.
            self._collector = lambda: collector

    def __repr__(self) -> str:
        return repr(self._collector())

    def collect(self) -> Iterable[Metric]:
        collector = self._collector()
        return [] if collector is None else list(collector.collect())


class DuplicateTimeseries(ValueError):
    """Two collectors of a registry would write a series of the same name."""

    way_out: str = ""
    """What to do, where the names are those of the package's own families."""

    def __init__(self, duplicates: set[str]) -> None:
        """Take the names that are taken already."""
        super().__init__(
            f"Duplicated timeseries in CollectorRegistry: {duplicates}; "
            "give the new collector another name, unregister the old one, or use another registry"
        )
        self.duplicates: set[str] = duplicates

    def __reduce__(self) -> tuple[Any, ...]:
        return (duplicate, (self.duplicates, self.way_out))


def duplicate(duplicates: set[str], way_out: str = "") -> DuplicateTimeseries:
    """Make the error, with what to do if it is not the usual."""
    error = DuplicateTimeseries(duplicates)
    if way_out:
        error.way_out = way_out
        error.args = (f"Duplicated timeseries in CollectorRegistry: {duplicates}; {way_out}",)
    return error


class CollectorRegistry:
    """The collectors that a scrape asks, in the order of their registration."""

    def __init__(
        self,
        auto_describe: bool = False,
        target_info: dict[str, str] | None = None,
        support_collectors_without_names: bool = False,
        *,
        series_limit: int | None = None,
        const_labels: Mapping[str, str] | None = None,
    ) -> None:
        """Make an empty registry.

        auto_describe: learn the names of a collector without `describe()` by collecting it once.
        target_info: labels of a `target_info` sample, which describes the process as a whole.
        support_collectors_without_names: ask collectors of unknown names in restricted registries too.
        series_limit: how many series the metrics of this package may have in it; None is the engine's own limit.
        const_labels: labels that every series of the metrics made for it carries.
        """
        self._collector_to_names: dict[Collector, list[str]] = {}
        self._names_to_collectors: dict[str, Collector] = {}
        self._auto_describe = auto_describe
        self._lock = _Lock()
        self._target_info: dict[str, str] | None = {}
        self._support_collectors_without_names = support_collectors_without_names
        self._collectors_without_names: list[Collector] = []
        self._series_limit = series_limit
        # The engine's own registry: what `tykmetrics.render` shows.
        self._core = _native.Registry(series_limit, list((const_labels or {}).items()))
        # By what number the engine asks each collector that is none of its own, and the target's family.
        self._asked: dict[Collector, int] = {}
        self._target_asked: int | None = None
        _REGISTRIES.add(self)
        self.set_target_info(target_info)

    def register(self, collector: Collector) -> None:
        """Add a collector; DuplicateTimeseries if a name that it writes is taken."""
        # The user's code, so it is asked while nothing is held.
        names = self._get_names(collector)
        with self._lock:
            duplicates = set(self._names_to_collectors).intersection(names)
            if duplicates:
                raise duplicate(duplicates, way_out(self, duplicates))
            if collector not in self._collector_to_names:
                self._join(collector)
            for name in names:
                self._names_to_collectors[name] = collector
            self._collector_to_names[collector] = names
            if self._support_collectors_without_names and not names:
                self._collectors_without_names.append(collector)

    def unregister(self, collector: Collector) -> None:
        """Remove a collector and free its names; KeyError if it is not here."""
        with self._lock:
            for name in self._collector_to_names[collector]:
                del self._names_to_collectors[name]
            del self._collector_to_names[collector]
            if collector in self._collectors_without_names:
                self._collectors_without_names.remove(collector)
            self._leave(collector)

    def _join(self, collector: Collector) -> None:
        """Have the engine show what a collector tells: a metric's own family, or what Python answers at each scrape."""
        if is_native(collector):
            collector._join(self)  # type: ignore[attr-defined]
        else:
            self._asked[collector] = self._core.add_collector(_Asked(collector))

    def _leave(self, collector: Collector) -> None:
        if is_native(collector):
            collector._leave(self)  # type: ignore[attr-defined]
        else:
            self._core.remove_collector(self._asked.pop(collector))

    def _get_names(self, collector: Collector) -> list[str]:
        """Return every name that the collector may write a sample by."""
        describe = getattr(collector, "describe", None)
        if not describe and self._auto_describe:
            describe = collector.collect
        if not describe:
            return []
        names: list[str] = []
        for metric in describe():
            names.append(metric.name)
            names.extend(metric.name + suffix for suffix in _SUFFIXES.get(metric.type, ()))
        return names

    def _exposition_sources(self) -> Iterator[Collector]:
        """Yield what a scrape asks, in order, without holding the lock: the target's own family first."""
        self._core.maintain()
        with self._lock:
            collectors = list(self._collector_to_names)
            target_info = self._target_info_metric() if self._target_info else None
        if target_info:
            yield _Families(target_info)
        yield from collectors

    def _families(self) -> Iterator[Any]:
        """Yield what the writers of expositions take: native metrics as they are, and the families of all others."""
        for source in self._exposition_sources():
            if is_native(source):
                yield source
            else:
                yield from source.collect()

    def collect(self) -> Iterable[Metric]:
        """Yield the families of every collector."""
        for source in self._exposition_sources():
            yield from source.collect()

    def restricted_registry(self, names: Iterable[str]) -> RestrictedRegistry:
        """Return a view of this registry that collects the samples of these names alone."""
        return RestrictedRegistry(set(names), self)

    def set_target_info(self, labels: dict[str, str] | None) -> None:
        """Set the labels of `target_info`; none of them removes it."""
        with self._lock:
            if labels:
                if not self._target_info and "target_info" in self._names_to_collectors:
                    raise ValueError("CollectorRegistry already contains a target_info metric; unregister it first")
                self._names_to_collectors["target_info"] = _EmptyCollector()
            elif self._target_info:
                self._names_to_collectors.pop("target_info", None)
            self._target_info = labels
            if self._target_asked is not None:
                self._core.remove_collector(self._target_asked)
                self._target_asked = None
            if labels:
                self._target_asked = self._core.add_collector(_Families(self._target_info_metric()))

    def get_target_info(self) -> dict[str, str] | None:
        """Return the labels of `target_info`."""
        with self._lock:
            return self._target_info

    def _target_info_metric(self) -> Metric:
        metric = Metric("target", "Target metadata", "info")
        metric.add_sample("target_info", self._target_info or {}, 1)
        return metric

    def get_sample_value(self, name: str, labels: dict[str, str] | None = None) -> float | None:
        """Return the value of a sample, or None if there is none. It collects everything: meant for tests."""
        wanted = labels or {}
        for metric in self.collect():
            for sample in metric.samples:
                if sample.name == name and sample.labels == wanted:
                    return sample.value
        return None


def shows_created() -> bool:
    """Tell whether the samples that say when a series began are shown; the switch is where prometheus_client has it."""
    switch = sys.modules.get("tykmetrics.prometheus_client.metrics")
    return bool(getattr(switch, "_use_created", True))


def families(registry: Collector) -> Iterable[Any]:
    """Return what the writers of expositions take of a registry, or of whatever else can be collected."""
    if getattr(type(registry), "collect", None) is CollectorRegistry.collect:
        return registry._families()  # type: ignore[attr-defined,no-any-return]
    return registry.collect()


class RestrictedRegistry:
    """A view of a registry that asks only the collectors of some names and keeps only the samples of those names."""

    def __init__(self, names: Iterable[str], registry: CollectorRegistry) -> None:
        """Take the names of samples, and the registry to look at. Names may be registered later."""
        self._name_set = set(names)
        self._registry = registry

    def _exposition_sources(self) -> Iterator[Collector]:
        """Yield what a scrape asks, in the registry's order, without holding its lock."""
        registry = self._registry
        registry._core.maintain()
        with registry._lock:
            owners = registry._names_to_collectors
            asked = {id(owners[name]) for name in self._name_set if name in owners}
            asked.update(id(collector) for collector in registry._collectors_without_names)
            collectors = [collector for collector in registry._collector_to_names if id(collector) in asked]
            wanted = "target_info" in self._name_set and registry._target_info
            target_info = registry._target_info_metric() if wanted else None
        if target_info:
            yield _Families(target_info)
        yield from collectors

    def collect(self) -> Iterable[Metric]:
        """Yield the families that have samples of the names, with those samples alone."""
        for source in self._exposition_sources():
            for metric in source.collect():
                restricted = metric._restricted_metric(self._name_set)
                if restricted:
                    yield restricted


def is_native(collector: Collector) -> bool:
    """Tell whether a collector is of this package and tells what the engine holds, and nothing else."""
    for kind in type(collector).__mro__:
        if "collect" in vars(kind):
            # A subclass that collects in its own way is asked in that way.
            return "_join" in vars(kind)
    return False


_REGISTRIES: weakref.WeakSet[CollectorRegistry] = weakref.WeakSet()


def _renew_locks() -> None:
    """Free the locks that threads of the parent held at a fork: those threads are not in the child."""
    for registry in _REGISTRIES:
        registry._lock = _Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)

adopt(__name__, "prometheus_client.registry")

REGISTRY = CollectorRegistry(auto_describe=True)
"""The registry that metrics join unless told otherwise."""

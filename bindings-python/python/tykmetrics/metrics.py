"""The metrics: Counter, Gauge, Histogram, Summary, Info and Enum, with the constructors of prometheus_client.

Everything that is called per event (`inc`, `set`, `observe`, `labels`, ...) is native and inherited from
`tykmetrics._native`; what is written here is called when a program starts, and when it is scraped.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from tykmetrics import _native
from tykmetrics.prometheus_client.context_managers import ExceptionCounter, InprogressTracker, Timer
from tykmetrics.prometheus_client.metrics_core import Metric
from tykmetrics.prometheus_client.validation import _validate_labelnames, _validate_metric_name
from tykmetrics.reach import Reach, sample_of
from tykmetrics.registry import REGISTRY, CollectorRegistry, shows_created

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import EllipsisType

INF = float("inf")
DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, INF)

_workshop = _native.Registry()
"""Makes the families of metrics that are constructed without a registry."""


_ENDINGS = {"counter": "_total", "info": "_info"}


class _Asked(TypedDict):
    """What the native half is asked to make."""

    name: str
    documentation: str
    label_names: Sequence[str]
    unit: str
    limit: int | None
    expire_after: float | None
    const_labels: Sequence[tuple[str, str]]
    buckets: Sequence[float] | None
    range: tuple[float, float] | None
    native: Sequence[int | None]
    store: str | None
    quantiles: Sequence[float] | None
    window: float | None
    states: Sequence[str] | None
    takes_infinity: bool
    only_sets: bool


def _full_name(kind: str, name: str, namespace: str, subsystem: str, unit: str) -> str:
    """Return the family's name as OpenMetrics has it: a counter's without `_total`."""
    if not name:
        raise ValueError("Metric name should not be empty")
    full = "_".join(part for part in (namespace, subsystem, name) if part)
    if kind == "counter":
        full = full.removesuffix("_total")
    if unit and not full.endswith("_" + unit):
        full += "_" + unit
    if unit and kind in ("info", "stateset"):
        raise ValueError(f"Metric name is of a type that cannot have a unit: {full} ({kind})")
    return full


def metric_of(family: tuple[Any, ...], samples: Iterable[tuple[Any, ...]]) -> Metric:
    """Return a family that the native half told as prometheus_client's object for it."""
    metric = Metric(*family[:4])
    metric.samples = [sample_of(*told) for told in samples]
    return metric


class MetricBase(Reach):
    """What all metrics have in common."""

    _type: ClassVar[str] = ""
    _reserved_labelnames: ClassVar[Sequence[str]] = ()
    # Which series a family has at most, where the constructor does not say. None is the engine's own limit.
    _default_limit: ClassVar[int | None] = None
    # Whether an infinity that is observed is meant, or counted apart as a mistake.
    _takes_infinity: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        """Give a subclass the hot methods as its own, which the interpreter calls without looking further."""
        super().__init_subclass__(**options)
        _native.equip(cls)

    def _construct(
        self,
        name: str,
        documentation: str,
        labelnames: Iterable[str],
        namespace: str,
        subsystem: str,
        unit: str,
        registry: CollectorRegistry | None,
        limit: int | None,
        expire_after: float | None,
        const_labels: Mapping[str, str] | None,
        *,
        buckets: Sequence[float] | None = None,
        range: tuple[float, float] | None = None,
        native: Sequence[int | None] = (),
        store: str | None = None,
        quantiles: Sequence[float] | None = None,
        window: float | None = None,
        states: Sequence[str] | None = None,
        only_sets: bool = False,
    ) -> None:
        """Check what was asked for, make the family and register it."""
        if isinstance(labelnames, str):
            raise ValueError(f"labelnames of {name!r} is a sequence of names, not the string {labelnames!r}")
        full = _full_name(self._type, name, namespace, subsystem, unit)
        names = _validate_labelnames(type(self), labelnames)
        _validate_metric_name(full)
        if not isinstance(documentation, str):
            raise TypeError(f"documentation of {full!r} is a str, not {type(documentation).__name__}")
        if limit is not None:
            if not isinstance(limit, int):
                raise TypeError(f"limit of {full!r} is a number of series, not {limit!r}")
            if not 1 <= limit < 1 << 32:
                raise ValueError(f"limit of {full!r} is {limit}: it is a number of series from 1 to 4294967295")
        if registry is not None and not callable(getattr(registry, "register", None)):
            raise TypeError(f"registry of {full!r} is a CollectorRegistry, not {registry!r}")
        # Another library's registry takes the metric as a collector.
        maker: _native.Registry = getattr(registry, "_core", _workshop)
        self._make(
            maker,
            _Asked(
                # As the classic format writes it. A counter's name is without it by now, an info's never is.
                name=full + _ENDINGS.get(self._type, ""),
                documentation=documentation,
                label_names=names,
                unit=unit,
                limit=self._default_limit if limit is None else limit,
                expire_after=expire_after,
                const_labels=list((const_labels or {}).items()),
                buckets=buckets,
                range=range,
                native=native,
                store=store,
                quantiles=quantiles,
                window=window,
                states=states,
                takes_infinity=self._takes_infinity,
                only_sets=only_sets,
            ),
        )
        if registry:
            registry.register(self)

    def remove(self, *labelvalues: object) -> None:
        """Remove the series of these label values, if there is one."""
        self._remove(*labelvalues)

    def remove_by_labels(self, labels: Mapping[str, str]) -> None:
        """Remove every series that carries all of these labels."""
        if not self._labelnames:
            raise ValueError(f"No label names were set when constructing {self}")
        if not isinstance(labels, dict):
            raise TypeError(f"labels must be a dict of label names and values, not {type(labels).__name__}")
        unknown = [name for name in labels if name not in self._labelnames]
        if unknown:
            raise ValueError(f"Unknown label names: {unknown}; {self._name!r} has {self._labelnames}")
        if labels:
            self._remove_matching([(name, str(value)) for name, value in labels.items()])

    def clear(self) -> None:
        """Remove every series. A metric without labels stays as it is."""
        if self._labelnames:
            self._clear()

    def describe(self) -> Iterable[Metric]:
        """Return the family without samples."""
        return [self._get_metric()]

    def collect(self) -> Iterable[Metric]:
        """Return the family with its samples."""
        told = self._tell(shows_created())
        return [metric_of((self._name, self._documentation, self._type, self._unit), told[4])]

    def _get_metric(self) -> Metric:
        return Metric(self._name, self._documentation, self._type, self._unit)

    def _join(self, registry: CollectorRegistry) -> None:
        """List the family in a registry's engine."""
        self._list(registry._core)

    def _leave(self, registry: CollectorRegistry) -> None:
        """Take the family out of a registry's engine."""
        registry._core.unlist(self._full_name)

    def __str__(self) -> str:
        return f"{self._type}:{self._name}"

    def __repr__(self) -> str:
        kind = type(self)
        return f"{kind.__module__}.{kind.__name__}({self._name})"


class Counter(MetricBase, _native.Counter):
    """A number that only goes up: requests, errors, bytes sent."""

    _type = "counter"

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Iterable[str] = (),
        namespace: str = "",
        subsystem: str = "",
        unit: str = "",
        registry: CollectorRegistry | None = REGISTRY,
        _labelvalues: Sequence[str] | None = None,
        *,
        limit: int | None = None,
        expire_after: float | None = None,
        const_labels: Mapping[str, str] | None = None,
    ) -> None:
        """Make a counter and register it.

        limit: how many series it has at most; more label values are counted together in one overflow series.
        expire_after: seconds after which a series that nobody holds and that did not change is removed.
        const_labels: labels that every series has, after its own.
        """
        self._construct(
            name, documentation, labelnames, namespace, subsystem, unit, registry, limit, expire_after, const_labels
        )

    def reset(self) -> None:
        """Begin again at zero, as a logical process does that starts anew."""
        self._raise_if_not_observable()
        self._reset()

    def count_exceptions(
        self, exception: type[BaseException] | tuple[type[BaseException], ...] = Exception
    ) -> ExceptionCounter:
        """Return a context manager and decorator that counts exceptions of a type."""
        self._raise_if_not_observable()
        return ExceptionCounter(self, exception)


class Gauge(MetricBase, _native.Gauge):
    """A number that goes up and down: requests in flight, free memory, a temperature."""

    _type = "gauge"
    _MULTIPROC_MODES: ClassVar[frozenset[str]] = frozenset(
        prefix + mode for mode in ("all", "min", "max", "sum", "mostrecent") for prefix in ("", "live")
    )

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Iterable[str] = (),
        namespace: str = "",
        subsystem: str = "",
        unit: str = "",
        registry: CollectorRegistry | None = REGISTRY,
        _labelvalues: Sequence[str] | None = None,
        multiprocess_mode: str = "all",
        *,
        limit: int | None = None,
        expire_after: float | None = None,
        const_labels: Mapping[str, str] | None = None,
    ) -> None:
        """Make a gauge and register it; for `limit` and `expire_after` see Counter."""
        if multiprocess_mode not in self._MULTIPROC_MODES:
            raise ValueError(
                f"Invalid multiprocess mode of gauge {name!r}: {multiprocess_mode!r} is none of "
                f"{', '.join(sorted(self._MULTIPROC_MODES))}"
            )
        self._construct(
            name,
            documentation,
            labelnames,
            namespace,
            subsystem,
            unit,
            registry,
            limit,
            expire_after,
            const_labels,
            only_sets="mostrecent" in multiprocess_mode,
        )

    def set_to_current_time(self) -> None:
        """Set the gauge to the current time, in seconds since 1970."""
        self.set(time.time())

    def set_function(self, f: Callable[[], float]) -> None:
        """Read the gauge from a function at every scrape, instead of what is set."""
        self._raise_if_not_observable()
        self._set_function(f)

    def track_inprogress(self) -> InprogressTracker:
        """Return a context manager and decorator that holds the gauge up by 1 while it runs."""
        self._raise_if_not_observable()
        return InprogressTracker(self)

    def time(self) -> Timer:
        """Return a context manager and decorator that sets the gauge to the seconds that were spent."""
        return Timer(self, "set")


class Histogram(MetricBase, _native.Histogram):
    """Counts of values by bucket, and their sum: latencies, sizes."""

    _type = "histogram"
    _reserved_labelnames = ("le",)
    DEFAULT_BUCKETS: ClassVar[Sequence[float]] = DEFAULT_BUCKETS

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Iterable[str] = (),
        namespace: str = "",
        subsystem: str = "",
        unit: str = "",
        registry: CollectorRegistry | None = REGISTRY,
        _labelvalues: Sequence[str] | None = None,
        buckets: Sequence[float | str] | None = DEFAULT_BUCKETS,
        *,
        range: tuple[float, float] | None = None,
        native_schema: int | EllipsisType | None = ...,
        store: str | None = None,
        limit: int | None = None,
        expire_after: float | None = None,
        const_labels: Mapping[str, str] | None = None,
    ) -> None:
        """Make a histogram and register it; for `limit` and `expire_after` see Counter.

        buckets: the upper bounds, rising; +Inf is added. None for native buckets and quantiles alone.
        range: the smallest and the largest value that are told apart; chosen by the bounds without it.
        native_schema: the finest native buckets to show, -4 to 3 (the default of the store "hdr"), or None for none.
        store: "hdr" keeps native buckets and quantiles beside the bounds; "compact" keeps the bounds alone, in a cache
            line or two, for families of very many series.
        """
        bounds = [INF] if buckets is None else [float(bound) for bound in buckets]
        if bounds != sorted(bounds):
            raise ValueError(f"Buckets not in sorted order: histogram {name!r} was given {bounds}")
        if bounds and bounds[-1] != INF:
            bounds.append(INF)
        if len(bounds) < 2 and buckets is not None:
            raise ValueError(f"Must have at least two buckets: histogram {name!r} was given {bounds}")
        self._construct(
            name,
            documentation,
            labelnames,
            namespace,
            subsystem,
            unit,
            registry,
            limit,
            expire_after,
            const_labels,
            buckets=bounds[:-1],
            range=range,
            native=() if native_schema is ... else (native_schema,),
            store=store,
        )

    def time(self) -> Timer:
        """Return a context manager and decorator that observes the seconds that were spent."""
        return Timer(self, "observe")


class Summary(MetricBase, _native.Summary):
    """A count and a sum of values, and quantiles if they are asked for."""

    _type = "summary"
    _reserved_labelnames = ("quantile",)

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Iterable[str] = (),
        namespace: str = "",
        subsystem: str = "",
        unit: str = "",
        registry: CollectorRegistry | None = REGISTRY,
        _labelvalues: Sequence[str] | None = None,
        *,
        quantiles: Sequence[float] = (),
        window: float | None = None,
        limit: int | None = None,
        expire_after: float | None = None,
        const_labels: Mapping[str, str] | None = None,
    ) -> None:
        """Make a summary and register it; for `limit` and `expire_after` see Counter.

        quantiles: which to show, each from 0 to 1.
        window: seconds that the quantiles look back; all time without it.
        """
        self._construct(
            name,
            documentation,
            labelnames,
            namespace,
            subsystem,
            unit,
            registry,
            limit,
            expire_after,
            const_labels,
            quantiles=list(quantiles),
            window=window,
        )

    def time(self) -> Timer:
        """Return a context manager and decorator that observes the seconds that were spent."""
        return Timer(self, "observe")


class Info(MetricBase, _native.Info):
    """Text that describes the process, as labels of a sample that is always 1."""

    _type = "info"

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Iterable[str] = (),
        namespace: str = "",
        subsystem: str = "",
        unit: str = "",
        registry: CollectorRegistry | None = REGISTRY,
        _labelvalues: Sequence[str] | None = None,
        *,
        limit: int | None = None,
        expire_after: float | None = None,
        const_labels: Mapping[str, str] | None = None,
    ) -> None:
        """Make an info and register it; for the options see Counter."""
        self._construct(
            name, documentation, labelnames, namespace, subsystem, unit, registry, limit, expire_after, const_labels
        )

    def info(self, val: dict[str, str]) -> None:
        """Set the labels, in the place of those before."""
        self._raise_if_not_observable()
        overlapping = set(self._labelnames).intersection(val)
        if overlapping:
            raise ValueError(
                f"Overlapping labels for Info metric, metric: {self._labelnames} child: {val}; "
                f"{self._name!r} has {sorted(overlapping)} already"
            )
        empty = [label for label, value in val.items() if value is None]
        if empty:
            raise ValueError(f"Label value cannot be None: {empty} of info {self._name!r}")
        self._set(val)


class Enum(MetricBase, _native.Enum):
    """Which of a set of states holds."""

    _type = "stateset"

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Iterable[str] = (),
        namespace: str = "",
        subsystem: str = "",
        unit: str = "",
        registry: CollectorRegistry | None = REGISTRY,
        _labelvalues: Sequence[str] | None = None,
        states: Sequence[str] | None = None,
        *,
        limit: int | None = None,
        expire_after: float | None = None,
        const_labels: Mapping[str, str] | None = None,
    ) -> None:
        """Make an enum and register it. The first of the states holds until another is entered."""
        if not isinstance(labelnames, str):
            labelnames = tuple(labelnames)
        if name in labelnames:
            raise ValueError(
                f"Overlapping labels for Enum metric: {name}; its states are shown by a label of that name"
            )
        if not states:
            raise ValueError(f"No states provided for Enum metric: {name}")
        self._construct(
            name,
            documentation,
            labelnames,
            namespace,
            subsystem,
            unit,
            registry,
            limit,
            expire_after,
            const_labels,
            states=tuple(states),
        )

    def state(self, state: str) -> None:
        """Make a state the one that holds."""
        self._raise_if_not_observable()
        self._enter(state)

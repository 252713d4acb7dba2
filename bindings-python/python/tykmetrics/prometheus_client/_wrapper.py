"""The base of kinds of metric that somebody writes in Python.

A kind says in `_metric_init` what one of its series holds, usually numbers of `values.ValueClass`, and in
`_child_samples` what that series writes. The metrics of this package are not made of it, since their numbers are the
engine's, but they pass for it in `isinstance`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client.metrics_core import Metric
from tykmetrics.prometheus_client.registry import REGISTRY, Collector, CollectorRegistry
from tykmetrics.prometheus_client.samples import Sample
from tykmetrics.prometheus_client.validation import _validate_labelnames, _validate_metric_name

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T", bound="MetricWrapperBase")


def _build_full_name(metric_type: str | None, name: str, namespace: str, subsystem: str, unit: str) -> str:
    """Return a family's whole name: namespace, subsystem and unit are parts of it, a counter's `_total` is not."""
    if not name:
        raise ValueError("Metric name should not be empty")
    full_name = "_".join([part for part in (namespace, subsystem) if part] + [name])
    if metric_type == "counter":
        full_name = full_name.removesuffix("_total")
    if unit and not full_name.endswith("_" + unit):
        full_name += "_" + unit
    if unit and metric_type in ("info", "stateset"):
        raise ValueError(f"Metric name is of a type that cannot have a unit: {full_name} is {metric_type}")
    return full_name


class MetricWrapperBase(Collector):
    """A metric, or one series of a metric with labels."""

    _type: str | None = None
    _reserved_labelnames: Sequence[str] = ()

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
    ) -> None:
        """Make a metric and let it join a registry, if there is one."""
        self._original_name = name
        self._namespace = namespace
        self._subsystem = subsystem
        self._name = _build_full_name(self._type, name, namespace, subsystem, unit)
        self._labelnames = _validate_labelnames(self, labelnames)
        self._labelvalues = tuple(_labelvalues or ())
        # What else the constructor of a series gets; a kind with parameters of its own adds them.
        self._kwargs: dict[str, Any] = {}
        self._documentation = documentation
        self._unit = unit
        _validate_metric_name(self._name)
        if self._is_parent():
            self._lock = Lock()
            self._metrics: dict[tuple[str, ...], Any] = {}
        else:
            self._metric_init()
        if registry and not self._labelvalues:
            registry.register(self)

    def __str__(self) -> str:
        return f"{self._type}:{self._name}"

    def __repr__(self) -> str:
        return f"{type(self).__module__}.{type(self).__name__}({self._name})"

    def describe(self) -> Iterable[Metric]:
        """Return the family without its samples."""
        return [self._get_metric()]

    def collect(self) -> Iterable[Metric]:
        """Return the family with its samples."""
        metric = self._get_metric()
        metric.samples = [Sample(self._name + sample[0], *sample[1:]) for sample in self._samples()]
        return [metric]

    def labels(self, *labelvalues: object, **labelkwargs: object) -> Self:
        """Return the series with these label values, given by position or by name; it is made if it is new."""
        self._require_labels()
        if self._labelvalues:
            given = dict(zip(self._labelnames, self._labelvalues, strict=True))
            raise ValueError(f"{self} already has labels set ({given}); can not chain calls to .labels()")
        if labelvalues and labelkwargs:
            raise ValueError(f"Can't pass both *args and **kwargs to the labels of {self}")
        if labelkwargs:
            if sorted(labelkwargs) != sorted(self._labelnames):
                raise ValueError(f"Incorrect label names for {self}: {tuple(labelkwargs)}, not {self._labelnames}")
            values = tuple(str(labelkwargs[name]) for name in self._labelnames)
        else:
            values = self._values(labelvalues)
        with self._lock:
            if values not in self._metrics:
                own = ("namespace", "subsystem", "unit")
                self._metrics[values] = type(self)(
                    self._original_name,
                    documentation=self._documentation,
                    labelnames=self._labelnames,
                    namespace=self._namespace,
                    subsystem=self._subsystem,
                    unit=self._unit,
                    _labelvalues=values,
                    **{name: value for name, value in self._kwargs.items() if name not in own},
                )
            series: Self = self._metrics[values]
            return series

    def remove(self, *labelvalues: Any) -> None:
        """Remove the series with these label values."""
        _warn_multi_process("Removal of labels")
        self._require_labels()
        values = self._values(labelvalues)
        with self._lock:
            self._metrics.pop(values, None)

    def remove_by_labels(self, labels: dict[str, str]) -> None:
        """Remove every series with these values of some of its labels; none of them removes nothing."""
        _warn_multi_process("Removal of labels")
        self._require_labels()
        if not isinstance(cast("object", labels), dict):
            raise TypeError("labels must be a dict of {label_name: label_value}")
        unknown = [name for name in labels if name not in self._labelnames]
        if unknown:
            raise ValueError(f"Unknown label names: {unknown}; expected {self._labelnames}")
        wanted = {self._labelnames.index(name): str(value) for name, value in labels.items()}
        if not wanted:
            return
        with self._lock:
            for values in list(self._metrics):
                if all(values[at] == value for at, value in wanted.items()):
                    del self._metrics[values]

    def clear(self) -> None:
        """Remove every series of a metric with labels."""
        if not self._labelnames:
            return
        _warn_multi_process("Clearing labels")
        with self._lock:
            self._metrics = {}

    def _values(self, labelvalues: tuple[object, ...]) -> tuple[str, ...]:
        if len(labelvalues) != len(self._labelnames):
            raise ValueError(
                f"Incorrect label count for {self}: expected {len(self._labelnames)} "
                f"({', '.join(self._labelnames)}), got {labelvalues}"
            )
        return tuple(str(value) for value in labelvalues)

    def _require_labels(self) -> None:
        if not self._labelnames:
            raise ValueError(f"No label names were set when constructing {self}")

    def _is_observable(self) -> bool:
        """Tell whether this is a series: a metric without labels, or one of a metric with labels."""
        return not self._is_parent()

    def _raise_if_not_observable(self) -> None:
        if not self._is_observable():
            raise ValueError(f"{self._type} metric is missing label values: {self._name} has {self._labelnames}")

    def _is_parent(self) -> bool:
        return bool(self._labelnames) and not self._labelvalues

    def _get_metric(self) -> Metric:
        return Metric(self._name, self._documentation, self._type or "", self._unit)

    def _samples(self) -> Iterable[Sample]:
        return self._multi_samples() if self._is_parent() else self._child_samples()

    def _multi_samples(self) -> Iterable[Sample]:
        with self._lock:
            series = self._metrics.copy()
        for values, metric in series.items():
            own = dict(zip(self._labelnames, values, strict=True))
            for sample in metric._samples():
                yield Sample(sample[0], {**own, **sample[1]}, *sample[2:])

    def _child_samples(self) -> Iterable[Sample]:
        """Return what one series writes; names are what comes behind the family's."""
        raise NotImplementedError(f"_child_samples() must be implemented by {self!r}")

    def _metric_init(self) -> None:
        """Make what one series holds."""
        raise NotImplementedError(f"_metric_init() must be implemented by {self!r}")


def _warn_multi_process(what: str) -> None:
    if "prometheus_multiproc_dir" in os.environ or "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        warnings.warn(f"{what} has not been implemented in multi-process mode", UserWarning, stacklevel=3)


adopt(__name__, "prometheus_client.metrics")

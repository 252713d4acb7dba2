"""Metric families as plain data: what a collector gives and a scrape writes.

Custom collectors make `GaugeMetricFamily`, `CounterMetricFamily` and the others; all of them can be subclassed. A
family's name and type are checked when it is made, its values when they are written.
"""

from __future__ import annotations

import copyreg
from collections.abc import Container, Iterable, Sequence
from typing import Any

from tykmetrics.prometheus_client._identity import adopt, blank, home
from tykmetrics.prometheus_client.samples import Exemplar, NativeHistogram, Sample, Timestamp
from tykmetrics.prometheus_client.validation import _validate_metric_name

METRIC_TYPES = (
    "counter",
    "gauge",
    "summary",
    "histogram",
    "gaugehistogram",
    "unknown",
    "info",
    "stateset",
)


class Metric:
    """A family of samples: a name, what it means, its type and unit, and the samples."""

    def __init__(self, name: str, documentation: str, typ: str, unit: str = "") -> None:
        """Make a family without samples; the unit is appended to a name that does not end in it."""
        if unit and not name.endswith("_" + unit):
            name += "_" + unit
        _validate_metric_name(name)
        if typ == "untyped":
            typ = "unknown"
        if typ not in METRIC_TYPES:
            raise ValueError(f"Invalid metric type: {typ} for {name}; it is one of {', '.join(METRIC_TYPES)}")
        self.name: str = name
        self.documentation: str = documentation
        self.unit: str = unit
        self.type: str = typ
        self.samples: list[Sample] = []

    def add_sample(
        self,
        name: str,
        labels: dict[str, str],
        value: float,
        timestamp: Timestamp | float | None = None,
        exemplar: Exemplar | None = None,
        native_histogram: NativeHistogram | None = None,
    ) -> None:
        """Append a sample, whose name is its own and complete."""
        self.samples.append(Sample(name, labels, value, timestamp, exemplar, native_histogram))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Metric)
            and self.name == other.name
            and self.documentation == other.documentation
            and self.type == other.type
            and self.unit == other.unit
            and self.samples == other.samples
        )

    def __repr__(self) -> str:
        return f"Metric({self.name}, {self.documentation}, {self.type}, {self.unit}, {self.samples})"

    def __reduce__(self) -> tuple[Any, ...]:
        found = home(type(self))
        if found:
            return (blank, found, self.__dict__)
        return (copyreg.__newobj__, (type(self),), self.__dict__)  # type: ignore[attr-defined]

    def _restricted_metric(self, names: Container[str]) -> Metric | None:
        """Return this family with the named samples alone, or None if it has none of them."""
        samples = [sample for sample in self.samples if sample[0] in names]
        if not samples:
            return None
        metric = Metric(self.name, self.documentation, self.type)
        metric.samples = samples
        return metric


class _Labelled(Metric):
    """What the families that collectors make have in common: labels are named once, and given by value."""

    def _name_labels(self, labels: Iterable[str] | None, given: bool, what: str = "value") -> None:
        if labels is not None and given:
            raise ValueError(
                f"Can only specify at most one of {what} and labels: {self.name} has both; "
                "name the labels and give each value by add_metric"
            )
        self._labelnames: tuple[str, ...] = tuple(labels or ())

    def _labels(self, values: Iterable[str]) -> dict[str, str]:
        # As in prometheus_client, values without a name are dropped and names without a value left out.
        return dict(zip(self._labelnames, values, strict=False))


class UnknownMetricFamily(_Labelled):
    """Values of which it is not known what they are."""

    def __init__(
        self,
        name: str,
        documentation: str,
        value: float | None = None,
        labels: Sequence[str] | None = None,
        unit: str = "",
    ) -> None:
        """Take the one value of a family without labels, or the names of its labels."""
        Metric.__init__(self, name, documentation, "unknown", unit)
        self._name_labels(labels, value is not None)
        if value is not None:
            self.add_metric([], value)

    def add_metric(self, labels: Sequence[str], value: float, timestamp: Timestamp | float | None = None) -> None:
        """Add the value of one set of label values."""
        self.samples.append(Sample(self.name, self._labels(labels), value, timestamp))


UntypedMetricFamily = UnknownMetricFamily
"""The name from before OpenMetrics."""


class CounterMetricFamily(_Labelled):
    """Totals that only grow."""

    def __init__(
        self,
        name: str,
        documentation: str,
        value: float | None = None,
        labels: Sequence[str] | None = None,
        created: float | None = None,
        unit: str = "",
        exemplar: Exemplar | None = None,
    ) -> None:
        """Take the one value of a family without labels, or the names of its labels; `_total` is not its name's."""
        Metric.__init__(self, name.removesuffix("_total"), documentation, "counter", unit)
        self._name_labels(labels, value is not None)
        if value is not None:
            self.add_metric([], value, created, exemplar=exemplar)

    def add_metric(
        self,
        labels: Sequence[str],
        value: float,
        created: float | None = None,
        timestamp: Timestamp | float | None = None,
        exemplar: Exemplar | None = None,
    ) -> None:
        """Add the total of one set of label values, and since when it counts."""
        self.samples.append(Sample(self.name + "_total", self._labels(labels), value, timestamp, exemplar))
        if created is not None:
            self.samples.append(Sample(self.name + "_created", self._labels(labels), created, timestamp))


class GaugeMetricFamily(_Labelled):
    """Values that go up and down."""

    def __init__(
        self,
        name: str,
        documentation: str,
        value: float | None = None,
        labels: Sequence[str] | None = None,
        unit: str = "",
    ) -> None:
        """Take the one value of a family without labels, or the names of its labels."""
        Metric.__init__(self, name, documentation, "gauge", unit)
        self._name_labels(labels, value is not None)
        if value is not None:
            self.add_metric([], value)

    def add_metric(self, labels: Sequence[str], value: float, timestamp: Timestamp | float | None = None) -> None:
        """Add the value of one set of label values."""
        self.samples.append(Sample(self.name, self._labels(labels), value, timestamp))


class SummaryMetricFamily(_Labelled):
    """Counts and sums of observations."""

    def __init__(
        self,
        name: str,
        documentation: str,
        count_value: int | None = None,
        sum_value: float | None = None,
        labels: Sequence[str] | None = None,
        unit: str = "",
    ) -> None:
        """Take count and sum of a family without labels, or the names of its labels."""
        Metric.__init__(self, name, documentation, "summary", unit)
        if (sum_value is None) != (count_value is None):
            raise ValueError(f"count_value and sum_value must be provided together: {self.name} has one of them")
        self._name_labels(labels, count_value is not None)
        if count_value is not None and sum_value is not None:
            self.add_metric([], count_value, sum_value)

    def add_metric(
        self,
        labels: Sequence[str],
        count_value: int,
        sum_value: float,
        timestamp: float | Timestamp | None = None,
    ) -> None:
        """Add count and sum of one set of label values."""
        self.samples.append(Sample(self.name + "_count", self._labels(labels), count_value, timestamp))
        self.samples.append(Sample(self.name + "_sum", self._labels(labels), sum_value, timestamp))


class HistogramMetricFamily(_Labelled):
    """Observations counted by buckets."""

    def __init__(
        self,
        name: str,
        documentation: str,
        buckets: Sequence[tuple[str, float] | tuple[str, float, Exemplar]] | None = None,
        sum_value: float | None = None,
        labels: Sequence[str] | None = None,
        unit: str = "",
    ) -> None:
        """Take buckets and sum of a family without labels, or the names of its labels."""
        Metric.__init__(self, name, documentation, "histogram", unit)
        if sum_value is not None and buckets is None:
            raise ValueError(f"sum value cannot be provided without buckets: {self.name}")
        self._name_labels(labels, buckets is not None, "buckets")
        if buckets is not None:
            self.add_metric([], buckets, sum_value)

    def add_metric(
        self,
        labels: Sequence[str],
        buckets: Sequence[tuple[str, float] | tuple[str, float, Exemplar]],
        sum_value: float | None,
        timestamp: Timestamp | float | None = None,
    ) -> None:
        """Add the buckets of one set of label values: (bound, cumulative count), sorted, `+Inf` the last."""
        for bound, count, *exemplar in buckets:
            self.samples.append(
                Sample(
                    self.name + "_bucket",
                    {**self._labels(labels), "le": bound},
                    count,
                    timestamp,
                    exemplar[0] if exemplar else None,
                )
            )
        # OpenMetrics: where observations can be negative the sum may fall, so there is none, and no count either.
        if float(buckets[0][0]) >= 0 and sum_value is not None:
            self.samples.append(Sample(self.name + "_count", self._labels(labels), buckets[-1][1], timestamp))
            self.samples.append(Sample(self.name + "_sum", self._labels(labels), sum_value, timestamp))


class GaugeHistogramMetricFamily(_Labelled):
    """A distribution that can shrink, as that of what waits in a queue."""

    def __init__(
        self,
        name: str,
        documentation: str,
        buckets: Sequence[tuple[str, float]] | None = None,
        gsum_value: float | None = None,
        labels: Sequence[str] | None = None,
        unit: str = "",
    ) -> None:
        """Take buckets and sum of a family without labels, or the names of its labels."""
        Metric.__init__(self, name, documentation, "gaugehistogram", unit)
        self._name_labels(labels, buckets is not None, "buckets")
        if buckets is not None:
            self.add_metric([], buckets, gsum_value)

    def add_metric(
        self,
        labels: Sequence[str],
        buckets: Sequence[tuple[str, float]],
        gsum_value: float | None,
        timestamp: float | Timestamp | None = None,
    ) -> None:
        """Add the buckets of one set of label values: (bound, cumulative count), sorted, `+Inf` the last."""
        for bound, count in buckets:
            labelled = {**self._labels(labels), "le": bound}
            self.samples.append(Sample(self.name + "_bucket", labelled, count, timestamp))
        self.samples.append(Sample(self.name + "_gcount", self._labels(labels), buckets[-1][1], timestamp))
        # A sum of None is kept, and refused when it is written: prometheus_client's users see it there.
        self.samples.append(Sample(self.name + "_gsum", self._labels(labels), gsum_value, timestamp))  # type: ignore[arg-type]


class InfoMetricFamily(_Labelled):
    """Facts as labels of a sample that is always one."""

    def __init__(
        self,
        name: str,
        documentation: str,
        value: dict[str, str] | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        """Take the facts of a family without labels, or the names of its labels."""
        Metric.__init__(self, name, documentation, "info")
        self._name_labels(labels, value is not None)
        if value is not None:
            self.add_metric([], value)

    def add_metric(
        self, labels: Sequence[str], value: dict[str, str], timestamp: Timestamp | float | None = None
    ) -> None:
        """Add the facts of one set of label values."""
        self.samples.append(Sample(self.name + "_info", {**self._labels(labels), **value}, 1, timestamp))


class StateSetMetricFamily(_Labelled):
    """Which of a set of states are on."""

    def __init__(
        self,
        name: str,
        documentation: str,
        value: dict[str, bool] | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        """Take the states of a family without labels, or the names of its labels."""
        Metric.__init__(self, name, documentation, "stateset")
        self._name_labels(labels, value is not None)
        if value is not None:
            self.add_metric([], value)

    def add_metric(
        self, labels: Sequence[str], value: dict[str, bool], timestamp: Timestamp | float | None = None
    ) -> None:
        """Add the states of one set of label values; each becomes a sample, in order of their names."""
        for state, enabled in sorted(value.items()):
            labelled = {**self._labels(labels), self.name: state}
            self.samples.append(Sample(self.name, labelled, 1 if enabled else 0, timestamp))


adopt(__name__)

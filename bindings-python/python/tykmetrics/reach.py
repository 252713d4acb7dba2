"""What users of prometheus_client reach for inside a metric, chiefly in their tests: `counter._value.get()`.

None of it is a public name there, and much code relies on it all the same. Each is a view of what the engine holds when
it is asked; `MetricBase` has them all. What the engine cannot do (to set the sum of a histogram, say) is refused by
name. Nothing here is on a record's path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from tykmetrics.prometheus_client.samples import Exemplar, Sample
from tykmetrics.registry import shows_created

if TYPE_CHECKING:
    # What every metric has from its native half.
    from tykmetrics._native import _Metric as _Native
else:
    _Native = object


def sample_of(
    name: str, labels: dict[str, str], value: float, timestamp: None, exemplar: Any, native_histogram: None
) -> Sample:
    """Return a sample that a native half told as prometheus_client's object for it."""
    return Sample(name, labels, value, timestamp, None if exemplar is None else Exemplar(*exemplar), native_histogram)


class Number:
    """One number of a series, with the methods of prometheus_client's values."""

    _multiprocess = False

    def __init__(
        self,
        sample: Callable[[], Sample],
        write: Callable[[float], None] | None = None,
        add: Callable[[float], None] | None = None,
    ) -> None:
        """Take what reads the number, and what changes it if it can be changed."""
        self._sample = sample
        self._write = write
        self._add = add

    def get(self) -> float:
        """Return the number now."""
        return self._sample().value

    def get_exemplar(self) -> Exemplar | None:
        """Return the observation that stands for the number, if there is one."""
        return self._sample().exemplar

    def set(self, value: float, timestamp: float | None = None) -> None:
        """Replace the number."""
        if self._write is None:
            self._refuse("set")
        self._write(value)

    def inc(self, amount: float) -> None:
        """Add to the number."""
        if self._add is None:
            self._refuse("added to")
        self._add(amount)

    def _refuse(self, what: str) -> NoReturn:
        raise AttributeError(
            f"{self._sample().name} can be read and not {what}: a record belongs to a whole observation"
        )


class Children(dict[tuple[str, ...], Any]):
    """The series of a metric with labels, by their label values, as they are when it is asked for.

    To take some out is to remove them from the metric.
    """

    def __init__(self, metric: Any, series: Iterable[tuple[tuple[str, ...], Any]]) -> None:
        super().__init__(series)
        self._metric = metric

    def __delitem__(self, values: tuple[str, ...]) -> None:
        super().__delitem__(values)
        self._metric.remove(*values)

    def pop(self, values: tuple[str, ...], *default: Any) -> Any:
        """Remove a series and return it."""
        if values in self:
            self._metric.remove(*values)
        return super().pop(values, *default)

    def clear(self) -> None:
        """Remove every series."""
        super().clear()
        self._metric.clear()


class Reach(_Native):
    """The names with an underscore that metrics have in prometheus_client."""

    _type: ClassVar[str]

    @property
    def _name(self) -> str:
        if self._type in ("counter", "info"):
            # The one ending that a constructor put there: an info called `build_info` is written as `build_info_info`.
            return self._full_name.rpartition("_")[0]
        return self._full_name

    def _raise_if_not_observable(self) -> None:
        if not self._is_observable():
            raise ValueError(
                f"{self._type} metric is missing label values: {self._name!r} has the labels "
                f"({', '.join(self._labelnames)}); call labels() with a value for each"
            )

    def _is_parent(self) -> bool:
        return not self._is_observable()

    @property
    def _metrics(self) -> Children:
        """The series of a metric with labels; a metric without them has none."""
        if self._is_observable():
            raise AttributeError(f"{self} has no series of its own")
        return Children(self, ((tuple(values), self.labels(*values)) for values in self._children()))

    @property
    def _value(self) -> Any:
        """The number of a counter or gauge, the facts of an info, the place of an enum's state."""
        self._only("_value", "counter", "gauge", "info", "stateset")
        if self._type == "counter":
            return Number(lambda: self._one("_total"), self._begin_at, self._call("inc"))
        if self._type == "gauge":
            return Number(lambda: self._one(""), self._call("set"), self._call("inc"))
        samples = list(self._child_samples())
        if self._type == "info":
            return dict(samples[0].labels) if samples else {}
        return next(at for at, sample in enumerate(samples) if sample.value)

    @property
    def _sum(self) -> Number:
        self._only("_sum", "histogram", "summary")
        return Number(lambda: self._one("_sum"))

    @property
    def _count(self) -> Number:
        self._only("_count", "summary")
        return Number(lambda: self._one("_count"))

    @property
    def _buckets(self) -> list[Number]:
        """The number of each bucket alone, not of all up to it."""
        self._only("_buckets", "histogram")
        count = sum(sample.name == "_bucket" for sample in self._child_samples())
        return [Number(lambda at=at: self._bucket(at)) for at in range(count)]  # type: ignore[misc]

    @property
    def _created(self) -> float:
        self._only("_created", "counter", "histogram", "summary")
        return next(sample.value for sample in self._told(True) if sample.name == "_created")

    def _samples(self) -> Iterable[Sample]:
        """Return all samples; names are what comes behind the family's."""
        return self._told()

    def _multi_samples(self) -> Iterable[Sample]:
        """Return the samples of every series."""
        return self._told()

    def _child_samples(self) -> Iterable[Sample]:
        """Return the samples of this series."""
        self._raise_if_not_observable()
        return self._told()

    def _told(self, created: bool = False) -> list[Sample]:
        own = len(self._name)
        shown = self._tell(created or shows_created())[4]
        return [sample_of(*told)._replace(name=told[0][own:]) for told in shown]

    def _only(self, name: str, *kinds: str) -> None:
        """Raise AttributeError where prometheus_client's metric has no such name either."""
        if self._type not in kinds or not self._is_observable():
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _one(self, name: str) -> Sample:
        return next(sample for sample in self._child_samples() if sample.name == name)

    def _bucket(self, at: int) -> Sample:
        buckets = [sample for sample in self._child_samples() if sample.name == "_bucket"]
        before = buckets[at - 1].value if at else 0.0
        return buckets[at]._replace(value=buckets[at].value - before)

    def _begin_at(self, value: float) -> None:
        """Begin a counter again, at this value."""
        self._call("reset")()
        self._call("inc")(value)

    def _call(self, name: str) -> Callable[..., None]:
        method: Callable[..., None] = getattr(self, name)
        return method

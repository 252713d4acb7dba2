"""What a scrape is made of: samples, exemplars, timestamps and native histograms.

Plain values, made by collectors and parsers and read by the exposition. Nothing here checks a value: what cannot be
exposed is refused when it is exposed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tykmetrics.prometheus_client._identity import adopt, blank, build, home


class Timestamp:
    """A point in time with a resolution of nanoseconds."""

    def __init__(self, sec: float, nsec: float) -> None:
        """Take whole seconds since the epoch and the nanoseconds (0 to 999999999) that come on top."""
        if not 0 <= nsec < 1e9:
            raise ValueError(f"Invalid value for nanoseconds in Timestamp: {nsec} is not from 0 to 999999999")
        self.sec: int = int(sec)
        self.nsec: int = int(-nsec if sec < 0 else nsec)

    def __str__(self) -> str:
        return f"{self.sec}.{self.nsec:09d}"

    def __repr__(self) -> str:
        return f"Timestamp({self.sec}, {self.nsec})"

    def __float__(self) -> float:
        return float(self.sec) + self.nsec / 1e9

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timestamp) and (self.sec, self.nsec) == (other.sec, other.nsec)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __gt__(self, other: Timestamp) -> bool:
        return (self.sec, self.nsec) > (other.sec, other.nsec)

    def __lt__(self, other: Timestamp) -> bool:
        return (self.sec, self.nsec) < (other.sec, other.nsec)

    def __reduce__(self) -> tuple[Any, ...]:
        found = home(type(self))
        return (blank, found, self.__dict__) if found else (type(self).__new__, (type(self),), self.__dict__)


class BucketSpan(NamedTuple):
    """A run of consecutive buckets of a native histogram: the gap before it, and its length."""

    offset: int
    length: int

    def __reduce__(self) -> tuple[Any, ...]:
        return _reduced(self, tuple(self))


class Exemplar(NamedTuple):
    """One observation that stands for others: labels that lead to it, its value, and when it was made."""

    labels: dict[str, str]
    value: float
    timestamp: float | Timestamp | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _reduced(self, tuple(self))


class NativeHistogram(NamedTuple):
    """The value of a histogram with exponential buckets: counts as differences to the bucket before."""

    count_value: float
    sum_value: float
    schema: int
    zero_threshold: float
    zero_count: float
    pos_spans: Sequence[BucketSpan] | None = None
    neg_spans: Sequence[BucketSpan] | None = None
    pos_deltas: Sequence[int] | None = None
    neg_deltas: Sequence[int] | None = None
    nh_exemplars: Sequence[Exemplar] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _reduced(self, tuple(self))


class Sample(NamedTuple):
    """One line of an exposition: name, labels, value, and what may stand behind it."""

    name: str
    labels: dict[str, str]
    value: float
    timestamp: float | Timestamp | None = None
    exemplar: Exemplar | None = None
    native_histogram: NativeHistogram | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _reduced(self, tuple(self))


def _reduced(instance: object, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what a pickle of the instance says: how it is made again."""
    found = home(type(instance))
    return (build, (*found, *arguments)) if found else (type(instance), arguments)


adopt(__name__)

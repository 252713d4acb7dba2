"""From what the engine's parsers return to families: used by both parser modules.

A parser returns a list of (name, documentation, type, unit, samples). A sample is (name, labels, value, timestamp,
exemplar, native histogram); timestamps are floats, or pairs of seconds and nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tykmetrics.prometheus_client.metrics_core import Metric
from tykmetrics.prometheus_client.samples import BucketSpan, Exemplar, NativeHistogram, Sample, Timestamp
from tykmetrics.prometheus_client.validation import _validate_labelname, get_legacy_validation


def text_of(fd: Iterable[str]) -> str:
    """Return all that a file, or anything else that yields lines, has."""
    read = getattr(fd, "read", None)
    return read() if read is not None else "".join(line if line.endswith("\n") else line + "\n" for line in fd)


def families(parsed: Iterable[tuple[Any, ...]]) -> Iterator[Metric]:
    """Yield what a parser returned as families, their names held to the rule in force."""
    legacy = get_legacy_validation()
    for name, documentation, typ, unit, samples in parsed:
        metric = Metric(name, documentation, typ, unit)
        metric.samples = [_sample(*sample) for sample in samples]
        if legacy:
            for sample in metric.samples:
                for label in sample.labels or ():
                    _validate_labelname(label)
        yield metric


def _sample(name: str, labels: Any, value: Any, timestamp: Any, exemplar: Any, native_histogram: Any) -> Sample:
    if exemplar is not None:
        exemplar = _exemplar(*exemplar)
    if native_histogram is not None:
        native_histogram = _native_histogram(*native_histogram)
    return Sample(name, labels, value, _timestamp(timestamp), exemplar, native_histogram)


def _exemplar(labels: dict[str, str], value: float, timestamp: Any) -> Exemplar:
    return Exemplar(labels, value, _timestamp(timestamp))


def _timestamp(timestamp: float | tuple[int, int] | None) -> float | Timestamp | None:
    if isinstance(timestamp, tuple):
        seconds, nanoseconds = timestamp
        return Timestamp(seconds, abs(nanoseconds))
    return timestamp


def _native_histogram(
    count: float,
    total: float,
    schema: int,
    zero_threshold: float,
    zero_count: float,
    pos_spans: Any = None,
    neg_spans: Any = None,
    pos_deltas: Any = None,
    neg_deltas: Any = None,
    exemplars: Any = None,
) -> NativeHistogram:
    return NativeHistogram(
        count,
        total,
        schema,
        zero_threshold,
        zero_count,
        _spans(pos_spans),
        _spans(neg_spans),
        tuple(pos_deltas) if pos_deltas is not None else None,
        tuple(neg_deltas) if neg_deltas is not None else None,
        tuple(_exemplar(*exemplar) for exemplar in exemplars) if exemplars else None,
    )


def _spans(spans: Any) -> tuple[BucketSpan, ...] | None:
    return tuple(BucketSpan(offset, length) for offset, length in spans) if spans is not None else None

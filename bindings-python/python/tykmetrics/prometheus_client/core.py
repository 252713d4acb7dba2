"""The names that `prometheus_client.core` has: metrics, families, samples and the registry."""

from __future__ import annotations

from tykmetrics.prometheus_client.metrics import Counter, Enum, Gauge, Histogram, Info, Summary
from tykmetrics.prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
    SummaryMetricFamily,
    UnknownMetricFamily,
    UntypedMetricFamily,
)
from tykmetrics.prometheus_client.registry import REGISTRY, CollectorRegistry, DuplicateTimeseries
from tykmetrics.prometheus_client.samples import BucketSpan, Exemplar, NativeHistogram, Sample, Timestamp

__all__ = (
    "REGISTRY",
    "BucketSpan",
    "CollectorRegistry",
    "Counter",
    "CounterMetricFamily",
    "DuplicateTimeseries",
    "Enum",
    "Exemplar",
    "Gauge",
    "GaugeHistogramMetricFamily",
    "GaugeMetricFamily",
    "Histogram",
    "HistogramMetricFamily",
    "Info",
    "InfoMetricFamily",
    "Metric",
    "NativeHistogram",
    "Sample",
    "StateSetMetricFamily",
    "Summary",
    "SummaryMetricFamily",
    "Timestamp",
    "UnknownMetricFamily",
    "UntypedMetricFamily",
)

"""Families at random, for the tests of the parsers and the writers: the same ones at every run.

`free_family` gives samples that need not fit together, which a writer must print; `whole_family` what a parser must
take.
"""

from __future__ import annotations

import math
import random
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    StateSetMetricFamily,
    SummaryMetricFamily,
)
from prometheus_client.metrics_core import METRIC_TYPES, Metric
from prometheus_client.samples import BucketSpan, Exemplar, NativeHistogram, Timestamp

NAMES = (
    *("a", "a_total", "http_requests", "a:b", "_x", "dotted.name", "with space", "ünï"),
    *('q"uote', "back\\slash", "0digit", "花火", "😱"),
)
LABELS = (
    *("a", "b_c", "__reserved", "a:b", "le", "quantile", "dotted.label", "with space"),
    *("ß", "0a", 'q"', "n\nl"),
)
TEXTS = (
    *("", "plain", 'q"uote', "back\\slash", "line\nfeed", "\\n", "ünï", "{a=1}", "# HELP"),
    *("\t tab ", "😱", "x" * 300),
)
SUFFIXES = ("", "_total", "_created", "_sum", "_count", "_bucket", "_info", "_gsum", "_gcount", "_other")
WITH_EXEMPLARS = (("counter", "_total"), ("histogram", "_bucket"), ("gaugehistogram", "_bucket"))


def number(rng: random.Random) -> Any:
    """Give a value of any size, as any of the types that values come as."""
    size = rng.choice((1.0, 1e-7, 1e3, 1e6, 1e9, 1e15, 1e18, 1e22, 1e300))
    return rng.choice(
        (
            *(0, 1, -1, -0.0, True, "2.5", 10**20, math.nan, math.inf, -math.inf),
            rng.randrange(-(10**9), 10**9),
            float(rng.randrange(10**7)),
            rng.uniform(-1, 1) * size,
            float(f"{rng.uniform(-10, 10):.3g}") * size,
            rng.randrange(10) * size,
        )
    )


def timestamp(rng: random.Random) -> Any:
    """Give a timestamp, or none, as any of the types that they come as."""
    return rng.choice(
        (
            *(None, None, None, 0, 123, -5, 1.5, -0.0004, 1e-9, 1785000000.123456, 1e16),
            Timestamp(123, 456),
            Timestamp(0, 0),
            Timestamp(-3, 999999999),
            Timestamp(12345678901234567890, 1),
        )
    )


def labels(rng: random.Random) -> dict[str, str]:
    """Give up to three labels by any names, in any order."""
    return {name: rng.choice(TEXTS) for name in rng.sample(LABELS, rng.randrange(4))}


def exemplar(rng: random.Random) -> Exemplar:
    """Give an exemplar."""
    return Exemplar(labels(rng), number(rng), timestamp(rng))


def native(rng: random.Random) -> NativeHistogram:
    """Give a native histogram, with any of its parts."""

    def spans() -> Any:
        return rng.choice((None, (), (BucketSpan(0, 2), BucketSpan(1, 2)), [BucketSpan(-3, 1)]))

    def deltas() -> list[int]:
        return [rng.randrange(-5, 5) for _ in range(4)]

    count, total = rng.choice(((24, 100), (24.0, 100.5), (1, 1e22)))
    exemplars = [exemplar(rng)] * rng.randrange(3) or None
    sides = (spans(), spans(), deltas(), deltas())
    return NativeHistogram(count, total, 0, rng.choice((0, 0.001, 1e-128)), 4, *sides, exemplars)


def free_family(rng: random.Random) -> Metric:
    """Give a family of samples that need not fit together."""
    kind = rng.choice(METRIC_TYPES)
    metric = Metric(rng.choice(NAMES), rng.choice(TEXTS), kind, rng.choice(("", "", "seconds")))
    for _ in range(rng.randrange(5)):
        suffix = rng.choice(SUFFIXES)
        name = rng.choice((metric.name, metric.name, rng.choice(NAMES))) + suffix
        shown = exemplar(rng) if (kind, suffix) in WITH_EXEMPLARS and rng.random() < 0.5 else None
        metric.add_sample(name, labels(rng), number(rng), timestamp(rng), shown)
    return metric


def whole_family(rng: random.Random, place: int) -> Metric:
    """Give a family as its kind has to be, so that every parser takes it."""
    name = f"f{place}" + rng.choice(("", "_seconds", ".dotted", ":colon"))
    unit = "seconds" if name.endswith("_seconds") else ""
    unitless = name.removesuffix("_seconds")
    text = rng.choice(TEXTS).strip()
    own = [label for label in LABELS if label not in ("le", "quantile", "__reserved")]
    keys = rng.sample(own, rng.randrange(3))
    values = [rng.choice(TEXTS) for _ in keys]
    count = rng.randrange(1, 10)
    moment = rng.choice((None, 1, 1.5, Timestamp(123, 456)))
    buckets: Any = [["1.0", rng.randrange(count + 1)], ["+Inf", count]]
    if rng.random() < 0.5:
        buckets[0].append(Exemplar({"trace": "x"}, 0.5, rng.choice((None, 1.5))))
    metric: Any
    match rng.randrange(7):
        case 0:
            metric = CounterMetricFamily(name, text, labels=keys, unit=unit)
            metric.add_metric(values, abs(rng.gauss(0, 1e6)), rng.choice((None, 1.5)), moment)
        case 1:
            metric = GaugeMetricFamily(name, text, labels=keys, unit=unit)
            metric.add_metric(values, float(number(rng)), moment)
        case 2:
            metric = HistogramMetricFamily(name, text, labels=keys, unit=unit)
            metric.add_metric(values, buckets, rng.random(), moment)
        case 3:
            metric = GaugeHistogramMetricFamily(name, text, labels=keys, unit=unit)
            metric.add_metric(values, [bucket[:2] for bucket in buckets], rng.random(), moment)
        case 4:
            metric = SummaryMetricFamily(name, text, labels=keys, unit=unit)
            metric.add_metric(values, count, rng.random(), moment)
            quantile = {**dict(zip(keys, values, strict=True)), "quantile": "0.5"}
            metric.add_sample(name, quantile, rng.random(), moment)
        case 5:
            metric = InfoMetricFamily(unitless, text, labels=keys)
            metric.add_metric(values, {"version": rng.choice(TEXTS)}, moment)
        case _:
            metric = StateSetMetricFamily(unitless, text, labels=keys)
            metric.add_metric(values, {"on": True, "off": False}, moment)
    return metric


PIECES = (
    *("{", "}", '"', "\\", "\\n", '\\"', ",", "=", " ", "\t", "\n", "#", " # ", "a", "a_total", "_total", "le"),
    *("__name__", "__x", "1", "-1", "1.5", "+Inf", "1e5", "_", "# TYPE a ", "# HELP ", "counter", "histogram"),
    *("gauge", '{"', '"}', "é", "\r", "\x0b", "\x1c", "\xa0", "f0_bucket", "f0_count", "f0_sum", "f0_created"),
    *("quantile", "0", "# EOF\n", ":", "[", "]", ""),
)


def damaged(rng: random.Random, text: str) -> str:
    """Give the text with one to three pieces put in, taken out or put in the place of others."""
    for _ in range(rng.randint(1, 3)):
        start = rng.randint(0, len(text))
        end = min(len(text), start + rng.choice((0, 0, 1, 2, 3)))
        text = text[:start] + rng.choice(PIECES) + text[end:]
    return text

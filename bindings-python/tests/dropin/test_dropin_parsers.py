"""Both parsers, asked what prometheus_client's are asked."""

from __future__ import annotations

import io
from typing import Any

import prometheus_client.openmetrics.parser as peer_openmetrics
import prometheus_client.parser as peer_text
import pytest

from tykmetrics.prometheus_client import (
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Summary,
    generate_latest,
)
from tykmetrics.prometheus_client.core import Metric, Sample, Timestamp
from tykmetrics.prometheus_client.openmetrics import exposition as openmetrics_exposition, parser as openmetrics
from tykmetrics.prometheus_client.parser import (
    parse_labels,
    text_fd_to_metric_families,
    text_string_to_metric_families,
)
from tykmetrics.prometheus_client.validation import disable_legacy_validation, enable_legacy_validation

TEXTS = [
    "",
    "# TYPE a counter\n# HELP a help\na 1\n",
    "# TYPE a counter\na_total 1 1500\n",
    '# HELP g with \\\\ and \\n\n# TYPE g gauge\ng{a="x",b="\\"\\\\\\n"} -1.5e3 123\ng{a="y",b=""} NaN\n',
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_count 2\nh_sum 3.5\n',
    '# TYPE s summary\ns{quantile="0.5"} 1\ns_count 2\ns_sum 3\n',
    'plain 1\nother{a="b"} +Inf\n\n  # a comment\n',
    '{"dotted.name","dotted.label"="x"} 1\n',
    '# TYPE "dotted.name" gauge\n{"dotted.name"} 1\n',
]
BAD_TEXTS = ["a", "a{b=c} 1\n", 'a{b="c} 1\n', "a one\n", 'a{b="1",b="2"} 1\n', "9 1\n"]

OPENMETRICS = [
    "# EOF\n",
    "# TYPE a counter\n# UNIT a_seconds seconds\n# EOF\n".replace("TYPE a ", "TYPE a_seconds "),
    '# TYPE a counter\n# HELP a help\na_total 1 1.5 # {trace="x"} 0.5 1.000000001\na_created 1 1.5\n# EOF\n',
    '# TYPE h histogram\nh_bucket{le="1.0"} 1\nh_bucket{le="+Inf"} 2\nh_count 2\nh_sum 3.5\n# EOF\n',
    '# TYPE i info\ni_info{a="b"} 1\n# TYPE s stateset\ns{s="a"} 1\ns{s="b"} 0\n# EOF\n',
    (
        "# TYPE n histogram\nn {count:24,sum:100,schema:0,zero_threshold:0.001,zero_count:4,"
        "positive_spans:[0:2,1:2],negative_spans:[0:2],positive_deltas:[2,1,-3,3],negative_deltas:[2,1]}\n# EOF\n"
    ),
    "a 1 123\na 2 124\n# EOF\n",
]
BAD_OPENMETRICS = ["", "a 1\n", "# TYPE a counter\na 1\n# EOF\n", "a 1\n\n# EOF\n", "# EOF\na 1\n"]


def plain(families: Any) -> list[Any]:
    """Return families as tuples and texts, whoever's they are. Integers and floats are the same number here."""
    return [
        (
            family.name,
            family.documentation,
            family.type,
            family.unit,
            [
                (
                    sample.name,
                    sample.labels,
                    None if sample.value is None else repr(float(sample.value)),
                    sample.timestamp and repr(sample.timestamp),
                    sample.exemplar and (*sample.exemplar[:2], str(sample.exemplar.timestamp)),
                    sample.native_histogram and tuple(sample.native_histogram),
                )
                for sample in family.samples
            ],
        )
        for family in families
    ]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_read_as_prometheus_client_reads_it(text: str) -> None:
    expected = plain(peer_text.text_string_to_metric_families(text))
    assert plain(text_string_to_metric_families(text)) == expected
    assert plain(text_fd_to_metric_families(io.StringIO(text))) == expected
    assert plain(text_fd_to_metric_families(text.splitlines())) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_a_bad_text_is_a_value_error_when_it_is_iterated(text: str) -> None:
    with pytest.raises(ValueError):
        list(peer_text.text_string_to_metric_families(text))
    families = text_string_to_metric_families(text)
    with pytest.raises(ValueError, match="."):
        list(families)


@pytest.mark.parametrize("text", OPENMETRICS)
def test_openmetrics_is_read_as_prometheus_client_reads_it(text: str) -> None:
    expected = plain(peer_openmetrics.text_string_to_metric_families(text))
    assert plain(openmetrics.text_string_to_metric_families(text)) == expected
    assert plain(openmetrics.text_fd_to_metric_families(io.StringIO(text))) == expected


@pytest.mark.parametrize("text", BAD_OPENMETRICS)
def test_what_is_not_openmetrics_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        list(peer_openmetrics.text_string_to_metric_families(text))
    with pytest.raises(ValueError, match="."):
        list(openmetrics.text_string_to_metric_families(text))


def test_families_are_of_our_classes() -> None:
    [family] = openmetrics.text_string_to_metric_families(OPENMETRICS[2])
    assert type(family) is Metric
    assert type(family.samples[0]) is Sample
    exemplar = family.samples[0].exemplar
    assert exemplar is not None
    assert exemplar.timestamp == Timestamp(1, 1)


def test_what_is_exposed_is_read_again(registry: CollectorRegistry) -> None:
    Counter("c", "help\n\\", ["a"], registry=registry).labels('"\\\n').inc(1.5, {"trace": "ü"})
    Gauge("g", "help", unit="bytes", registry=registry).set(float("-inf"))
    Histogram("h", "help", registry=registry).observe(0.3)
    Summary("s", "help", registry=registry).observe(1)
    Info("i", "help", registry=registry).info({"a": "b"})
    Enum("e", "help", states=["a", "b"], registry=registry).state("b")
    text = openmetrics_exposition.generate_latest(registry, "allow-utf-8").decode()
    again = list(openmetrics.text_string_to_metric_families(text))

    def without_exemplars(metrics: Any) -> list[Any]:
        return [(m.name, m.documentation, m.type, m.unit, [sample[:3] for sample in m.samples]) for m in metrics]

    assert without_exemplars(again) == without_exemplars(registry.collect())
    classic = list(text_string_to_metric_families(generate_latest(registry).decode()))
    assert {family.name for family in classic} >= {"c", "g_bytes", "h", "s", "i_info", "e"}


LABELS = [
    "",
    'a="b"',
    ' a = "b" , ',
    'a="}",b="{"',
    'a="\\"\\n\\\\"',
    '"dotted.name",a="b"',
    '"dotted.name"',
    '"a.b"="c"',
]


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("strict", [False, True])
def test_labels_are_read_as_prometheus_client_reads_them(labels: str, strict: bool) -> None:
    try:
        expected = peer_text.parse_labels(labels, strict)
    except ValueError:
        with pytest.raises(ValueError, match="Invalid labels"):
            parse_labels(labels, strict)
    else:
        assert parse_labels(labels, strict) == expected


@pytest.mark.parametrize("labels", ["a", "a=b", 'a="b', 'a="b" c="d"', 'a="1",a="2"', "}", 'a="b"}\nb 1\nc{d="e"'])
def test_labels_that_are_none_are_refused(labels: str) -> None:
    with pytest.raises(ValueError, match="Invalid labels"):
        parse_labels(labels)


def test_the_legacy_rule_of_names_holds_for_what_is_read() -> None:
    enable_legacy_validation()
    try:
        for text in ('{"dotted.name"} 1\n', 'a{"dotted.label"="b"} 1\n'):
            with pytest.raises(ValueError, match="dotted"):
                list(text_string_to_metric_families(text))
    finally:
        disable_legacy_validation()
    assert next(iter(text_string_to_metric_families('{"dotted.name"} 1\n'))).name == "dotted.name"

"""Text expositions, judged by prometheus_client: our parsers read what its parsers read, our writers print its bytes.

Families and texts are generated (`sampling.py`); each test says how many. What prometheus_client does by accident is
not asked of us, and stands in `ACCIDENTS`.
"""

from __future__ import annotations

import math
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import exposition, parser
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as openmetrics_exposition, parser as openmetrics_parser
from prometheus_client.samples import Exemplar, Sample, Timestamp

from sampling import damaged, free_family, native, timestamp, whole_family
from tykmetrics import _native

ESCAPINGS = ("allow-utf-8", "underscores", "dots", "values")
VERSIONS = ("1.0.0", "2.0.0")


class Families:
    """A registry that has these families."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self.families = list(families)

    def collect(self) -> list[Metric]:
        """Give the families."""
        return self.families


# ---- comparing ------------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Give a number as a float, and NaN as a text, so that equal is the same."""
    if value is None or isinstance(value, tuple):
        return value
    return "NaN" if math.isnan(value) else float(value)


def moment(value: Any) -> Any:
    """Give a timestamp as our parsers give it."""
    return (value.sec, value.nsec) if isinstance(value, Timestamp) else plain(value)


def read_by_them(families: Iterable[Metric]) -> list[Any]:
    """Give what prometheus_client read as plain tuples."""

    def sample(read: Sample) -> Any:
        shown = read.exemplar and (
            dict(read.exemplar.labels),
            plain(read.exemplar.value),
            moment(read.exemplar.timestamp),
        )
        return (read.name, read.labels, plain(read.value), moment(read.timestamp), shown, read.native_histogram)

    return [(m.name, m.documentation, m.type, m.unit, [sample(s) for s in m.samples]) for m in families]


def read_by_us(families: Iterable[Any]) -> list[Any]:
    """Give what we read as the same tuples."""

    def sample(read: Any) -> Any:
        name, given, value, stamp, shown, histogram = read
        shown = shown and (shown[0], plain(shown[1]), plain(shown[2]))
        return (name, given, plain(value), plain(stamp), shown, histogram)

    return [(name, text, kind, unit, [sample(s) for s in samples]) for name, text, kind, unit, samples in families]


READERS: dict[str, tuple[Callable[[str], Iterable[Metric]], Callable[[str], list[Any]]]] = {
    "text": (parser.text_string_to_metric_families, _native.parse_text),
    "openmetrics": (openmetrics_parser.text_string_to_metric_families, _native.parse_openmetrics),
}

Writer = Callable[[Families], bytes]


def writers() -> Iterator[Any]:
    """Give each pair of writers: prometheus_client's, and ours of the same format and escaping."""
    for escaping in ESCAPINGS:

        def text(given: Families, escaping: str = escaping) -> bytes:
            return exposition.generate_latest(given, escaping)

        def our_text(given: Families, escaping: str = escaping) -> bytes:
            return _native.write_text(given.collect(), "0.0.4", escaping)

        yield pytest.param(text, our_text, id=f"text-{escaping}")
        for version in VERSIONS:

            def open_metrics(given: Families, escaping: str = escaping, version: str = version) -> bytes:
                return openmetrics_exposition.generate_latest(given, escaping, version)

            def our_open_metrics(given: Families, escaping: str = escaping, version: str = version) -> bytes:
                return _native.write_openmetrics(given.collect(), version, escaping)

            yield pytest.param(open_metrics, our_open_metrics, id=f"openmetrics-{version}-{escaping}")


every_writer = pytest.mark.parametrize(("theirs", "ours"), list(writers()))


def in_dialect(dialect: str, families: list[Metric], escaping: str) -> str:
    """Give the families as a text."""
    if dialect == "text":
        return _native.write_text(families, "1.0.0", escaping).decode()
    return _native.write_openmetrics(families, "1.0.0", escaping).decode()


# ---- writing --------------------------------------------------------------------------------------------------------


@every_writer
def test_any_family_is_written_as_prometheus_client_writes_it(theirs: Writer, ours: Writer) -> None:
    """1,000 families of any samples, one by one."""
    rng = random.Random(1)
    for _ in range(1000):
        given = Families([free_family(rng)])
        assert ours(given) == theirs(given), given.families


@every_writer
def test_a_registry_of_many_families_is_written_in_order(theirs: Writer, ours: Writer) -> None:
    """200 families in one exposition."""
    rng = random.Random(2)
    given = Families(free_family(rng) for _ in range(200))
    assert ours(given) == theirs(given)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("escaping", ESCAPINGS)
def test_a_native_histogram_is_written_from_openmetrics_2_on(version: str, escaping: str) -> None:
    """300 native histograms."""
    rng = random.Random(3)
    for _ in range(300):
        metric: Any = Metric("h", "help", "histogram")
        metric.add_sample("h", rng.choice((None, {}, {"a": "b"})), None, timestamp(rng), None, native(rng))
        given = Families([metric])
        written = _native.write_openmetrics(given.collect(), version, escaping)
        assert written == openmetrics_exposition.generate_latest(given, escaping, version)
        assert (b"count:" in written) == (version == "2.0.0")


@every_writer
def test_an_empty_registry_is_written_as_prometheus_client_writes_it(theirs: Writer, ours: Writer) -> None:
    assert ours(Families([])) == theirs(Families([]))


def test_anything_with_the_fields_of_a_metric_is_written() -> None:
    sample = SimpleNamespace(name="m", labels={"a": "b"}, value=1, timestamp=None)
    metric = SimpleNamespace(name="m", documentation="d", type="gauge", samples=(s for s in [sample]))
    assert _native.write_text([metric], "0.0.4", "underscores") == b'# HELP m d\n# TYPE m gauge\nm{a="b"} 1.0\n'


class Money:
    """A number of another library."""

    def __float__(self) -> float:
        """Give it as a float."""
        return 9.5


def one(value: Any = 1, given: Any = None, stamp: Any = None, shown: Any = None, kind: str = "gauge") -> Metric:
    """Give a family of one sample."""
    metric = Metric("m", "help", kind)
    metric.add_sample("m", given, value, stamp, shown)
    return metric


def test_a_value_is_what_float_makes_of_it() -> None:
    assert b"m 9.5\n" in _native.write_text([one(Money())], "0.0.4", "underscores")


BAD: dict[str, Metric] = {
    "no value": one(None),
    "an empty value": one(""),
    "a word as a value": one("x"),
    "a list as a value": one([]),
    "a number as a label": one(1, {"a": 1}),
    "nothing as a label": one(1, {"a": None}),
    "a number as a label name": one(1, {1: "a"}),
    "labels that are no mapping": one(1, ["a"]),
    "a timestamp that is no number": one(1, {}, math.nan),
    "a timestamp without end": one(1, {}, math.inf),
}


@pytest.mark.parametrize("metric", BAD.values(), ids=BAD)
def test_what_cannot_be_written_raises_as_prometheus_client_raises(metric: Metric) -> None:
    with pytest.raises(Exception) as theirs:
        exposition.generate_latest(Families([metric]))
    with pytest.raises(theirs.type) as ours:
        _native.write_text([one(), metric], "0.0.4", "underscores")
    assert ours.type is theirs.type
    assert ours.value.args[-1] is metric
    assert len(ours.value.args) == 2


@pytest.mark.parametrize("kind", ["gauge", "info", "summary", "unknown", "stateset"])
def test_an_exemplar_where_none_may_be_is_refused(kind: str) -> None:
    metric = one(1, {}, None, Exemplar({}, 1), kind)
    with pytest.raises(ValueError, match="exemplar") as ours:
        _native.write_openmetrics([metric], "1.0.0", "underscores")
    assert ours.value.args[-1] is metric
    with pytest.raises(ValueError, match="exemplar"):
        openmetrics_exposition.generate_latest(Families([metric]))


def test_an_unknown_escaping_or_version_is_named() -> None:
    with pytest.raises(ValueError, match="rot13"):
        _native.write_text([], "0.0.4", "rot13")
    with pytest.raises(ValueError, match=r"3\.0"):
        _native.write_text([], "3.0", "dots")


def test_an_exception_of_a_collector_is_not_changed() -> None:
    def broken() -> Iterator[Metric]:
        yield one()
        raise KeyError("mine")

    with pytest.raises(KeyError) as raised:
        _native.write_text(broken(), "0.0.4", "underscores")
    assert raised.value.args == ("mine",)


# ---- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", READERS)
def test_what_is_written_is_read_as_prometheus_client_reads_it(dialect: str) -> None:
    """100 expositions of 20 families of every kind."""
    theirs, ours = READERS[dialect]
    rng = random.Random(4)
    for _ in range(100):
        text = in_dialect(dialect, [whole_family(rng, place) for place in range(20)], "allow-utf-8")
        assert read_by_us(ours(text)) == read_by_them(theirs(text))


# What prometheus_client reads without meaning to, by the words that refuse it here. There, a name may end in an escaped
# line feed and have white space around it; any one character between labels and value is passed over, and so are quotes
# and white space within a timestamp; a line of nothing but `NaN` is a sample called `Na`, and one of `Inf` is `In`.
ACCIDENTS = (
    r'found the (label|metric) name "[^"]*\\[\\tru]',
    r"behind the labels: one space",
    r'timestamp "[^"]*\\',
    r'"(NaN|[+-]?Inf)": a sample',
)


@pytest.mark.parametrize("dialect", READERS)
def test_a_damaged_text_is_read_or_refused_as_prometheus_client_does(dialect: str) -> None:
    """4,000 texts that were whole, with pieces put in and taken out."""
    theirs, ours = READERS[dialect]
    rng = random.Random(5)
    outcomes = {"read": 0, "refused": 0, "accident": 0}
    for _ in range(4000):
        text = damaged(rng, in_dialect(dialect, [whole_family(rng, place) for place in range(2)], "underscores"))
        found: list[Any] | ValueError
        expected: list[Any] | Exception
        try:
            found = read_by_us(ours(text))
        except ValueError as error:
            found = error
            assert re.match(r"line \d+: found ", str(error)), error
        try:
            expected = read_by_them(theirs(text))
        except AttributeError:
            # Timestamps with and without an exponent cannot be compared there.
            outcomes["accident"] += 1
            continue
        except Exception as error:
            expected = error
        if isinstance(expected, Exception):
            outcomes["refused"] += 1
            assert isinstance(found, ValueError), text
        elif isinstance(found, ValueError) and any(re.search(accident, str(found)) for accident in ACCIDENTS):
            outcomes["accident"] += 1
        else:
            outcomes["read"] += 1
            assert found == expected, text
    assert outcomes["read"] > 300, outcomes
    assert outcomes["refused"] > 300, outcomes
    assert outcomes["accident"] < 40, outcomes


def test_a_native_histogram_is_read_with_all_its_parts() -> None:
    text = (
        "# TYPE h histogram\n"
        'h{a="b"} {count:24,sum:100,schema:0,zero_threshold:0.001,zero_count:4,positive_spans:[0:2,1:2],'
        "negative_spans:[0:2,1:2],positive_deltas:[2,1,-3,3],negative_deltas:[2,1,-2,3]}\n# EOF\n"
    )
    theirs, ours = READERS["openmetrics"]
    read = read_by_us(ours(text))
    assert read == read_by_them(theirs(text))
    assert read[0][4][0][5][5] == ((0, 2), (1, 2))


def test_a_bad_line_is_told_by_its_number() -> None:
    with pytest.raises(ValueError, match=r'^line 2: found the value "x": it must be a decimal number'):
        _native.parse_text("a 1\nb x\n")
    with pytest.raises(ValueError, match=r"^line 1: found no # EOF"):
        _native.parse_openmetrics("a 1\n")


def test_a_text_that_is_not_text_is_refused() -> None:
    bytes_instead: Any = b"a 1\n"
    with pytest.raises(TypeError):
        _native.parse_text(bytes_instead)
    with pytest.raises(UnicodeEncodeError):
        _native.parse_text("a 1\ud800\n")


HOSTILE = ['a{b="\\\\', 'a{b="c",', '{"', "a" * 10, "# HELP \\", "a\\\\", 'a{b="c"} 1 # {', "{{{{", "a 1 1 1"]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("dialect", READERS)
def test_megabytes_of_one_line_come_to_an_end(dialect: str, hostile: str) -> None:
    """A parser whose time grows with the square of a line's length would be at it for days."""
    with pytest.raises(ValueError, match=r"^line 1: found "):
        READERS[dialect][1]("a{" + hostile * 500_000)


def test_a_line_of_many_labels_is_read() -> None:
    """100,000 of them: each name is compared with all others by hash alone."""
    text = "a{" + ",".join(f'l{n}="v"' for n in range(100_000)) + "} 1\n"
    assert len(_native.parse_text(text)[0][4][0][1]) == 100_000


def test_other_threads_run_while_a_text_is_read() -> None:
    """Threads are not switched by the interpreter here, so that another one runs only if it is let."""
    # It is refused at its end: the whole parse is done, and no objects are made.
    text = "# TYPE g gauge\n" + "".join(f'g{{a="{i}"}} {i}\n' for i in range(50_000)) + "x\n"
    counted, ended = [0], threading.Event()

    def count() -> None:
        while not ended.is_set():
            counted[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        thread.start()
        before = counted[0]
        for _ in range(20):
            try:
                _native.parse_text(text)
            except ValueError as error:
                assert str(error).startswith("line 50002")
        after = counted[0]
    finally:
        ended.set()
        sys.setswitchinterval(interval)
        thread.join()
    assert after > before

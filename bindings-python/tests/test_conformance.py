"""The conformance cases that every door runs, through the public classes and `tykmetrics.render`, to the last byte.

`tests/conformance/README.md` in the repository says what a case is. What Python's API has no words for is left out by
name and with the reason, and a test sees to it that the reason still holds.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tykmetrics
from tykmetrics.prometheus_client import validation

CASES = Path(__file__).resolve().parents[2] / "tests" / "conformance"

REGISTRATION = {
    "id",
    "name",
    "help",
    "namespace",
    "subsystem",
    "unit",
    "labels",
    "const_labels",
    "limit",
    "expire_after",
}

# Every operation, and its members besides `op` and `error` (and those of every registration).
OPERATIONS: dict[str, set[str]] = {
    "counter": set(),
    "gauge": set(),
    "up_down": set(),
    "histogram": {"buckets", "store", "native", "range"},
    "summary": {"quantiles", "window", "range"},
    "info": {"on", "value", "labels"},
    "state_set": {"states"},
    "touch": {"on", "labels"},
    "inc": {"on", "labels"},
    "dec": {"on", "labels"},
    "add": {"on", "labels", "value", "exemplar"},
    "add_f64": {"on", "labels", "value"},
    "sub": {"on", "labels", "value"},
    "set": {"on", "labels", "value"},
    "set_max": {"on", "labels", "value"},
    "set_min": {"on", "labels", "value"},
    "observe": {"on", "labels", "value", "exemplar"},
    "state": {"on", "labels", "value"},
    "set_state": {"on", "labels", "value", "holds"},
    "remove": {"on", "labels", "found"},
    "clear": {"on"},
    "unregister": {"name", "found"},
    "render": {"format"},
}

# Why Python's API cannot say a case. Each is as prometheus_client has it, which is what the package promises.
NO_TWICE = "a dictionary has no label twice"
NO_BARE_COUNTER = "a counter's sample always ends in _total"
NO_BARE_ENUM = "an enum begins in its first state, and is in exactly one"
TAKEN = "a name is taken once, even by the same metric"
NO_NEGATIVE = "a negative amount is an error"
OTHER_BOUNDS = "the default buckets are prometheus_client's"

LEFT_OUT = {
    "a_counter_without_its_suffix_gets_it_only_in_openmetrics": NO_BARE_COUNTER,
    "a_state_set_says_of_every_state_whether_it_holds": NO_BARE_ENUM,
    "a_state_that_does_not_exist_is_refused": NO_BARE_ENUM,
    "an_unregistered_family_is_gone_and_its_name_is_free": NO_BARE_COUNTER,
    "names_that_the_legacy_rule_refuses": NO_BARE_COUNTER,
    "registering_twice_is_the_same_metric": TAKEN,
    "the_default_bounds_are_those_of_latencies": OTHER_BOUNDS,
    "what_a_counter_cannot_add_is_left_out": NO_NEGATIVE,
}


class Unsaid(Exception):
    """Python's API has no words for this, and says why."""


def cases() -> Iterator[dict[str, Any]]:
    """Read every case of every file."""
    for file in sorted(CASES.glob("*.json")):
        if file.name != "errors.json":
            yield from json.loads(file.read_text(), parse_float=float)


ALL = {case["name"]: case for case in cases()}


def number(value: Any) -> Any:
    """Give a number, or what the text of one says."""
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?\d+", value) else float(value)
    return value


class Runner:
    """Does what a case says to a registry of its own."""

    def __init__(self, case: dict[str, Any], kept: bool) -> None:
        self.case, self.kept = case, kept
        options = case.get("registry", {})
        assert set(options) <= {"names", "series_limit", "const_labels"}, options
        self.registry = tykmetrics.Registry(
            series_limit=options.get("series_limit"), const_labels=dict(options.get("const_labels", ()))
        )
        self.metrics: dict[str, Any] = {}
        self.series: dict[tuple[str, tuple[str, ...]], Any] = {}

    def run(self) -> None:
        if self.case.get("registry", {}).get("names") != "legacy":
            self.perform_all()
            return
        validation.enable_legacy_validation()
        try:
            self.perform_all()
        finally:
            validation.disable_legacy_validation()

    def perform_all(self) -> None:
        for operation in self.case["operations"]:
            known = OPERATIONS[operation["op"]] | {"op", "error"} | (REGISTRATION if "id" in operation else set())
            assert set(operation) <= known, operation
            before = self.text() if "error" in operation else ""
            try:
                self.perform(operation)
            except (ValueError, TypeError) as error:
                assert "error" in operation, f"{operation}: {error!r}"
                assert str(error), operation
                # What was to be counted is counted, with or without its exemplar.
                if operation["error"] != "invalid_exemplar":
                    assert self.text() == before, f"{operation} changed something"
            else:
                assert "error" not in operation, f"{operation} should fail"

    def text(self) -> str:
        return tykmetrics.render("text", registry=self.registry).decode()

    def perform(self, o: dict[str, Any]) -> None:
        op = o["op"]
        if "id" in o:
            self.metrics[o["id"]] = self.register(op, o)
        elif op == "unregister":
            found = [metric for metric in self.metrics.values() if o["name"] in (metric._name, metric._name + "_total")]
            assert bool(found) == o["found"]
            for metric in found:
                self.registry.unregister(metric)
                self.metrics = {key: other for key, other in self.metrics.items() if other is not metric}
        elif op == "render":
            tykmetrics.render(o["format"], registry=self.registry)
        elif op == "clear":
            self.series.clear()
            self.metrics[o["on"]].clear()
        elif op == "remove":
            self.series.clear()
            before = self.text()
            self.metrics[o["on"]].remove(*o["labels"])
            assert (self.text() != before) == o["found"]
        else:
            self.record(self.of(o), op, o)

    def of(self, o: dict[str, Any]) -> Any:
        """Find the series of an operation: anew each time, or the one that was kept."""
        metric = self.metrics[o["on"]]
        if "labels" not in o:
            return metric
        key = (o["on"], tuple(o["labels"]))
        if not self.kept or key not in self.series:
            self.series[key] = metric.labels(*o["labels"])
        return self.series[key]

    def record(self, series: Any, op: str, o: dict[str, Any]) -> None:
        value = number(o.get("value"))
        exemplar = {"exemplar": dict(o["exemplar"])} if "exemplar" in o else {}
        if len(exemplar.get("exemplar", ())) < len(o.get("exemplar", ())):
            # A dictionary has no label twice: the exemplar cannot be said, and the record is made without it.
            getattr(series, "inc" if op == "add" else op)(value)
            raise ValueError("a label is there twice")
        if op == "touch":
            return
        if op in ("inc", "dec"):
            getattr(series, op)()
        elif op in ("add", "add_f64"):
            if value < 0 and isinstance(series, tykmetrics.Counter):
                raise Unsaid(NO_NEGATIVE)
            series.inc(value, **exemplar)
        elif op == "sub":
            series.dec(value)
        elif op == "observe":
            series.observe(value, **exemplar)
        elif op == "info":
            if len(dict(o["value"])) < len(o["value"]):
                # A dictionary has no label twice, so this cannot be said.
                raise ValueError("a label is there twice")
            series.info(dict(o["value"]))
        elif op == "set":
            series.set(value)
        elif op == "state":
            series.state(o["value"])
        elif op in ("set_max", "set_min"):
            getattr(series, op)(value)
        else:
            assert op == "set_state", op
            raise Unsaid(NO_BARE_ENUM)

    def register(self, kind: str, o: dict[str, Any]) -> Any:
        if (
            any(metric._name == o["name"].removesuffix("_total") for metric in self.metrics.values())
            and "error" not in o
        ):
            raise Unsaid(TAKEN)
        options = {name: o[name] for name in ("namespace", "subsystem", "unit", "limit", "expire_after") if name in o}
        if "const_labels" in o:
            # A dictionary has no label twice; a case that gives one twice cannot be said.
            if len(dict(o["const_labels"])) < len(o["const_labels"]):
                raise Unsaid(NO_TWICE)
            options["const_labels"] = dict(o["const_labels"])
        arguments = (o["name"], o.get("help", ""), o.get("labels", ()))
        if kind == "counter":
            if not o["name"].endswith("_total") and "error" not in o:
                raise Unsaid(NO_BARE_COUNTER)
            return tykmetrics.Counter(*arguments, registry=self.registry, **options)
        if kind in ("gauge", "up_down"):
            return tykmetrics.Gauge(*arguments, registry=self.registry, **options)
        if kind == "info":
            return tykmetrics.Info(*arguments, registry=self.registry, **options)
        if kind == "state_set":
            if "error" not in o and not all(
                other["op"] == "state" for other in self.case["operations"] if other.get("on") == o["id"]
            ):
                raise Unsaid(NO_BARE_ENUM)
            return tykmetrics.Enum(*arguments, states=o["states"], registry=self.registry, **options)
        if kind == "histogram":
            if "buckets" not in o and "error" not in o:
                raise Unsaid(OTHER_BOUNDS)
            if "buckets" in o:
                options["buckets"] = o["buckets"] and [number(bound) for bound in o["buckets"]]
            if "range" in o:
                options["range"] = tuple(number(end) for end in o["range"])
            if "native" in o:
                options["native_schema"] = o["native"]
            if "store" in o:
                options["store"] = o["store"]
            return tykmetrics.Histogram(*arguments, registry=self.registry, **options)
        options |= {name: o[name] for name in ("quantiles", "window") if name in o}
        return tykmetrics.Summary(*arguments, registry=self.registry, **options)

    def compare(self) -> None:
        """Look at every format that the case expects."""
        options = self.case.get("exposition", {})
        assert set(options) <= {"escaping", "created", "empty_families"}, options
        shown = {name: options[name] for name in ("created", "empty_families") if name in options}
        for name, expected in self.case["expect"].items():
            escaping = options.get("escaping", "underscores")
            got = tykmetrics.render(f"{name}; escaping={escaping}", registry=self.registry, **shown).decode()
            if isinstance(expected, list):
                assert masked(got, name) == "".join(f"{line}\n" for line in expected), name
            else:
                assert masked_document(json.loads(got)) == expected, name


def masked(text: str, format: str) -> str:
    """Mask the moments that a text tells."""
    lines = []
    for line in text.splitlines():
        before, _, last = line.rpartition(" ")
        if format == "protobuf-text":
            moment = before.strip() in ("seconds:", "nanos:")
        else:
            told = " # {" in line or before.partition("{")[0].endswith("_created")
            moment = told and len(last) > 4 and not last.strip("0123456789.")
        lines.append(f"{before} <time>\n" if moment else f"{line}\n")
    return "".join(lines)


def masked_document(value: Any) -> Any:
    """Mask the moments that a document tells."""
    if isinstance(value, dict):
        return {
            name: "<time>"
            if name in ("created_ms", "at_ms") and isinstance(member, int | float)
            else masked_document(member)
            for name, member in value.items()
        }
    return [masked_document(member) for member in value] if isinstance(value, list) else value


def unsaid(case: dict[str, Any]) -> str | None:
    """Tell why Python cannot say a case, if it cannot."""
    try:
        runner = Runner(case, kept=False)
        runner.run()
        runner.compare()
    except Unsaid as reason:
        return str(reason)
    except AssertionError:
        return None
    return None


@pytest.mark.parametrize("kept", [False, True], ids=["looked up", "kept"])
@pytest.mark.parametrize("name", [name for name in ALL if name not in LEFT_OUT])
def test_a_case_gives_what_it_expects(name, kept):
    runner = Runner(ALL[name], kept)
    runner.run()
    runner.compare()


def test_what_is_left_out_is_what_cannot_be_said():
    assert {name: reason for name, case in ALL.items() if (reason := unsaid(case))} == LEFT_OUT


def test_most_cases_can_be_said():
    assert len(ALL) >= 60
    assert len(ALL) - len(LEFT_OUT) >= 55


def test_only_moments_are_masked():
    assert masked('a_total 1 # {b="1 2"} 1 1700000000.125\n', "openmetrics") == 'a_total 1 # {b="1 2"} 1 <time>\n'
    assert masked("a_total 1700000000.125\n", "openmetrics") == "a_total 1700000000.125\n"
    assert masked("  seconds: 17\n  value: 3\n", "protobuf-text") == "  seconds: <time>\n  value: 3\n"
    document = {"created_ms": 5, "labels": {"created_ms": "x"}, "value": 5}
    assert masked_document(document) == {"created_ms": "<time>", "labels": {"created_ms": "x"}, "value": 5}


def test_numbers_that_json_cannot_hold_are_read():
    assert math.isnan(number("NaN"))
    assert (number("+Inf"), number("-Inf"), number("9007199254740993")) == (math.inf, -math.inf, 9007199254740993)

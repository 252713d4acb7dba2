"""Which names are taken, under both rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import prometheus_client.utils
import prometheus_client.validation as peer
import pytest

from tykmetrics.prometheus_client import utils, validation

NAMES = ["a", "a:b", "_a", "__a", "9a", "a.b", "a b", "ü", "", '"a.b"', '"', "a\udc80", "a\n"]
CHECKS = [
    "_validate_metric_name",
    "_is_valid_legacy_metric_name",
    "_validate_metric_label_name_token",
    "_validate_labelname",
    "_is_valid_legacy_labelname",
]


@pytest.fixture(params=[False, True], ids=["utf-8", "legacy"])
def rule(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Set a rule in both packages."""
    for module in (peer, validation):
        module.enable_legacy_validation() if request.param else module.disable_legacy_validation()
    yield request.param
    for module in (peer, validation):
        module.disable_legacy_validation()


def answer(check: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return check(*arguments)
    except ValueError:
        return ValueError


@pytest.mark.parametrize("name", [name for name in NAMES if "\n" not in name])
@pytest.mark.parametrize("check", CHECKS)
def test_names_are_judged_as_prometheus_client_judges_them(check: str, name: str, rule: bool) -> None:
    assert answer(getattr(validation, check), name) == answer(getattr(peer, check), name)


def test_the_rule_in_force_is_told(rule: bool) -> None:
    assert validation.get_legacy_validation() == rule


def test_a_line_end_is_never_part_of_a_legacy_name() -> None:
    assert not validation._is_valid_legacy_metric_name("a\n")
    assert not validation._is_valid_legacy_labelname("a\n")


def test_the_rule_comes_from_the_environment(program: Callable[..., str]) -> None:
    source = "from tykmetrics.prometheus_client.validation import *; print(get_legacy_validation())"
    for value, expected in (("1", "True"), ("true", "True"), ("T", "True"), ("no", "False")):
        assert program(source, PROMETHEUS_LEGACY_NAME_VALIDATION=value).strip() == expected


@pytest.mark.parametrize(
    "labels", [{"a": "b"}, {"__a": "b"}, {"a": "x" * 127}, {"a": "x" * 128}, {"ü" * 64: "ü" * 64}, {"": ""}]
)
def test_exemplars_are_judged_as_prometheus_client_judges_them(labels: dict[str, str], rule: bool) -> None:
    assert answer(validation._validate_exemplar, labels) == answer(peer._validate_exemplar, labels)


def test_messages_say_which_name_and_which_rule() -> None:
    with pytest.raises(ValueError, match="'__name'.*begin with __"):
        validation._validate_labelname("__name")
    with pytest.raises(ValueError, match="129.*128"):
        validation._validate_exemplar({"a": "x" * 128})


NUMBERS = [
    0,
    1,
    -1,
    0.5,
    1e5,
    123456.0,
    999999.5,
    1e6,
    1234567.0,
    1e10,
    123456789012.5,
    1e15,
    1e16,
    1e21,
    1e22,
    1e-7,
    5e-324,
]


@pytest.mark.parametrize("number", [*NUMBERS, float("inf"), float("-inf"), float("nan"), -1e7, "1.5", True])
def test_numbers_are_written_as_prometheus_client_writes_them(number: Any) -> None:
    assert utils.floatToGoString(number) == prometheus_client.utils.floatToGoString(number)


@pytest.mark.parametrize("version", ["1.0.0", "0.0.4", "2", "1.x.0", ""])
def test_versions_are_split_as_prometheus_client_splits_them(version: str) -> None:
    assert utils.parse_version(version) == prometheus_client.utils.parse_version(version)

"""Which names metrics and labels may have.

Every UTF-8 text is a name unless the legacy rule is switched on, by PROMETHEUS_LEGACY_NAME_VALIDATION or by
`enable_legacy_validation`: then names are those that every version of Prometheus takes without quotes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

METRIC_NAME_RE = re.compile(r"^[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
METRIC_LABEL_NAME_RE = re.compile(r"^[a-zA-Z_][a-zA-Z0-9_]*\Z")
RESERVED_METRIC_LABEL_NAME_RE = re.compile(r"^__.*$")

# OpenMetrics 1.0, "Exemplars": names and values of an exemplar's labels together.
_EXEMPLAR_CHARACTERS = 128


class _HasReservedLabelnames(Protocol):
    @property
    def _reserved_labelnames(self) -> Sequence[str]: ...


def _init_legacy_validation() -> bool:
    """Read the setting from the environment."""
    return os.environ.get("PROMETHEUS_LEGACY_NAME_VALIDATION", "False").lower() in ("true", "1", "t")


_legacy_validation = _init_legacy_validation()


def get_legacy_validation() -> bool:
    """Tell whether the legacy rule of names is in force."""
    return _legacy_validation


def disable_legacy_validation() -> None:
    """Allow every UTF-8 text as a name."""
    global _legacy_validation
    _legacy_validation = False


def enable_legacy_validation() -> None:
    """Allow only names that need no quotes."""
    global _legacy_validation
    _legacy_validation = True


def _encodable(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _validate_metric_name(name: str) -> None:
    """Raise ValueError if a metric cannot have this name under the rule in force."""
    if not name:
        raise ValueError("metric name cannot be empty")
    if _legacy_validation and not METRIC_NAME_RE.match(name):
        raise ValueError(f"invalid metric name {name!r}: the legacy rule is {METRIC_NAME_RE.pattern}")
    if not _encodable(name):
        raise ValueError(f"invalid metric name {name!r}: it is not UTF-8 text")


def _is_valid_legacy_metric_name(name: str) -> bool:
    """Tell whether a metric name needs no quotes."""
    return METRIC_NAME_RE.match(name) is not None


def _validate_metric_label_name_token(tok: str) -> None:
    """Raise ValueError if a label's name in a text, with its quotes, is none."""
    if not tok:
        raise ValueError("invalid label name token: it is empty")
    quoted = tok[0] == '"' and tok[-1] == '"'
    if quoted and not _legacy_validation:
        if not _encodable(tok):
            raise ValueError(f"invalid label name token {tok!r}: it is not UTF-8 text")
    elif not METRIC_LABEL_NAME_RE.match(tok):
        raise ValueError(f"invalid label name token {tok!r}: unquoted, the rule is {METRIC_LABEL_NAME_RE.pattern}")


def _validate_labelname(l: str) -> None:  # noqa: E741 - the name is prometheus_client's
    """Raise ValueError if a label cannot have this name under the rule in force."""
    if _legacy_validation:
        if not METRIC_LABEL_NAME_RE.match(l):
            raise ValueError(f"Invalid label metric name: {l!r}; the legacy rule is {METRIC_LABEL_NAME_RE.pattern}")
    elif not _encodable(l):
        raise ValueError(f"Invalid label metric name: {l!r} is not UTF-8 text")
    if RESERVED_METRIC_LABEL_NAME_RE.match(l):
        raise ValueError(f"Reserved label metric name: {l!r}; names that begin with __ are Prometheus's own")


def _is_valid_legacy_labelname(l: str) -> bool:  # noqa: E741 - the name is prometheus_client's
    """Tell whether a label's name needs no quotes and is not reserved."""
    return METRIC_LABEL_NAME_RE.match(l) is not None and RESERVED_METRIC_LABEL_NAME_RE.match(l) is None


def _validate_labelnames(cls: _HasReservedLabelnames, labelnames: Iterable[str]) -> tuple[str, ...]:
    """Return the names as a tuple; raise ValueError if a metric of this kind cannot have one of them."""
    labelnames = tuple(labelnames)
    for name in labelnames:
        _validate_labelname(name)
        if name in cls._reserved_labelnames:
            raise ValueError(f"Reserved label metric name: {name!r}; this kind of metric writes it itself")
    return labelnames


def _validate_exemplar(exemplar: Mapping[str, str]) -> None:
    """Raise ValueError if an exemplar cannot have these labels."""
    characters = 0
    for name, value in exemplar.items():
        _validate_labelname(name)
        characters += len(name) + len(value)
    if characters > _EXEMPLAR_CHARACTERS:
        raise ValueError(
            f"Exemplar labels have {characters} UTF-8 characters, exceeding the limit of {_EXEMPLAR_CHARACTERS}"
        )

"""A registry as OpenMetrics text, and names made fit for readers of legacy names.

The text is written by the engine's writer; nothing here joins lines.
"""

from __future__ import annotations

from collections.abc import Callable

from tykmetrics import _native
from tykmetrics.prometheus_client.registry import Collector
from tykmetrics.prometheus_client.validation import _is_valid_legacy_labelname, _is_valid_legacy_metric_name
from tykmetrics.registry import families, shows_created

CONTENT_TYPE_LATEST = "application/openmetrics-text; version=1.0.0; charset=utf-8"
"""Content type of OpenMetrics 1.0."""

CONTENT_TYPE_LATEST_2_0 = "application/openmetrics-text; version=2.0.0; charset=utf-8"
"""Content type of OpenMetrics 2.0, which has native histograms."""

ESCAPING_HEADER_TAG = "escaping"

ALLOWUTF8 = "allow-utf-8"
UNDERSCORES = "underscores"
DOTS = "dots"
VALUES = "values"


def generate_latest(registry: Collector, escaping: str = UNDERSCORES, version: str = "1.0.0") -> bytes:
    """Return the families of a registry as OpenMetrics text.

    What cannot be written raises as it does by itself (TypeError, ValueError), with the family as the last argument.
    """
    return _native.write_openmetrics(list(families(registry)), version, escaping, shows_created())


def escape_metric_name(s: str, escaping: str = UNDERSCORES) -> str:
    """Make a metric's name fit for a reader: quoted if it takes UTF-8, escaped otherwise."""
    return _fit(s, escaping, _is_valid_legacy_metric_name(s), _is_legacy_metric_rune)


def escape_label_name(s: str, escaping: str = UNDERSCORES) -> str:
    """Make a label's name fit for a reader: quoted if it takes UTF-8, escaped otherwise."""
    return _fit(s, escaping, _is_valid_legacy_labelname(s), _is_legacy_labelname_rune)


def _fit(s: str, escaping: str, legacy: bool, valid_rune_fn: Callable[[str, int], bool]) -> str:
    if not s or (legacy and escaping in (UNDERSCORES, VALUES)):
        return s
    escaped = _escape(s, escaping, valid_rune_fn)
    return f'"{escaped}"' if escaping == ALLOWUTF8 and not legacy else escaped


def _escape(s: str, escaping: str, valid_rune_fn: Callable[[str, int], bool]) -> str:
    """Rewrite a text by an escaping scheme; `valid_rune_fn` tells of a character and its place whether it may stay."""
    if escaping == ALLOWUTF8:
        return s.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    if escaping == UNDERSCORES:
        return "".join(rune if valid_rune_fn(rune, at) else "_" for at, rune in enumerate(s))
    if escaping == DOTS:
        special = {"_": "__", ".": "_dot_"}
        return "".join(special.get(rune) or (rune if valid_rune_fn(rune, at) else "__") for at, rune in enumerate(s))
    if escaping == VALUES:
        return "U__" + "".join(_by_value(rune, valid_rune_fn(rune, at)) for at, rune in enumerate(s))
    return s


def _by_value(rune: str, valid: bool) -> str:
    if rune == "_":
        return "__"
    if valid:
        return rune
    return f"_{ord(rune):x}_" if _is_valid_utf8(rune) else "_FFFD_"


def _is_legacy_metric_rune(b: str, i: int) -> bool:
    return _is_legacy_labelname_rune(b, i) or b == ":"


def _is_legacy_labelname_rune(b: str, i: int) -> bool:
    if len(b) != 1:
        raise ValueError("Input 'b' must be a single character.")
    return "a" <= b <= "z" or "A" <= b <= "Z" or b == "_" or ("0" <= b <= "9" and i > 0)


def _is_valid_utf8(s: str) -> bool:
    """Tell whether a character is one of its own, and not half of a surrogate pair."""
    return not 0xD800 <= ord(s) <= 0xDFFF

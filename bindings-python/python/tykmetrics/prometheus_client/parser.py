"""Reading Prometheus's text format, leniently: what is read need not conform to the format's every rule.

The engine's parser reads; the whole text is read before the first family is given, so a text with an error gives none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import Match
from typing import TextIO

from tykmetrics import _native
from tykmetrics.prometheus_client._parsed import families, text_of
from tykmetrics.prometheus_client.metrics_core import Metric

ESCAPE_SEQUENCES = {"\\\\": "\\", "\\n": "\n", '\\"': '"'}
HELP_ESCAPING_RE = re.compile(r"\\[\\n]")
ESCAPING_RE = re.compile(r'\\[\\n"]')


def text_string_to_metric_families(text: str) -> Iterable[Metric]:
    """Yield the families of a text; ValueError at a line that is none."""
    yield from families(_native.parse_text(text))


def text_fd_to_metric_families(fd: TextIO) -> Iterable[Metric]:
    """Yield the families of a file; ValueError at a line that is none."""
    yield from families(_native.parse_text(text_of(fd)))


def replace_escape_sequence(match: Match[str]) -> str:
    """Return what an escape sequence, matched by one of the expressions here, stands for."""
    return ESCAPE_SEQUENCES[match.group(0)]


def parse_labels(labels_string: str, openmetrics: bool = False) -> dict[str, str]:
    """Read what stands between the braces of a sample; a quoted name without a value is returned as `__name__`."""
    parse, end = (_native.parse_openmetrics, "# EOF\n") if openmetrics else (_native.parse_text, "")
    if "\n" in labels_string:
        raise ValueError(f"Invalid labels: {labels_string!r} has more than one line")
    try:
        sample = _only(parse(f"labels{{{labels_string}}} 0\n{end}"))
        return dict(sample[1] or {})
    except ValueError:
        pass
    try:
        sample = _only(parse(f"{{{labels_string}}} 0\n{end}"))
    except ValueError as error:
        raise ValueError(f"Invalid labels: {labels_string}") from error
    return {"__name__": sample[0], **(sample[1] or {})}


def _only(
    parsed: list[tuple[str, str, str, str, list[tuple[str, dict[str, str], float, object, object, object]]]],
) -> tuple[str, dict[str, str], float, object, object, object]:
    """Return the one sample of a text of one line."""
    [(_, _, _, _, [sample])] = parsed
    return sample

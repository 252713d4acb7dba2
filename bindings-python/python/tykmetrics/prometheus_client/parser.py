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
from tykmetrics.prometheus_client.openmetrics.exposition import ALLOWUTF8, escape_metric_name

_Sample = tuple[str, dict[str, str], float, object, object, object]
_Parsed = tuple[str, str, str, str, list[_Sample]]

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
    if "\n" in labels_string:
        raise ValueError(f"Invalid labels: {labels_string!r} has more than one line")
    parse = _strictly if openmetrics else _native.parse_text
    try:
        return _only(parse(f"labels{{{labels_string}}} 0\n"))[1]
    except ValueError:
        pass
    try:
        name, labels, *_ = _only(_native.parse_text(f"{{{labels_string}}} 0\n"))
        if openmetrics:
            # A name that needs quotes is read only where it was announced.
            _only(_strictly(f"# TYPE {escape_metric_name(name, ALLOWUTF8)} unknown\n{{{labels_string}}} 0\n"))
    except ValueError as error:
        raise ValueError(f"Invalid labels: {labels_string}") from error
    return {"__name__": name, **labels}


def _strictly(text: str) -> list[_Parsed]:
    return _native.parse_openmetrics(text + "# EOF\n")


def _only(parsed: list[_Parsed]) -> _Sample:
    """Return the one sample of a text of one line."""
    [(_, _, _, _, [sample])] = parsed
    return sample

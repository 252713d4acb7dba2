"""Reading the OpenMetrics text format, strictly: a text that breaks a rule of the format is refused.

The engine's parser reads; the whole text is read before the first family is given, so a text with an error gives none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TextIO

from tykmetrics import _native
from tykmetrics.prometheus_client._parsed import families, text_of
from tykmetrics.prometheus_client.metrics_core import Metric

ESCAPE_SEQUENCES = {"\\\\": "\\", "\\n": "\n", '\\"': '"'}
ESCAPING_RE = re.compile(r'\\[\\n"]')


def text_string_to_metric_families(text: str) -> Iterable[Metric]:
    """Yield the families of a text; ValueError if it is not OpenMetrics."""
    yield from families(_native.parse_openmetrics(text))


def text_fd_to_metric_families(fd: TextIO) -> Iterable[Metric]:
    """Yield the families of a file; ValueError if it is not OpenMetrics."""
    yield from families(_native.parse_openmetrics(text_of(fd)))

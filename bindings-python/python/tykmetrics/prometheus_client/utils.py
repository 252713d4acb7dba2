"""Numbers and versions as text, as prometheus_client writes and reads them."""

from __future__ import annotations

import math
from typing import SupportsFloat, SupportsIndex

INF = float("inf")
MINUS_INF = float("-inf")
NaN: float = float("NaN")


def floatToGoString(d: str | SupportsFloat | SupportsIndex) -> str:
    """Write a number as Go's strconv writes it, but for exponents below a million."""
    d = float(d)
    if math.isnan(d):
        return "NaN"
    if math.isinf(d):
        return "+Inf" if d > 0 else "-Inf"
    text = repr(d)
    whole, dot, fraction = text.partition(".")
    # Go turns to exponents at 1e6, Python at 1e16. Negative numbers never stand in `le` or `quantile`.
    if dot and d > 0 and len(whole) > 6:
        mantissa = f"{whole[0]}.{whole[1:]}{fraction}".rstrip("0").rstrip(".")
        return f"{mantissa}e+{len(whole) - 1:02d}"
    return text


def parse_version(version_str: str) -> tuple[int | str, ...]:
    """Split a version at its dots; parts that are numbers become numbers."""
    return tuple(int(part) if _is_integer(part) else part for part in version_str.split("."))


def _is_integer(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True

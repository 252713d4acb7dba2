"""A registry as bytes, in any of the engine's formats."""

from __future__ import annotations

from tykmetrics import _native
from tykmetrics.registry import REGISTRY, CollectorRegistry


def render(
    format: str = "text",
    registry: CollectorRegistry = REGISTRY,
    *,
    encoding: str = "identity",
    created: bool = False,
    empty_families: bool = False,
) -> bytes:
    """Return everything a registry holds, as bytes of a format.

    format: "text", "openmetrics", "protobuf" or "json", or what `negotiate` returned.
    encoding: "identity", "gzip" or "zstd".
    created: show when series began in the text formats too; the others always say it.
    empty_families: show families that have no series.

    The interpreter is free while the metrics are merged and written: other threads run on.
    """
    return registry._core.render(format, encoding=encoding, created=created, empty_families=empty_families)


def negotiate(accept: str | None) -> tuple[str, str]:
    """Return the format that an Accept header asks for, as `render` takes it, and its content type."""
    return _native.negotiate(accept or "")

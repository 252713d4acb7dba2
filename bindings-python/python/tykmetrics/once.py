"""What a registry has one of: its collector of requests, the families of its blocks and of its middleware.

What lives here: one function that makes such a thing when it is first asked for and keeps it on the registry, so that
it ends with the registry; and whose names those are, for the error of whoever wants one of them too. Promised: threads
that ask at once get the same one. Absent: any knowledge of how things are made.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from tykmetrics.registry import CollectorRegistry

_Made = TypeVar("_Made")

_WHOSE = {
    "requests": "get_metrics_collector(), which record_request, track_request and the HTTP middleware record into",
    "blocks": "track_block",
    "http": "the HTTP middleware",
    "websockets": "the ASGI middleware",
    "rpc": "the gRPC interceptors",
    "faults": "the middleware and the interceptors",
}
"""Who registers families of the package's own, by the name that they are kept under."""

# Held while something is made, which may make something else of the same registry.
_making = threading.RLock()


def once(registry: CollectorRegistry, name: str, make: Callable[[CollectorRegistry], _Made]) -> _Made:
    """Return what the registry keeps under this name, made by `make` if there is none yet."""
    attribute = f"_tykmetrics_{name}"
    found: _Made | None = getattr(registry, attribute, None)
    if found is None:
        with _making:
            found = getattr(registry, attribute, None)
            if found is None:
                found = _made(registry, name, make)
                setattr(registry, attribute, found)
    return found


def _made(registry: CollectorRegistry, name: str, make: Callable[[CollectorRegistry], _Made]) -> _Made:
    """Make something, and remember whose the names are that it takes; say whose they were to be if one is taken."""
    whose = _WHOSE.get(name, name)
    before = set(registry._names_to_collectors)
    owners: dict[str, str] = registry.__dict__.setdefault("_tykmetrics_owners", {})
    try:
        return make(registry)
    except ValueError as error:
        # What was registered before the name that is taken goes away again; not what is complete and kept by itself.
        half = {registry._names_to_collectors[new] for new in set(registry._names_to_collectors) - before - set(owners)}
        for collector in half:
            registry.unregister(collector)
        from tykmetrics.registry import DuplicateTimeseries, duplicate  # Which imports this module.

        # What is made may make another of these first, and that one has said already whose it is.
        if not isinstance(error, DuplicateTimeseries) or error.way_out:
            raise
        raise duplicate(
            error.duplicates,
            f"they are wanted by {whose}: give that a registry of its own (registry=Registry()), or what is there "
            "other names",
        ) from None
    finally:
        for taken in set(registry._names_to_collectors) - before:
            owners.setdefault(taken, whose)


def way_out(registry: object, duplicates: set[str]) -> str:
    """Return what to do about names that the package's own families have taken, and nothing about others."""
    owners: dict[str, str] = getattr(registry, "_tykmetrics_owners", {})
    whose = " and ".join(sorted({owners[name] for name in duplicates if name in owners}))
    if not whose:
        return ""
    return (
        f"they are of {whose}: give that a registry of its own (registry=Registry()), or the new collector another "
        "name or registry"
    )


def _renew() -> None:
    """Free the lock that a thread of the parent held at a fork: that thread is not in the child."""
    global _making
    _making = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)

"""What a registry has one of: its collector of requests, the families of its blocks and of its middleware.

What lives here: one function that makes such a thing when it is first asked for and keeps it on the registry, so that
it ends with the registry. Promised: threads that ask at once get the same one. Absent: any knowledge of what is made.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from tykmetrics.registry import CollectorRegistry

_Made = TypeVar("_Made")

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
                found = make(registry)
                setattr(registry, attribute, found)
    return found


def _renew() -> None:
    """Free the lock that a thread of the parent held at a fork: that thread is not in the child."""
    global _making
    _making = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)

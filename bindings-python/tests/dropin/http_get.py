"""Asking a server, as a client that knows nothing of this package."""

from __future__ import annotations

import urllib.request
from typing import Any

# A server that hangs is a failed test, not a run without an end.
PATIENCE = 60


def get(url: str, context: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for a URL; return status, headers and body."""
    request = urllib.request.Request(url, headers={name.replace("_", "-"): text for name, text in headers.items()})
    with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as response:
        return response.status, {name.lower(): text for name, text in response.headers.items()}, response.read()

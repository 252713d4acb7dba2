"""Which status a call counts as.

What lives here: the rules by which a returned object, or an exception, becomes a number between 100 and 999. The
wrappers of `track_request` call it. Nothing here raises, whatever the object is, and nothing here records.
"""

from __future__ import annotations

import sys

OK = 200
"""RFC 9110, 15.3.1: what a call that returns counts as."""

ERROR = 500
"""RFC 9110, 15.6.1: what a call that raises counts as."""

GONE_AWAY = 499
"""What nginx logs for a client that left before the answer: a call that is cancelled counts as it."""


_BEYOND = 600
"""RFC 9110, 15: the classes of statuses end with 5xx."""


def _integer(found: object, otherwise: int) -> int:
    """Return `found` if it can be a status of three digits, else `otherwise`."""
    if isinstance(found, int) and not isinstance(found, bool) and 100 <= found <= 999:
        return int(found)
    return otherwise


def of_result(result: object) -> int:
    """Return the status of what a call returned: its integer `status_code`, that of a view's tuple, else 200."""
    try:
        found = getattr(result, "status_code", None)
        if found is None and type(result) is tuple:
            return _of_tuple(result)
        return _integer(found, OK)
    except Exception:  # A property of the caller's object may do anything.
        return OK


def _of_tuple(result: tuple[object, ...]) -> int:
    """Return the status of `(body, status)` or `(body, status, headers)`, as views of Flask and Quart return them."""
    if not 2 <= len(result) <= 3:
        return OK
    status = result[1]
    if isinstance(status, int) and (_is_named(status) or _in_a_view()):
        return _integer(status, OK) if status < _BEYOND else OK
    return _integer(getattr(result[0], "status_code", OK), OK)


def _is_named(status: int) -> bool:
    """Tell whether it is of `http.HTTPStatus`, and so a status wherever it is returned."""
    http = sys.modules.get("http")
    return http is not None and isinstance(status, http.HTTPStatus)


def _in_a_view() -> bool:
    """Tell whether a framework serves a request here whose views return such tuples."""
    # Elsewhere `("a", 404)` may be a name and a number of anything.
    frameworks = (sys.modules.get("flask"), sys.modules.get("quart"))
    return any(framework is not None and framework.has_request_context() for framework in frameworks)


def of_error(error: BaseException) -> int:
    """Return the status of an exception: 499 if it cancels, else its integer `status_code` or `code`, else 500."""
    # Whoever never imported asyncio cannot be cancelled by it, and is not made to import it.
    asyncio = sys.modules.get("asyncio.exceptions")
    if asyncio is not None and isinstance(error, asyncio.CancelledError):
        return GONE_AWAY
    try:
        status = _integer(getattr(error, "status_code", None), 0)
        return status or _integer(getattr(error, "code", None), ERROR)
    except Exception:
        return ERROR

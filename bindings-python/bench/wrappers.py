"""Ways to write the wrapper of `track_request`, measured against each other and against what is shipped.

Run it with each Python that is supported: `python bench/wrappers.py`. Each line is the fastest of several rounds, in
nanoseconds per call of an empty function.
"""

from __future__ import annotations

import sys
import timeit
from typing import Any

from tykmetrics import Registry, get_metrics_collector, track_request

CALLS = 200_000
ROUNDS = 9

route: Any = get_metrics_collector(Registry()).route("empty", "CALL")


def empty() -> None: ...


def closure(call: Any, begin: Any, end: Any) -> Any:
    def tracked(*args: Any, **kwargs: Any) -> Any:
        begun = begin()
        try:
            result = call(*args, **kwargs)
        except BaseException:
            end(begun, 500)
            raise
        end(begun, 200)
        return result

    return tracked


def asked(call: Any, begin: Any, end: Any) -> Any:
    def tracked(*args: Any, **kwargs: Any) -> Any:
        begun = begin()
        try:
            result = call(*args, **kwargs) if kwargs else call(*args)
        except BaseException:
            end(begun, 500)
            raise
        end(begun, 200)
        return result

    return tracked


def defaults(call: Any, begin: Any, end: Any) -> Any:
    def tracked(*args: Any, call: Any = call, begin: Any = begin, end: Any = end, **kwargs: Any) -> Any:
        begun = begin()
        try:
            result = call(*args, **kwargs)
        except BaseException:
            end(begun, 500)
            raise
        end(begun, 200)
        return result

    return tracked


def in_finally(call: Any, begin: Any, end: Any) -> Any:
    def tracked(*args: Any, **kwargs: Any) -> Any:
        begun = begin()
        status = 500
        try:
            result = call(*args, **kwargs)
            status = 200
            return result
        finally:
            end(begun, status)

    return tracked


def bare(call: Any, begin: Any, end: Any) -> Any:
    def tracked() -> Any:
        begun = begin()
        try:
            result = call()
        except BaseException:
            end(begun, 500)
            raise
        end(begun, 200)
        return result

    return tracked


def nanoseconds(call: Any) -> float:
    """Give the time of one call."""
    return min(timeit.repeat(call, number=CALLS, repeat=ROUNDS)) / CALLS * 1e9


def main() -> None:
    """Print a line for each way."""
    print(f"Python {sys.version.split()[0]}")

    def lenient(*args: Any) -> None: ...

    lines = {"not decorated": empty, "begin and end alone": lambda: route.end(route.begin(), 200)}
    for way in (closure, asked, defaults, in_finally, bare):
        lines[way.__name__] = way(empty, route.begin, route.end)
    lines["shipped, no parameters"] = track_request("e", registry=Registry())(empty)
    lines["shipped, any parameters"] = track_request("e", registry=Registry())(lenient)
    for name, call in lines.items():
        print(f"{name:24}{nanoseconds(call):8.1f} ns")


if __name__ == "__main__":
    main()

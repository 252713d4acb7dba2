"""What the ASGI middleware costs a request, without a server and a framework: microseconds, medians of rounds.

    python bindings-python/bench/middleware.py

Beside it is a middleware that does nothing but pass messages on, which is the least that one in Python costs.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

import tykmetrics
from tykmetrics.middleware.asgi import MetricsMiddleware

ROUNDS, REQUESTS = 9, 20_000


class Route:
    """What a router leaves in the scope."""

    path = "/users/{user}"


ROUTE = Route()


async def application(scope: Any, receive: Any, send: Any) -> None:
    scope["route"] = ROUTE
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x" * 60})


async def passing(scope: Any, receive: Any, send: Any) -> None:
    async def passed(message: Any) -> None:
        await send(message)

    await application(scope, receive, passed)


async def receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b""}


async def send(message: Any) -> None:
    pass


async def once(app: Any) -> float:
    """Return the microseconds of a request."""
    begin = time.perf_counter()
    for _ in range(REQUESTS):
        await app({"type": "http", "path": "/users/7", "root_path": "", "method": "GET"}, receive, send)
    return (time.perf_counter() - begin) / REQUESTS * 1e6


async def main() -> None:
    measured = MetricsMiddleware(application, registry=tykmetrics.Registry())
    apps = {"no middleware": application, "one that passes on": passing, "tykmetrics": measured}
    took: dict[str, list[float]] = {name: [] for name in apps}
    for _ in range(ROUNDS):
        for name, app in apps.items():
            took[name].append(await once(app))
    for name, seen in took.items():
        print(f"{name:20} {statistics.median(seen):6.2f} us a request")


if __name__ == "__main__":
    asyncio.run(main())

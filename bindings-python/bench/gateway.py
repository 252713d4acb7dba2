"""A FastAPI service that answers a small JSON document, measured by whom the argument names or by nobody.

    python gateway.py tykmetrics

prints the port it listens on, serves the metrics at /metrics, and ends when its standard input does.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable

import uvicorn
from fastapi import FastAPI, Request, Response

OFF, OURS, PEER, INSTRUMENTATOR = "off", "tykmetrics", "prometheus_client", "prometheus-fastapi-instrumentator"


def application(metrics: str) -> FastAPI:
    """Make the service."""
    app = FastAPI()

    @app.get("/users/{user}")
    async def user(user: int) -> dict[str, object]:
        return {"id": user, "name": "somebody", "roles": ["reader", "writer"]}

    measured = {OFF: lambda app: None, OURS: by_tykmetrics, PEER: by_hand, INSTRUMENTATOR: by_instrumentator}
    measured[metrics](app)
    return app


def by_tykmetrics(app: FastAPI) -> None:
    """Add our middleware and our endpoint."""
    import tykmetrics
    from tykmetrics.middleware.asgi import MetricsMiddleware

    app.add_middleware(MetricsMiddleware)
    app.mount("/metrics", tykmetrics.make_asgi_app())


def by_instrumentator(app: FastAPI) -> None:
    """Do what its README says."""
    from prometheus_fastapi_instrumentator import Instrumentator

    Instrumentator().instrument(app).expose(app)


def by_hand(app: FastAPI) -> None:
    """Keep the least that a service keeps, in the middleware that tutorials show."""
    from prometheus_client import Counter, Gauge, Histogram, make_asgi_app

    requests = Counter("http_requests", "Help.", ["endpoint", "method", "status"])
    latency = Histogram("http_request_latency_seconds", "Help.", ["endpoint"])
    in_flight = Gauge("http_requests_in_flight", "Help.", ["method"])

    @app.middleware("http")
    async def measure(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        begin = time.perf_counter()
        with in_flight.labels(request.method).track_inprogress():
            response = await call_next(request)
        endpoint = getattr(request.scope.get("route"), "path", "unmatched")
        requests.labels(endpoint, request.method, response.status_code).inc()
        latency.labels(endpoint).observe(time.perf_counter() - begin)
        return response

    app.mount("/metrics", make_asgi_app())


def main() -> None:
    """Serve until whoever started it goes."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application(sys.argv[1]), log_level="warning", access_log=False)
    server = uvicorn.Server(config)

    def until_the_end() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=until_the_end, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()

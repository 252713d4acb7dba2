"""The gateway of `make run` in Python, on FastAPI.

`run-gateways` starts it, by the contract that `examples/run/src/child.rs` tells. The middleware counts every request by
its route, `record_request` and `track_request` what a model was asked, and the endpoint serves both. Absent: an
upstream. What one would do is in the query of a request: `?status=429&millis=12`.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
import threading
import time
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import uvicorn
from fastapi import FastAPI, HTTPException, Query, Response
from pydantic import BaseModel
from tykmetrics import record_request, start_http_server, track_request
from tykmetrics.middleware.asgi import MetricsMiddleware

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

app = FastAPI(title="gateway", openapi_url=None)
app.add_middleware(MetricsMiddleware)

Status = Annotated[int, Query(ge=200, le=599)]
Millis = Annotated[int, Query(ge=0, le=10_000)]


class Question(BaseModel):
    """Which model is asked."""

    provider: str
    model: str


async def upstream(status: int, millis: int) -> dict[str, Any]:
    """Take the time and give the status that was asked for."""
    await asyncio.sleep(millis / 1000)
    if status >= 400:
        raise HTTPException(status)
    return {}


@app.get("/api/users/{id}")
@app.delete("/api/users/{id}")
@app.get("/api/models")
async def plain(response: Response, status: Status = 200, millis: Millis = 0) -> dict[str, Any]:
    """Answer what asks no model."""
    response.status_code = status
    return await upstream(status, millis)


@app.post("/api/users")
async def create(user: dict[str, str], response: Response, status: Status = 201, millis: Millis = 0) -> dict[str, Any]:
    """Answer with what was made."""
    response.status_code = status
    return user | await upstream(status, millis)


@app.post("/v1/chat/completions")
async def chat(question: Question, status: Status = 200, millis: Millis = 0) -> dict[str, Any]:
    """Ask a model, and count it by a call: its provider is known late."""
    begun = time.perf_counter()
    try:
        return await upstream(status, millis)
    finally:
        seconds = time.perf_counter() - begun
        record_request("upstream.chat", "POST", seconds, status, question.provider, question.model)


@cache
def embeddings_of(provider: str, model: str) -> Callable[[int, int], Awaitable[dict[str, Any]]]:
    """Return what asks this model, and is counted by the decorator: the status is that of the exception."""
    return track_request(endpoint="upstream.embeddings", method="POST", provider=provider, model=model)(upstream)


@app.post("/v1/embeddings")
async def embeddings(question: Question, status: Status = 200, millis: Millis = 0) -> dict[str, Any]:
    """Ask a model through what was decorated for it."""
    return await embeddings_of(question.provider, question.model)(status, millis)


def main() -> None:
    """Serve until the standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics-port", type=int, default=0)
    endpoint = start_http_server(parser.parse_args().metrics_port)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_keep_alive=60))

    def leave() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True

    threading.Thread(target=leave, daemon=True).start()
    # The socket takes connections already; they wait for the loop.
    print("ready", f"http://127.0.0.1:{listener.getsockname()[1]}", endpoint.url, flush=True)
    server.run(sockets=[listener])
    endpoint.close()


if __name__ == "__main__":
    main()

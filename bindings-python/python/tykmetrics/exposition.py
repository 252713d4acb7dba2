"""The metrics of a registry over HTTP: what a scrape is answered with, and applications for ASGI and WSGI.

What lives here: `make_asgi_app`, `make_wsgi_app` and the answer that they and `server.py` give. Users mount them where
their service already listens. Promised: the format is the one that `Accept` asks for, packed as `Accept-Encoding` likes
it; rendering runs while the interpreter is free, and off the event loop. Absent: routing, authentication and a server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tykmetrics import _native
from tykmetrics.registry import REGISTRY
from tykmetrics.rendering import negotiate, render

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from tykmetrics.registry import CollectorRegistry

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

__all__ = ["Answer", "answer", "make_asgi_app", "make_wsgi_app"]

ALLOWED = ("GET", "HEAD")
"""What metrics are asked for by."""


class Answer(NamedTuple):
    """A response: its status, its headers and its body."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


def plain(status: int, reason: str, text: str, *headers: tuple[str, str]) -> Answer:
    """Return an answer of a line of text."""
    body = text.encode() + b"\n"
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return Answer(status, reason, [kind, ("Content-Length", str(len(body))), *headers], body)


def not_allowed() -> Answer:
    """Return the answer to other methods than those of `ALLOWED`."""
    return plain(405, "Method Not Allowed", "metrics are read by GET", ("Allow", ", ".join(ALLOWED)))


def answer(registry: CollectorRegistry, accept: str | None, accept_encoding: str | None) -> Answer:
    """Return the metrics of a registry as these headers of a request want them."""
    wanted, content_type = negotiate(accept)
    encoding = _native.negotiate_encoding(accept_encoding or "")
    body = render(wanted, registry, encoding=encoding)
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        # Caches between must not give one reader's format to another.
        ("Vary", "Accept, Accept-Encoding"),
    ]
    if encoding != "identity":
        headers.append(("Content-Encoding", encoding))
    return Answer(200, "OK", headers, body)


def make_asgi_app(registry: CollectorRegistry = REGISTRY) -> App:
    """Return an ASGI application that answers with the metrics of a registry, whatever the path.

    For FastAPI and Starlette: `app.mount("/metrics", make_asgi_app())`.
    """

    async def metrics(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        if scope["method"] in ALLOWED:
            headers = scope["headers"]
            given = await _in_thread(
                answer, registry, _joined(headers, b"accept"), _joined(headers, b"accept-encoding")
            )
        else:
            given = not_allowed()
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in given.headers]
        await send({"type": "http.response.start", "status": given.status, "headers": encoded})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else given.body})

    return metrics


async def _in_thread(call: Callable[..., Answer], *args: Any) -> Answer:
    """Call it beside the event loop, if the loop is asyncio's."""
    # Who serves by ASGI has imported it: nobody else waits for that.
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return call(*args)
    return await asyncio.to_thread(call, *args)


async def _live(receive: Receive, send: Send) -> None:
    """Start and stop with the server: there is nothing to prepare."""
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


def _joined(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """Return all values of a header as one list (RFC 9110, 5.3)."""
    return ",".join(value.decode("latin-1") for key, value in headers if key.lower() == name)


def make_wsgi_app(registry: CollectorRegistry = REGISTRY) -> WSGIApplication:
    """Return a WSGI application that answers with the metrics of a registry, whatever the path.

    For Flask: `app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/metrics": make_wsgi_app()})`.
    """

    def metrics(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("REQUEST_METHOD") in ALLOWED:
            given = answer(registry, environ.get("HTTP_ACCEPT"), environ.get("HTTP_ACCEPT_ENCODING"))
        else:
            given = not_allowed()
        start_response(f"{given.status} {given.reason}", given.headers)
        return [b"" if environ.get("REQUEST_METHOD") == "HEAD" else given.body]

    return metrics

"""The endpoint: `start_http_server`, on the server that every door of tykmetrics has.

What lives here: the settings of a call as the server reads them, the handle, and what becomes of servers at a fork and
at the end of the interpreter. Promised: everything that can be wrong raises in `start_http_server`, and nothing is left
behind then; scrapes run on threads of the server's, which ask the interpreter for what is written in Python and for
nothing else; a forked child has no server and does not keep the port. Absent: HTTP itself, which is in the native half.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tykmetrics import _native
from tykmetrics.registry import REGISTRY, CollectorRegistry

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["MetricsServer", "ServerDisabled", "start_http_server"]

_HOST = "127.0.0.1"
_PORT = 9090
_UNIX = "unix:"

_WHOLE = ("labels",)
"""Keys whose value is a mapping, and not more keys."""


class ServerDisabled(RuntimeError):
    """The configuration says not to serve: `enabled` is false, in the environment or in the call."""


class MetricsServer:
    """A server that was started: where it listens, and how to end it. Made by `start_http_server`."""

    def __init__(self, registry: CollectorRegistry, settings: Mapping[str, object]) -> None:
        """Start a server with these settings, by the names of their keys."""
        # As an attribute it lives as long as this does: it holds the collectors that are asked at scrapes.
        self._registry = registry
        self._native = _native.Server(registry._core, _json(settings))
        self._closed = False
        self.addr: str = self._native.addr
        """The IP address or the `unix:PATH` at which it listens."""
        self.port: int = self._native.port
        """The port, also where 0 asked for any; 0 for a socket in the file system."""
        self.url: str = self._native.url
        """Its address without a path, as `http://127.0.0.1:9090`: the page is there, and the metrics at `/metrics`."""
        _RUNNING.add(self)

    @property
    def closed(self) -> bool:
        """True once it was told to end, and in a forked child."""
        return self._closed

    def close(self) -> None:
        """Free the port, let running scrapes finish for as long as `shutdown_grace` says, and wait for the end."""
        self._closed = True
        self._native.close()
        _RUNNING.discard(self)

    def __enter__(self) -> Self:
        """Return the server, which is running."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        return f"<MetricsServer {self.url}{' closed' if self._closed else ''}>"


_RUNNING: set[MetricsServer] = set()
"""Servers that run whether or not somebody holds them."""


def _close_all() -> None:
    """End every server while the interpreter can still answer the scrapes that ask it."""
    for server in list(_RUNNING):
        server.close()


def _leave_to_parent() -> None:
    """Close the sockets that a forked child inherits: nobody there accepts, and the port would stay taken."""
    for server in list(_RUNNING):
        server.close()


atexit.register(_close_all)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
    if sys.version_info < (3, 12):
        # No thread of a server may be on its way to the interpreter meanwhile: the child would wait for it.
        os.register_at_fork(
            before=_native.before_fork,
            after_in_parent=_native.after_fork_in_parent,
            after_in_child=_native.after_fork_in_child,
        )


def start_http_server(
    port: int | None = None,
    addr: str | None = None,
    registry: CollectorRegistry = REGISTRY,
    *,
    certfile: str | os.PathLike[str] | None = None,
    keyfile: str | os.PathLike[str] | None = None,
    client_cafile: str | os.PathLike[str] | None = None,
    client_auth_required: bool | None = None,
    path: str | None = None,
    basic_auth: tuple[str, str] | None = None,
    bearer_token: str | None = None,
    enable_reset: bool | None = None,
    limits: Mapping[str, object] | None = None,
    config: Mapping[str, object] | None = None,
) -> MetricsServer:
    """Serve the metrics of a registry, and a page that shows them, from threads that need no interpreter.

    port, addr: where to listen; 9090 of 127.0.0.1 if nobody says otherwise, port 0 for any that is free, "" for every
        interface, "unix:PATH" for a socket in the file system.
    certfile, keyfile: speak TLS with this certificate. Files that change are read again.
    client_cafile: only let in clients with a certificate of these authorities, as `client_auth_required` says too.
    path: where the metrics are, instead of /metrics.
    basic_auth, bearer_token: a name with its password, and a token, either of which lets a client in.
    enable_reset: let who is authenticated set the metrics back, by POST to /metrics/reset.
    limits: what the server allows, as {"concurrent_scrapes": 4, "scrape_timeout": 10}.
    config: any key of docs/configuration.md, nested or by its dotted name, as {"hygiene.enabled": True}.

    What is None is as the environment says (`TYKMETRICS_*`, and the gateways' own names), and else the default; what
    is given is stronger. Returns what was started: it has `.port`, `.addr`, `.url` and `.close()`, and is a context
    manager. It runs until it is closed or the interpreter ends, whether or not it is kept. What an operator should
    know, as that everybody may ask, is a warning of `logging.getLogger("tykmetrics")`.

    Raises:
        ValueError: when a setting is unknown or is not allowed, or some do not go together.
        OSError: with its `errno`, when the port is taken, or the address or a file is not there or not allowed.
        ssl.SSLError: when a certificate or a key is none, is expired, or they are not of each other.
        ServerDisabled: a RuntimeError, when the configuration says not to serve.
        TypeError: when a value is of no type that a setting has.
    """
    if not isinstance(registry, CollectorRegistry):
        raise TypeError(f"registry is {registry!r}: a Registry is served; the drop-in serves what else has collect()")
    if client_auth_required is not None and client_auth_required != (client_cafile is not None):
        raise ValueError(
            f"client_auth_required is {client_auth_required} and client_cafile is {client_cafile!r}: "
            "clients are asked for a certificate if there is a file of authorities to judge it by, and only then"
        )
    if basic_auth is not None and not (isinstance(basic_auth, tuple) and len(basic_auth) == 2):
        raise TypeError("basic_auth is a name and its password, as ('prometheus', 'secret')")
    name, password = basic_auth or (None, None)
    given: dict[str, object] = {
        "listen": _listen(port, addr),
        "path": path,
        "tls.cert": certfile,
        "tls.key": keyfile,
        "tls.client_ca": client_cafile,
        "auth.basic_name": name,
        "auth.basic_password": password,
        "auth.bearer": bearer_token,
        "routes.reset": enable_reset,
    }
    settings = {key: value for key, value in given.items() if value is not None}
    for key, value in [*_flat("limits.", limits or {}), *_flat("", config or {})]:
        if key in settings:
            raise ValueError(f"{key} is given twice, by the arguments, limits or config: keep one")
        settings[key] = value
    return MetricsServer(registry, settings)


def _listen(port: int | None, addr: str | None) -> str | None:
    """Return where to listen as the server reads it; None if nobody said."""
    if port is None and addr is None:
        return None
    if addr is not None and not isinstance(addr, str):
        raise TypeError(f"addr is a host or unix:PATH, not {addr!r}")
    if addr is not None and addr.startswith(_UNIX):
        if port is not None:
            raise ValueError(f"addr is {addr!r}, which has no port: leave port out")
        return addr
    port = _PORT if port is None else port
    if not isinstance(port, int) or isinstance(port, bool):
        raise TypeError(f"port is a number from 0 to 65535, not {port!r}")
    if not 0 <= port <= 65535:
        raise ValueError(f"port is {port}: it is a number from 0 to 65535, and 0 takes one that is free")
    host = _HOST if addr is None else addr
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{host}:{port}"


def _flat(before: str, given: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield settings by their dotted names; None says nothing."""
    if not isinstance(given, Mapping):
        raise TypeError(f"{before.rstrip('.') or 'config'} is a mapping of settings, not {type(given).__name__}")
    for name, value in given.items():
        if not isinstance(name, str):
            raise TypeError(f"a setting is called {name!r}: its name is a str")
        key = before + name
        if isinstance(value, Mapping) and key not in _WHOLE:
            yield from _flat(f"{key}.", value)
        elif value is not None:
            yield key, value


def _json(settings: Mapping[str, object]) -> str:
    """Return settings as the server reads them."""
    # Who serves has time for it, and nobody else imports it.
    import json

    return json.dumps({key: _plain(key, value) for key, value in settings.items()}, ensure_ascii=False)


def _plain(key: str, value: object) -> object:
    """Return a value as JSON has it."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            # Not the value, which may be a secret.
            raise ValueError(f"{key} has what is no Unicode (lone surrogates), which no setting can have") from None
        return value
    if isinstance(value, (bool, int, float)):
        return value
    # Nobody else imports it, as above.
    from datetime import timedelta

    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {str(name): _plain(key, inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(key, inner) for inner in value]
    raise TypeError(
        f"{key} is {type(value).__name__}: a str, a number, a bool, a timedelta, a path or a list is a setting"
    )

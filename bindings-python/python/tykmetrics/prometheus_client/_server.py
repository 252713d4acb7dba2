"""A small HTTP server for metrics, on a thread of its own, with TLS if it is given a certificate.

Its names belong to `exposition`, where users find them.
"""

from __future__ import annotations

import socket
import ssl
import threading
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client.registry import REGISTRY, Collector


class _SilentHandler(WSGIRequestHandler):
    """Answers without a line on standard error for each request."""

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class ThreadingWSGIServer(ThreadingMixIn, WSGIServer):
    """A WSGI server with a thread per request, none of which keeps the process alive."""

    daemon_threads = True


def _get_best_family(address: str, port: int) -> tuple[socket.AddressFamily, str]:
    """Return the family of an address, IPv4 or IPv6, and the address as that family writes it."""
    infos = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, place = infos[0]
    return family, str(place[0])


def _get_ssl_ctx(
    certfile: str,
    keyfile: str,
    protocol: int,
    cafile: str | None = None,
    capath: str | None = None,
    client_auth_required: bool = False,
    tls_min_version: ssl.TLSVersion | None = None,
    tls_max_version: ssl.TLSVersion | None = None,
) -> ssl.SSLContext:
    """Return a context of a server with this certificate, which asks clients for theirs if it is told to."""
    context = ssl.SSLContext(protocol=protocol)
    if cafile is not None or capath is not None:
        try:
            context.load_verify_locations(cafile, capath)
        except OSError as error:
            raise type(error)(
                f"Cannot load CA certificate chain from file {cafile!r} or directory {capath!r}: {error}"
            ) from error
    else:
        try:
            context.load_default_certs(purpose=ssl.Purpose.CLIENT_AUTH)
        except OSError as error:
            raise type(error)(f"Cannot load default CA certificate chain: {error}") from error
    if client_auth_required:
        context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_cert_chain(certfile=certfile, keyfile=keyfile)
    except OSError as error:
        raise type(error)(
            f"Cannot load server certificate file {certfile!r} or its private key file {keyfile!r}: {error}"
        ) from error
    if tls_min_version is not None:
        context.minimum_version = tls_min_version
    if tls_max_version is not None:
        context.maximum_version = tls_max_version
    return context


def start_wsgi_server(
    port: int,
    addr: str = "0.0.0.0",
    registry: Collector = REGISTRY,
    certfile: str | None = None,
    keyfile: str | None = None,
    client_cafile: str | None = None,
    client_capath: str | None = None,
    protocol: int = ssl.PROTOCOL_TLS_SERVER,
    client_auth_required: bool = False,
    tls_min_version: ssl.TLSVersion | None = None,
    tls_max_version: ssl.TLSVersion | None = None,
) -> tuple[WSGIServer, threading.Thread]:
    """Serve the metrics of a registry from a daemon thread; return the server and the thread.

    Like prometheus_client it listens on every interface unless `addr` says otherwise. With `certfile` and `keyfile` it
    speaks TLS, and with `client_auth_required` it refuses clients without a certificate of `client_cafile` or
    `client_capath`. `server.shutdown()` and `server.server_close()` end it.
    """
    family, place = _get_best_family(addr, port)
    server_class = type("MetricsServer", (ThreadingWSGIServer,), {"address_family": family})
    server: WSGIServer = make_server(
        place, port, exposition.make_wsgi_app(registry), server_class, handler_class=_SilentHandler
    )
    if certfile and keyfile:
        try:
            context = _get_ssl_ctx(
                certfile,
                keyfile,
                protocol,
                client_cafile,
                client_capath,
                client_auth_required,
                tls_min_version,
                tls_max_version,
            )
        except BaseException:
            server.server_close()
            raise
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    return server, thread


start_http_server = start_wsgi_server

adopt(__name__, "prometheus_client.exposition")

# Last, since it takes its names from here: either may be imported first.
from tykmetrics.prometheus_client import exposition  # noqa: E402

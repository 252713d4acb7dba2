"""A registry as text, and the ways to hand it out: encoders, a WSGI application, a request handler, a text file.

Servers are in `_server`, pushes in `_push`; their names are here too, as in prometheus_client. The text is written by
the engine's writer; nothing here joins lines.
"""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlparse

from tykmetrics import _native
from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client._push import (
    SNAPPY_AVAILABLE as SNAPPY_AVAILABLE,
    CompressionType as CompressionType,
    _PrometheusRedirectHandler as _PrometheusRedirectHandler,
    basic_auth_handler as basic_auth_handler,
    default_handler as default_handler,
    delete_from_gateway as delete_from_gateway,
    instance_ip_grouping_key as instance_ip_grouping_key,
    passthrough_redirect_handler as passthrough_redirect_handler,
    push_to_gateway as push_to_gateway,
    pushadd_to_gateway as pushadd_to_gateway,
    snappy as snappy,
    tls_auth_handler as tls_auth_handler,
)
from tykmetrics.prometheus_client._server import (
    ThreadingWSGIServer as ThreadingWSGIServer,
    _get_best_family as _get_best_family,
    _get_ssl_ctx as _get_ssl_ctx,
    _SilentHandler as _SilentHandler,
    start_http_server as start_http_server,
    start_wsgi_server as start_wsgi_server,
)
from tykmetrics.prometheus_client.asgi import make_asgi_app as make_asgi_app
from tykmetrics.prometheus_client.openmetrics import exposition as openmetrics
from tykmetrics.prometheus_client.registry import REGISTRY, Collector
from tykmetrics.prometheus_client.utils import floatToGoString as floatToGoString, parse_version
from tykmetrics.registry import families, shows_created

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = (
    "CONTENT_TYPE_LATEST",
    "CONTENT_TYPE_PLAIN_0_0_4",
    "CONTENT_TYPE_PLAIN_1_0_0",
    "MetricsHandler",
    "delete_from_gateway",
    "generate_latest",
    "instance_ip_grouping_key",
    "make_asgi_app",
    "make_wsgi_app",
    "push_to_gateway",
    "pushadd_to_gateway",
    "start_http_server",
    "start_wsgi_server",
    "write_to_textfile",
)

CONTENT_TYPE_PLAIN_0_0_4 = "text/plain; version=0.0.4; charset=utf-8"
"""Content type of the text format that every reader takes."""

CONTENT_TYPE_PLAIN_1_0_0 = "text/plain; version=1.0.0; charset=utf-8"
"""Content type of the text format with UTF-8 names."""

CONTENT_TYPE_LATEST = CONTENT_TYPE_PLAIN_1_0_0

Encoder = Callable[[Collector], bytes]


def generate_latest(registry: Collector = REGISTRY, escaping: str = openmetrics.UNDERSCORES) -> bytes:
    """Return the families of a registry in Prometheus's text format.

    What cannot be written raises as it does by itself (TypeError, ValueError), with the family as the last argument.
    """
    return _native.write_text(list(families(registry)), "1.0.0", escaping, shows_created())


def choose_encoder(accept_header: str | None) -> tuple[Encoder, str]:
    """Return what writes a registry as an Accept header wants it, and the content type of that."""
    for accepted in (accept_header or "").split(","):
        kind, *parameters = accepted.split(";")
        version = _get_version(parameters)
        escaping = _get_escaping(parameters)
        modern = bool(version) and _at_least_one(version)
        if kind.strip() == "application/openmetrics-text":
            if not version:
                return partial(openmetrics.generate_latest, version="1.0.0"), openmetrics.CONTENT_TYPE_LATEST
            if modern:
                return (
                    partial(openmetrics.generate_latest, escaping=escaping, version=version),
                    f"application/openmetrics-text; version={version}; charset=utf-8; escaping={escaping}",
                )
        elif kind.strip() == "text/plain" and modern:
            return partial(generate_latest, escaping=escaping), f"{CONTENT_TYPE_LATEST}; escaping={escaping}"
    return generate_latest, CONTENT_TYPE_PLAIN_0_0_4


def _at_least_one(version: str) -> bool:
    """Tell whether a version is 1.0.0 or newer. What is no version is none."""
    try:
        return parse_version(version) >= (1, 0, 0)
    except TypeError:
        return False


def _parameter(tokens: Iterable[str], name: str) -> str:
    """Return the value of a parameter of a media type, or an empty text."""
    for token in tokens:
        key, given, value = token.strip().partition("=")
        if given and key == name:
            return value
    return ""


def _get_version(accept_header: Sequence[str]) -> str:
    """Return the version among the parameters of a media type, or an empty text."""
    return _parameter(accept_header, "version")


def _get_escaping(accept_header: Sequence[str]) -> str:
    """Return the escaping among the parameters of a media type; underscores if there is none that is known."""
    escaping = _parameter(accept_header, openmetrics.ESCAPING_HEADER_TAG)
    known = (openmetrics.ALLOWUTF8, openmetrics.UNDERSCORES, openmetrics.DOTS, openmetrics.VALUES)
    return escaping if escaping in known else openmetrics.UNDERSCORES


def gzip_accepted(accept_encoding_header: str | None) -> bool:
    """Tell whether an Accept-Encoding header names gzip."""
    codings = (accept_encoding_header or "").split(",")
    return any(coding.split(";")[0].strip().lower() == "gzip" for coding in codings)


def _bake_output(
    registry: Any,
    accept_header: str | None,
    accept_encoding_header: str | None,
    params: Mapping[str, Any],
    disable_compression: bool,
) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return status, headers and body of a scrape."""
    encoder, content_type = choose_encoder(accept_header)
    if "name[]" in params:
        # Django's parameters give the last of several values by [], and all of them by getlist.
        values = getattr(params, "getlist", params.__getitem__)
        registry = registry.restricted_registry(values("name[]"))
    output = encoder(registry)
    headers = [("Content-Type", content_type)]
    if not disable_compression and gzip_accepted(accept_encoding_header):
        output = gzip.compress(output)
        headers.append(("Content-Encoding", "gzip"))
    return "200 OK", headers, output


def make_wsgi_app(registry: Collector = REGISTRY, disable_compression: bool = False) -> WSGIApplication:
    """Return a WSGI application that answers every GET with the metrics of a registry."""

    def prometheus_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        status, headers, output = "200 OK", [("Allow", "OPTIONS,GET")], b""
        if method == "OPTIONS":
            pass
        elif method != "GET":
            status = "405 Method Not Allowed"
            output = f"# HTTP {status}: {method}; use OPTIONS or GET\n".encode()
        elif environ["PATH_INFO"] == "/favicon.ico":
            # Browsers ask for it by themselves, and a scrape is more work than an empty answer.
            headers = []
        else:
            status, headers, output = _bake_output(
                registry,
                environ.get("HTTP_ACCEPT"),
                environ.get("HTTP_ACCEPT_ENCODING"),
                parse_qs(environ.get("QUERY_STRING", "")),
                disable_compression,
            )
        start_response(status, headers)
        return [output]

    return prometheus_app


class MetricsHandler(BaseHTTPRequestHandler):
    """A request handler of `http.server` that answers every GET with the metrics of `registry`."""

    registry: Collector = REGISTRY

    def do_GET(self) -> None:
        """Answer with the metrics."""
        status, headers, output = _bake_output(
            self.registry,
            self.headers.get("Accept"),
            self.headers.get("Accept-Encoding"),
            parse_qs(urlparse(self.path).query),
            False,
        )
        self.send_response(int(status.split(" ")[0]))
        for header in headers:
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(output)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""

    @classmethod
    def factory(cls, registry: Collector) -> type[MetricsHandler]:
        """Return a handler class for another registry."""
        return type(cls.__name__, (cls, object), {"registry": registry})


def write_to_textfile(
    path: str, registry: Collector, escaping: str = openmetrics.ALLOWUTF8, tmpdir: str | None = None
) -> None:
    """Write the metrics of a registry to a file, whole or not at all, for node_exporter's textfile collector.

    The collector reads files whose names end in `.prom`. `tmpdir` is where the text is first written; it must be on the
    file system of `path`, and is its folder by default.
    """
    start = path if tmpdir is None else os.path.join(tmpdir, os.path.basename(path))
    unfinished = f"{start}.{os.getpid()}.{threading.current_thread().ident}"
    try:
        with open(unfinished, "wb") as file:
            file.write(generate_latest(registry, escaping))
        os.replace(unfinished, path)
    except Exception:
        if os.path.exists(unfinished):
            os.remove(unfinished)
        raise


adopt(__name__)

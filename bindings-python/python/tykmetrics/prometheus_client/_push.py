"""Pushing the metrics of a process that ends before it is scraped, to a Pushgateway.

A handler is a function of (url, method, timeout, headers, data) that returns a function which sends; users bring their
own for other transports. The names here belong to `exposition`, where users find them.
"""

from __future__ import annotations

import base64
import gzip
import importlib
import socket
import ssl
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from types import ModuleType
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.parse import quote_plus, urlparse
from urllib.request import BaseHandler, HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client.registry import REGISTRY, Collector

snappy: ModuleType | None
try:
    snappy = importlib.import_module("snappy")
except ImportError:
    snappy = None
SNAPPY_AVAILABLE = snappy is not None

CompressionType = Literal["gzip", "snappy"] | None
Headers = list[tuple[str, str]]
Send = Callable[[], None]


class _PrometheusRedirectHandler(HTTPRedirectHandler):
    """Follows redirects of pushes too, with method, headers and data as they were.

    RFC 9110 leaves it to users to confirm that, since the redirect may lead anywhere: to use this handler is to do so.
    """

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        """Return the same request to another place, or raise HTTPError where a redirect makes no sense."""
        method = getattr(req, "method", None) or req.get_method()
        reading = code in (301, 302, 303, 307) and method in ("GET", "HEAD")
        writing = code in (301, 302, 303) and method in ("POST", "PUT")
        if not (reading or writing):
            raise HTTPError(req.full_url, code, msg, headers, fp)
        return Request(
            newurl.replace(" ", "%20"),
            headers=req.headers,
            origin_req_host=req.origin_req_host,
            unverifiable=True,
            data=req.data,
            method=method,
        )


def _make_handler(
    url: str,
    method: str,
    timeout: float | None,
    headers: Sequence[tuple[str, str]],
    data: bytes,
    base_handler: BaseHandler | type[BaseHandler],
) -> Send:
    """Return a function that sends the request through a handler of urllib's."""

    def handle() -> None:
        request = Request(url, data=data, method=method)
        for name, value in headers:
            request.add_header(name, value)
        with build_opener(base_handler).open(request, timeout=timeout) as response:
            if response.status >= 400:
                raise OSError(f"error talking to pushgateway: {response.status} {response.reason}")

    return handle


def default_handler(url: str, method: str, timeout: float | None, headers: Headers, data: bytes) -> Send:
    """Send over HTTP or HTTPS."""
    return _make_handler(url, method, timeout, headers, data, HTTPHandler)


def passthrough_redirect_handler(url: str, method: str, timeout: float | None, headers: Headers, data: bytes) -> Send:
    """Send over HTTP or HTTPS and follow every redirect with the whole request, wherever it leads."""
    return _make_handler(url, method, timeout, headers, data, _PrometheusRedirectHandler)


def basic_auth_handler(
    url: str,
    method: str,
    timeout: float | None,
    headers: Headers,
    data: bytes,
    username: str | None = None,
    password: str | None = None,
) -> Send:
    """Send over HTTP or HTTPS with a name and a password, if there are both."""

    def handle() -> None:
        sent = list(headers)
        if username is not None and password is not None:
            token = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
            sent.append(("Authorization", f"Basic {token}"))
        default_handler(url, method, timeout, sent, data)()

    return handle


def tls_auth_handler(
    url: str,
    method: str,
    timeout: float | None,
    headers: Headers,
    data: bytes,
    certfile: str,
    keyfile: str,
    cafile: str | None = None,
    protocol: int = ssl.PROTOCOL_TLS_CLIENT,
    insecure_skip_verify: bool = False,
) -> Send:
    """Send over HTTPS with a client's certificate. The server's is verified unless `insecure_skip_verify` is set."""
    context = ssl.SSLContext(protocol=protocol)
    if cafile is not None:
        context.load_verify_locations(cafile)
    else:
        context.load_default_certs()
    if insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(certfile=certfile, keyfile=keyfile)
    return _make_handler(url, method, timeout, headers, data, HTTPSHandler(context=context))


def push_to_gateway(
    gateway: str,
    job: str,
    registry: Collector,
    grouping_key: dict[str, Any] | None = None,
    timeout: float | None = 30,
    handler: Callable[..., Send] = default_handler,
    compression: CompressionType = None,
) -> None:
    """Replace all metrics of a job and grouping key at a Pushgateway (PUT).

    gateway: its URL, or its host and port.
    grouping_key: further labels that tell this group of metrics from others of the job.
    timeout: seconds to wait for the connection; None waits for ever.
    handler: what makes the request: `basic_auth_handler`, `tls_auth_handler`, or one's own.
    compression: "gzip", "snappy" (which needs python-snappy) or None.
    """
    _use_gateway("PUT", gateway, job, registry, grouping_key, timeout, handler, compression)


def pushadd_to_gateway(
    gateway: str,
    job: str,
    registry: Collector | None,
    grouping_key: dict[str, Any] | None = None,
    timeout: float | None = 30,
    handler: Callable[..., Send] = default_handler,
    compression: CompressionType = None,
) -> None:
    """Replace the metrics of the same names, job and grouping key at a Pushgateway (POST); see `push_to_gateway`."""
    _use_gateway("POST", gateway, job, registry, grouping_key, timeout, handler, compression)


def delete_from_gateway(
    gateway: str,
    job: str,
    grouping_key: dict[str, Any] | None = None,
    timeout: float | None = 30,
    handler: Callable[..., Send] = default_handler,
) -> None:
    """Delete all metrics of a job and grouping key at a Pushgateway (DELETE); see `push_to_gateway`."""
    _use_gateway("DELETE", gateway, job, None, grouping_key, timeout, handler)


def _use_gateway(
    method: str,
    gateway: str,
    job: str,
    registry: Collector | None,
    grouping_key: Mapping[str, Any] | None,
    timeout: float | None,
    handler: Callable[..., Send],
    compression: CompressionType = None,
) -> None:
    # "host:8080" has the scheme "host" by the rules of URLs.
    if urlparse(gateway).scheme not in ("http", "https"):
        gateway = f"http://{gateway}"
    segments = [_escape_grouping_key("job", job)]
    segments += (_escape_grouping_key(str(name), str(value)) for name, value in sorted((grouping_key or {}).items()))
    url = "/".join([gateway.rstrip("/"), "metrics", *(f"{name}/{value}" for name, value in segments)])
    if method == "DELETE":
        data, headers = b"", [("Content-Type", exposition.CONTENT_TYPE_PLAIN_0_0_4)]
    else:
        text = exposition.generate_latest(REGISTRY if registry is None else registry)
        data, headers = _compress_payload(text, compression)
    handler(url=url, method=method, timeout=timeout, headers=headers, data=data)()


def _compress_payload(data: bytes, compression: CompressionType) -> tuple[bytes, Headers]:
    """Return the data as they are sent, and the headers that say how."""
    headers = [("Content-Type", exposition.CONTENT_TYPE_PLAIN_0_0_4)]
    if compression is None:
        return data, headers
    encoding = compression.lower()
    if encoding == "gzip":
        return gzip.compress(data), [*headers, ("Content-Encoding", encoding)]
    if encoding == "snappy":
        if snappy is None:
            raise RuntimeError("Snappy compression requires the python-snappy package to be installed.")
        compressor = snappy.StreamCompressor()
        compressed: bytes = compressor.compress(data)
        # Newer releases of python-snappy hold back what does not fill a block.
        if callable(getattr(compressor, "flush", None)):
            compressed += compressor.flush()
        return compressed, [*headers, ("Content-Encoding", encoding)]
    raise ValueError(f"Unsupported compression type: {compression}; it is gzip, snappy or None")


def _escape_grouping_key(k: str, v: str) -> tuple[str, str]:
    """Return a label as two segments of a path. The Pushgateway takes base64 for values that a path cannot have."""
    k = quote_plus(k)
    if v == "":
        # A segment cannot be empty; one padding character is nothing in base64.
        return f"{k}@base64", "="
    if "/" in v or " " in v:
        return f"{k}@base64", base64.urlsafe_b64encode(v.encode("utf-8")).decode("ascii")
    return k, quote_plus(v)


def instance_ip_grouping_key() -> dict[str, Any]:
    """Return a grouping key whose `instance` is the address of this host."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        # A datagram socket sends nothing when it connects; it only learns its own address. macOS wants one that is
        # not its own.
        probe.connect(("10.255.255.255", 1) if sys.platform == "darwin" else ("localhost", 0))
        return {"instance": probe.getsockname()[0]}


adopt(__name__, "prometheus_client.exposition")

# Last, since it takes its names from here: either may be imported first.
from tykmetrics.prometheus_client import exposition  # noqa: E402

"""Pushes over a real socket, to a server that keeps what it got."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError

import prometheus_client as peer
import pytest
import trustme

from tykmetrics.prometheus_client import (
    CollectorRegistry,
    Gauge,
    delete_from_gateway,
    exposition,
    instance_ip_grouping_key,
    push_to_gateway,
    pushadd_to_gateway,
)
from tykmetrics.prometheus_client.exposition import (
    basic_auth_handler,
    passthrough_redirect_handler,
    tls_auth_handler,
)

TEXT = b"# HELP g help\n# TYPE g gauge\ng 1.0\n"


class Got(NamedTuple):
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Gateway(HTTPServer):
    """A server that keeps every request, and sends those for /moved elsewhere."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def _keep(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): text for name, text in self.headers.items()}
        self.server.got.append(Got(self.command, self.path, headers, body))  # type: ignore[attr-defined]
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", self.path.replace("/moved", "/new", 1))
        else:
            self.send_response(500 if self.path.startswith("/broken") else 202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST = do_DELETE = _keep

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    server = Gateway()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def filled(registry: CollectorRegistry) -> CollectorRegistry:
    Gauge("g", "help", registry=registry).set(1)
    return registry


@pytest.mark.parametrize(
    ("job", "key"),
    [
        ("job", None),
        ("job", {"b": 2, "a": "x"}),
        ("a/b", {"path": "/x/y", "empty": "", "blank": "a b"}),
        ("ü", {"a": "ü&="}),
    ],
)
@pytest.mark.parametrize("scheme", ["", "http://"])
@pytest.mark.parametrize("verb", ["push_to_gateway", "pushadd_to_gateway", "delete_from_gateway"])
def test_a_request_is_that_of_prometheus_client(
    verb: str, scheme: str, job: str, key: dict[str, Any] | None, gateway: Gateway, filled: CollectorRegistry
) -> None:
    for package in (exposition, peer):
        arguments = [] if verb == "delete_from_gateway" else [filled]
        getattr(package, verb)(f"{scheme}{gateway.address}/", job, *arguments, grouping_key=key)
    mine, theirs = gateway.got
    assert mine == theirs
    assert mine.body == (b"" if verb == "delete_from_gateway" else TEXT)


def test_a_label_that_only_utf_8_can_name_is_part_of_the_path(gateway: Gateway) -> None:
    delete_from_gateway(gateway.address, "job", {"ü": "a"})
    assert gateway.got[0].path == "/metrics/job/job/%C3%BC/a"


def test_compressed_bodies_are_read_by_their_own_packages(gateway: Gateway, filled: CollectorRegistry) -> None:
    import snappy

    push_to_gateway(gateway.address, "job", filled, compression="gzip")
    push_to_gateway(gateway.address, "job", filled, compression="snappy")
    zipped, snapped = gateway.got
    assert (zipped.headers["content-encoding"], gzip.decompress(zipped.body)) == ("gzip", TEXT)
    assert (snapped.headers["content-encoding"], snappy.StreamDecompressor().decompress(snapped.body)) == (
        "snappy",
        TEXT,
    )


def test_an_unknown_compression_is_refused_before_anything_is_sent(gateway: Gateway, filled: CollectorRegistry) -> None:
    with pytest.raises(ValueError, match="Unsupported compression type: zstd"):
        push_to_gateway(gateway.address, "job", filled, compression="zstd")  # type: ignore[arg-type]
    assert gateway.got == []


def test_snappy_without_its_package_says_which(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway, filled: CollectorRegistry
) -> None:
    monkeypatch.setattr("tykmetrics.prometheus_client._push.snappy", None)
    with pytest.raises(RuntimeError, match="python-snappy"):
        push_to_gateway(gateway.address, "job", filled, compression="snappy")


def test_none_means_the_default_registry(gateway: Gateway) -> None:
    pushadd_to_gateway(gateway.address, "job", None)
    assert b"python_info{" in gateway.got[0].body


def test_an_error_of_the_gateway_is_an_error_of_the_push(gateway: Gateway, filled: CollectorRegistry) -> None:
    with pytest.raises(HTTPError, match="500") as raised:
        push_to_gateway(f"{gateway.address}/broken", "job", filled)
    raised.value.close()
    assert isinstance(raised.value, OSError)


def test_a_name_and_a_password_are_sent_and_do_not_change_the_callers_headers(gateway: Gateway) -> None:
    headers: list[tuple[str, str]] = [("Own", "header")]
    send = basic_auth_handler(f"http://{gateway.address}/", "PUT", 5, headers, b"data", "Ali", "open sesame")
    send()
    send()
    assert [got.headers["authorization"] for got in gateway.got] == ["Basic QWxpOm9wZW4gc2VzYW1l"] * 2
    assert gateway.got[0].headers["own"] == "header"
    assert headers == [("Own", "header")]


def test_a_redirect_is_followed_only_by_the_handler_that_says_so(gateway: Gateway, filled: CollectorRegistry) -> None:
    with pytest.raises(HTTPError, match="302") as raised:
        push_to_gateway(f"{gateway.address}/moved", "job", filled)
    raised.value.close()
    push_to_gateway(f"{gateway.address}/moved", "job", filled, handler=passthrough_redirect_handler)
    *_, first, second = gateway.got
    assert second.path == first.path.replace("/moved", "/new")
    assert (second.method, second.body) == (first.method, first.body) == ("PUT", TEXT)


def test_a_deletion_is_not_redirected(gateway: Gateway) -> None:
    with pytest.raises(HTTPError, match="302") as raised:
        delete_from_gateway(f"{gateway.address}/moved", "job", handler=passthrough_redirect_handler)
    raised.value.close()
    assert len(gateway.got) == 1


def test_a_push_over_tls_shows_the_clients_certificate_and_checks_the_servers(
    gateway: Gateway, filled: CollectorRegistry, tmp_path: Path
) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    certfile, keyfile, cafile, other = (str(tmp_path / name) for name in ("cert.pem", "key.pem", "ca.pem", "other.pem"))
    issued.private_key_pem.write_to_path(keyfile)
    issued.cert_chain_pems[0].write_to_path(certfile)
    authority.cert_pem.write_to_path(cafile)
    stranger.cert_pem.write_to_path(other)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=cafile)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certfile, keyfile)
    gateway.socket = context.wrap_socket(gateway.socket, server_side=True)
    handler: Callable[..., Any] = partial(tls_auth_handler, certfile=certfile, keyfile=keyfile)

    push_to_gateway(f"https://{gateway.address}", "job", filled, handler=partial(handler, cafile=cafile))
    assert gateway.got[0].body == TEXT
    push_to_gateway(f"https://{gateway.address}", "job", filled, handler=partial(handler, insecure_skip_verify=True))
    assert len(gateway.got) == 2
    with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
        push_to_gateway(f"https://{gateway.address}", "job", filled, handler=partial(handler, cafile=other))
    assert len(gateway.got) == 2


def test_the_address_of_this_host_is_a_grouping_key() -> None:
    assert instance_ip_grouping_key() == peer.instance_ip_grouping_key()

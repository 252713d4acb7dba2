"""The server on a thread, over real sockets: addresses, TLS, certificates of clients."""

from __future__ import annotations

import inspect
import socket
import ssl
import urllib.error
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from http_get import get

from tykmetrics.prometheus_client import CollectorRegistry, Gauge, start_http_server

Served = Callable[..., int]


class Certificates:
    """An authority, a server's certificate of it, and a client's."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.ca)
        self.server = self._issue(authority, folder, "server")
        self.client = self._issue(authority, folder, "client")

    @staticmethod
    def _issue(authority: trustme.CA, folder: Path, name: str) -> dict[str, str]:
        issued = authority.issue_cert("localhost", "127.0.0.1")
        files = {"certfile": str(folder / f"{name}.pem"), "keyfile": str(folder / f"{name}-key.pem")}
        issued.private_key_pem.write_to_path(files["keyfile"])
        with open(files["certfile"], "wb") as file:
            file.write(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        return files

    def context(self, *, with_client: bool = False) -> ssl.SSLContext:
        """Return what a client of the server uses."""
        context = ssl.create_default_context(cafile=self.ca)
        if with_client:
            context.load_cert_chain(**self.client)
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def filled(registry: CollectorRegistry) -> CollectorRegistry:
    Gauge("g", "help", registry=registry).set(1)
    return registry


def test_a_server_serves_its_registry(served: Served, filled: CollectorRegistry) -> None:
    status, headers, body = get(f"http://127.0.0.1:{served(registry=filled)}/metrics")
    assert (status, body) == (200, b"# HELP g help\n# TYPE g gauge\ng 1.0\n")
    assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_a_server_serves_over_ipv6(served: Served, filled: CollectorRegistry) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        # A machine without IPv6 says that it cannot, and does not serve anything else.
        with pytest.raises(OSError, match="."):
            served(addr="::1", registry=filled)
        return
    assert get(f"http://[::1]:{served(addr='::1', registry=filled)}/")[0] == 200


def test_the_default_address_is_that_of_prometheus_client() -> None:
    assert inspect.signature(start_http_server).parameters["addr"].default == "0.0.0.0"


def test_a_server_ends_and_frees_its_port(filled: CollectorRegistry) -> None:
    server, thread = start_http_server(0, "127.0.0.1", filled)
    assert thread.daemon
    server.shutdown()
    server.server_close()
    thread.join(30)
    assert not thread.is_alive()
    again, _ = start_http_server(server.server_address[1], "127.0.0.1", filled)
    again.shutdown()
    again.server_close()


def test_tls_is_spoken_with_a_certificate(
    served: Served, filled: CollectorRegistry, certificates: Certificates
) -> None:
    port = served(registry=filled, **certificates.server)
    assert get(f"https://localhost:{port}/", context=certificates.context())[2].endswith(b"g 1.0\n")
    with pytest.raises((urllib.error.URLError, OSError)):
        get(f"http://localhost:{port}/")
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        get(f"https://localhost:{port}/", context=ssl.create_default_context())


def test_clients_without_a_certificate_are_refused_when_one_is_required(
    served: Served, filled: CollectorRegistry, certificates: Certificates
) -> None:
    port = served(registry=filled, client_cafile=certificates.ca, client_auth_required=True, **certificates.server)
    assert get(f"https://localhost:{port}/", context=certificates.context(with_client=True))[0] == 200
    with pytest.raises((urllib.error.URLError, OSError)):
        get(f"https://localhost:{port}/", context=certificates.context())


def test_versions_of_tls_are_bounded(served: Served, filled: CollectorRegistry, certificates: Certificates) -> None:
    port = served(registry=filled, tls_min_version=ssl.TLSVersion.TLSv1_3, **certificates.server)
    old = certificates.context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((urllib.error.URLError, OSError)):
        get(f"https://localhost:{port}/", context=old)
    assert get(f"https://localhost:{port}/", context=certificates.context())[0] == 200


def test_a_missing_certificate_is_named_and_the_port_is_free_again(certificates: Certificates) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    missing = {**certificates.server, "certfile": "/nowhere/cert.pem"}
    with pytest.raises(FileNotFoundError, match="/nowhere/cert.pem"):
        start_http_server(port, "127.0.0.1", **missing)
    with pytest.raises(FileNotFoundError, match="/nowhere/ca.pem"):
        start_http_server(port, "127.0.0.1", client_cafile="/nowhere/ca.pem", **certificates.server)
    server, _ = start_http_server(port, "127.0.0.1")
    server.shutdown()
    server.server_close()

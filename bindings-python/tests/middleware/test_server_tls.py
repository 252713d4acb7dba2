"""`start_http_server` with certificates: who is let in, what is refused, and files that change."""

from __future__ import annotations

import datetime
import logging
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from servers import connect, exchange

from tykmetrics import Counter, Registry, start_http_server


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    Counter("seen", "What was seen", registry=registry).inc(7)
    return registry


class Papers:
    """Certificates of an authority: the server's and a client's, and those of a stranger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.issuer, stranger = trustme.CA(), trustme.CA()
        self.authority = folder / "ca.pem"
        self.issuer.cert_pem.write_to_path(self.authority)
        self.server = self.written(self.issuer.issue_cert("127.0.0.1"), "server")
        self.other = self.written(self.issuer.issue_cert("127.0.0.1"), "other")
        self.client = self.written(self.issuer.issue_cert("client@example.org"), "client")
        self.stranger = self.written(stranger.issue_cert("client@example.org"), "stranger")
        past = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
        self.expired = self.written(self.issuer.issue_cert("127.0.0.1", not_after=past), "expired")

    def written(self, cert: trustme.LeafCert, name: str) -> tuple[Path, Path]:
        certfile, keyfile = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certfile.write_bytes(b"".join(blob.bytes() for blob in cert.cert_chain_pems))
        keyfile.write_bytes(cert.private_key_pem.bytes())
        return certfile, keyfile

    def context(self, papers: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority))
        if papers is not None:
            context.load_cert_chain(*papers)
        return context


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(tmp_path)


def test_tls_and_nothing_else(registry: Registry, papers: Papers) -> None:
    certfile, keyfile = papers.server
    with start_http_server(0, registry=registry, certfile=certfile, keyfile=str(keyfile)) as handle:
        assert handle.url == f"https://127.0.0.1:{handle.port}"
        assert "seen_total 7" in httpx.get(handle.url + "/metrics", verify=papers.context()).text
        # Who does not speak TLS gets nothing, and one who stays silent disturbs nobody.
        try:
            answer = exchange(f"127.0.0.1:{handle.port}", b"GET /metrics HTTP/1.1\r\n\r\n")
        except ConnectionResetError:
            answer = b""
        assert not answer.startswith(b"HTTP")
        with connect(f"127.0.0.1:{handle.port}"):
            assert httpx.get(handle.url + "/metrics", verify=papers.context()).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(handle.url + "/metrics")


def test_clients_need_a_certificate_of_the_authority(registry: Registry, papers: Papers) -> None:
    certfile, keyfile = papers.server
    with start_http_server(
        0,
        registry=registry,
        certfile=certfile,
        keyfile=keyfile,
        client_cafile=papers.authority,
        client_auth_required=True,
    ) as handle:
        assert "seen_total 7" in httpx.get(handle.url + "/metrics", verify=papers.context(papers.client)).text
        for context in (papers.context(), papers.context(papers.stranger)):
            with pytest.raises(httpx.TransportError):
                httpx.get(handle.url + "/metrics", verify=context)


def test_a_client_with_a_certificate_may_reset(registry: Registry, papers: Papers) -> None:
    certfile, keyfile = papers.server
    with start_http_server(
        0, registry=registry, certfile=certfile, keyfile=keyfile, client_cafile=papers.authority, enable_reset=True
    ) as handle:
        context = papers.context(papers.client)
        assert httpx.post(handle.url + "/metrics/reset", verify=context).is_success
        assert "seen_total 0" in httpx.get(handle.url + "/metrics", verify=context).text


def test_files_that_change_are_in_force_and_told_of(
    registry: Registry, papers: Papers, caplog: pytest.LogCaptureFixture, eventually: Any
) -> None:
    caplog.set_level(logging.WARNING, "tykmetrics")
    certfile, keyfile = papers.server

    def serial() -> str:
        with (
            connect(f"127.0.0.1:{handle.port}") as connection,
            papers.context().wrap_socket(connection, server_hostname="127.0.0.1") as wrapped,
        ):
            found: Any = wrapped.getpeercert()
            return str(found["serialNumber"])

    with start_http_server(
        0, registry=registry, certfile=certfile, keyfile=keyfile, config={"tls.reload": "1s"}
    ) as handle:
        before = serial()
        papers.written(papers.issuer.issue_cert("127.0.0.1"), "server")
        eventually(lambda: serial() != before)
        eventually(lambda: any("certificates changed" in record.getMessage() for record in caplog.records))


def test_certificates_that_cannot_be_used_are_refused_by_name(registry: Registry, papers: Papers) -> None:
    nonsense = papers.folder / "nonsense.pem"
    nonsense.write_text("nothing")
    for certfile, keyfile, says in [
        (*papers.expired, r"expired\.pem"),
        (papers.server[0], papers.other[1], r"other\.key is not the key of"),
        (nonsense, papers.server[1], r"nonsense\.pem"),
        (papers.server[0], nonsense, r"nonsense\.pem"),
    ]:
        with pytest.raises(ssl.SSLError, match=says):
            start_http_server(0, registry=registry, certfile=certfile, keyfile=keyfile)
    certfile, keyfile = papers.server
    with pytest.raises(ssl.SSLError, match=r"nonsense\.pem"):
        start_http_server(0, registry=registry, certfile=certfile, keyfile=keyfile, client_cafile=nonsense)
    with pytest.raises(ValueError, match=r"tls\.client_ca"):
        start_http_server(0, registry=registry, client_cafile=papers.authority)
    with pytest.raises(FileNotFoundError, match=r"absent\.pem"):
        start_http_server(0, registry=registry, certfile=papers.folder / "absent.pem", keyfile=keyfile)


def test_curl_speaks_http_2_with_it(registry: Registry, papers: Papers) -> None:
    certfile, keyfile = papers.server
    with start_http_server(0, registry=registry, certfile=certfile, keyfile=keyfile) as handle:
        command = [
            "curl",
            "--silent",
            "--show-error",
            "--cacert",
            str(papers.authority),
            "--write-out",
            "%{http_version}",
        ]
        try:
            said = subprocess.run(
                [*command, handle.url + "/metrics"], capture_output=True, text=True, timeout=60, check=True
            ).stdout
        except FileNotFoundError:
            pytest.fail("curl is missing: apt-get install curl")
    assert "seen_total 7" in said
    assert said.endswith("\n2")

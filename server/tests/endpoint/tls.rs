//! Certificates: which are served, which are refused, and to whom.

use crate::support::certificates::Authority;
use crate::support::http::send;
use crate::support::*;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tykmetrics_server::config::{Config, Routes, Tls};
use tykmetrics_server::{Running, StartErrorCode as Code};

fn with(tls: Tls) -> Config {
    Config { tls, ..config() }
}

/// curl's answer to the metrics route: its status and HTTP version, or its own error.
pub(crate) fn curl(running: &Running, authority: &Path, more: &[&str]) -> Result<String, i32> {
    let url = format!("https://127.0.0.1:{}/metrics", port(running));
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code} %{http_version}", "--cacert"])
        .arg(authority)
        .args(more)
        .arg(url)
        .output()
        .expect("curl runs");
    match output.status.code() {
        Some(0) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        code => Err(code.unwrap_or(-1)),
    }
}

fn openssl(running: &Running, more: &[&str]) -> Output {
    let at = format!("127.0.0.1:{}", port(running));
    Command::new("openssl")
        .args(["s_client", "-connect", &at])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .expect("openssl runs")
}

#[test]
fn tls_is_spoken_in_versions_two_and_three_with_either_http() {
    let authority = Authority::new();
    let running = start(with(authority.tls()), registry());
    assert_eq!(running.url(), format!("https://127.0.0.1:{}", port(&running)));
    assert_eq!(curl(&running, &authority.file, &["--http2"]).as_deref(), Ok("200 2"));
    assert_eq!(curl(&running, &authority.file, &["--http1.1"]).as_deref(), Ok("200 1.1"));
    for (version, spoken) in [("-tls1_3", true), ("-tls1_2", true), ("-tls1_1", false), ("-tls1", false)] {
        // The older ones only at a security level that lets openssl try them at all.
        let output = openssl(
            &running,
            &[
                version,
                "-cipher",
                "ALL:@SECLEVEL=0",
                "-verify_return_error",
                "-CAfile",
                &authority.file.to_string_lossy(),
            ],
        );
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(!said.contains("Cipher is (NONE)"), spoken, "{version}: {said}");
        assert_eq!(output.status.success(), spoken, "{version}");
    }
    // Another authority's client, and one that speaks no TLS.
    assert!(matches!(curl(&running, &Authority::new().file, &[]), Err(35 | 60)), "a certificate that is not verified");
    let plain = send(&running, b"GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
    assert!(!plain.starts_with(b"HTTP"), "{plain:?}");
}

#[test]
fn a_large_scrape_is_the_same_over_either_http() {
    let authority = Authority::new();
    let registry = large(20_000);
    let running = start(with(authority.tls()), registry.clone());
    let url = format!("{}/metrics", running.url());
    for http in ["--http2", "--http1.1"] {
        for packed in ["--compressed", "--no-compressed"] {
            let output = Command::new("curl")
                .args(["-sS", "--max-time", "20", http, packed, &url, "--cacert"])
                .arg(&authority.file)
                .output()
                .expect("curl runs");
            assert!(output.stdout == registry.render(tykmetrics::Format::Text), "{http} {packed}");
        }
    }
}

#[test]
fn mutual_tls_lets_in_whom_the_authority_knows_and_may_reset() {
    let authority = Authority::new();
    let tls = Tls { client_ca: Some(authority.file.clone()), ..authority.tls() };
    let running = start(Config { routes: Routes { reset: true, ..Routes::default() }, ..with(tls) }, registry());
    let own =
        |(cert, key): (PathBuf, PathBuf)| (cert.to_string_lossy().into_owned(), key.to_string_lossy().into_owned());
    let (cert, key) = own(authority.issue("client", |_| {}));
    for http in ["--http2", "--http1.1"] {
        assert_eq!(
            curl(&running, &authority.file, &[http, "--cert", &cert, "--key", &key]).map(|s| s[..3].to_owned()),
            Ok("200".into())
        );
    }
    assert!(curl(&running, &authority.file, &[]).is_err(), "no certificate");
    let (cert, key) = own(Authority::new().issue("client", |_| {}));
    assert!(curl(&running, &authority.file, &["--cert", &cert, "--key", &key]).is_err(), "a stranger's certificate");
    let (cert, key) =
        own(authority.issue("late", |parameters| parameters.not_after = rcgen::date_time_ymd(2020, 1, 1)));
    assert!(curl(&running, &authority.file, &["--cert", &cert, "--key", &key]).is_err(), "an expired certificate");
    let refused = openssl(&running, &["-tls1_2", "-CAfile", &authority.file.to_string_lossy()]);
    assert!(!refused.status.success(), "no certificate, as openssl sees it");
}

#[test]
fn the_servers_own_page_may_reset_over_either_http_and_no_other() {
    let authority = Authority::new();
    let routes = Routes { reset: true, ..Routes::default() };
    let running = start(Config { routes, auth: secrets(), ..with(authority.tls()) }, registry());
    let url = format!("{}/metrics/reset", running.url());
    for http in ["--http2", "--http1.1"] {
        for (origin, expected) in [(running.url(), "200"), ("https://elsewhere", "403")] {
            let output = Command::new("curl")
                .args(["-sS", "--max-time", "20", http, "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", "-H"])
                .args([&format!("Origin: {origin}"), "-H", BASIC, &url, "--cacert"])
                .arg(&authority.file)
                .output()
                .expect("curl runs");
            assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{http} {origin}");
        }
    }
}

#[test]
fn what_cannot_be_served_is_refused_at_the_start_and_named() {
    let authority = Authority::new();
    let good = authority.tls();
    let folder = &authority.folder;
    let file = |name: &str, text: &str| Some(folder.write(name, text));
    let (late, late_key) =
        authority.issue("late", |parameters| parameters.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let (early, early_key) = authority.issue("early", |parameters| {
        parameters.not_before = rcgen::date_time_ymd(4000, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(4001, 1, 1);
    });
    let (other, other_key) = authority.issue("other", |_| {});
    let pem = std::fs::read_to_string(&other).expect("it is there");
    let cut = pem.replace("-----END CERTIFICATE-----", "");
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let missing = Some(folder.path("missing.pem"));
    let pair = |cert: &Path, key: &Path| Tls { cert: Some(cert.into()), key: Some(key.into()), ..Tls::default() };
    let cases = [
        (Tls { required: true, ..Tls::default() }, Code::TlsRequired, "tls.cert"),
        (Tls { key: None, ..good.clone() }, Code::InvalidConfig, "tls.key"),
        (Tls { cert: None, ..good.clone() }, Code::InvalidConfig, "tls.cert"),
        (Tls { client_ca: good.cert.clone(), ..Tls::default() }, Code::InvalidConfig, "tls.client_ca"),
        (Tls { cert: missing.clone(), ..good.clone() }, Code::Unreadable, "missing.pem"),
        (Tls { key: missing.clone(), ..good.clone() }, Code::Unreadable, "missing.pem"),
        (Tls { client_ca: missing, ..good.clone() }, Code::Unreadable, "missing.pem"),
        (Tls { cert: file("empty.pem", ""), ..good.clone() }, Code::InvalidCertificate, "empty.pem"),
        (Tls { cert: file("cut.pem", &cut), ..good.clone() }, Code::InvalidCertificate, "cut.pem"),
        (Tls { cert: file("nonsense.pem", nonsense), ..good.clone() }, Code::InvalidCertificate, "nonsense.pem"),
        (Tls { key: Some(other.clone()), ..good.clone() }, Code::InvalidCertificate, "no private key"),
        (Tls { key: file("encrypted.key", encrypted), ..good.clone() }, Code::InvalidCertificate, "decrypted"),
        (Tls { client_ca: file("none.pem", "text"), ..good.clone() }, Code::InvalidCertificate, "none.pem"),
        (
            Tls { client_ca: file("ca-nonsense.pem", nonsense), ..good.clone() },
            Code::InvalidCertificate,
            "ca-nonsense.pem",
        ),
        (Tls { key: Some(other_key), ..good.clone() }, Code::KeyMismatch, "server.pem"),
        (pair(&late, &late_key), Code::Expired, "late.pem has expired"),
        (pair(&early, &early_key), Code::Expired, "early.pem is valid only in"),
    ];
    for (tls, code, says) in cases {
        let error = tykmetrics_server::start(with(tls), registry()).expect_err(says);
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(says), "{error}");
    }
}

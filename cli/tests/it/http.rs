//! Asking servers: ours in each of its guises, and others that behave badly.

use crate::support::{Folder, run, text};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};
use tykmetrics::Registry;
use tykmetrics_server::config::{Auth, Config, Listen, Tls};
use tykmetrics_server::{Running, start};

fn serve(config: Config) -> Running {
    let registry = Registry::new();
    registry.counter("requests_total", "Requests").register().unwrap().inc();
    start(config, registry).unwrap()
}

fn loopback() -> Config {
    Config { listen: Listen::Tcp("127.0.0.1".into(), 0), ..Config::default() }
}

/// The status of a check of this URL, and all that it said.
fn check(url: &str, arguments: &[&str]) -> (i32, String) {
    let arguments: Vec<&str> = ["check", url].iter().chain(arguments).copied().collect();
    let output = run(&arguments, b"");
    (output.status.code().unwrap(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

#[test]
fn a_server_is_asked_over_tcp_and_over_a_socket() {
    let running = serve(loopback());
    let (status, said) = check(running.url(), &["--strict"]);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("OpenMetrics 1.0, 1 family, 1 sample: valid"), "{said}");
    let folder = Folder::new("socket");
    let path = folder.path("m.sock");
    let running = serve(Config { listen: Listen::Unix(path.into()), ..Config::default() });
    let (status, said) = check(running.url(), &["--strict"]);
    assert_eq!(status, 0, "{said}");
    // The path may follow the socket's.
    let (status, said) = check(&format!("{}:/metrics/json", running.url()), &[]);
    assert!(status == 0 && said.contains("JSON, 1 family"), "{said}");
}

#[test]
fn who_asks_is_told_by_a_token_or_a_name() {
    let auth = Auth { basic: Some(("me".into(), "secret".into())), bearer: Some("t0ken".into()) };
    let running = serve(Config { auth, ..loopback() });
    let folder = Folder::new("secrets");
    let file = format!("@{}", folder.write("token", "t0ken\n"));
    for arguments in [
        &["--bearer", "t0ken"],
        &["--bearer", &file],
        &["--basic", "me:secret"],
        &["-H", "Authorization: Bearer t0ken"],
    ] {
        let (status, said) = check(running.url(), arguments);
        assert_eq!(status, 0, "{arguments:?}: {said}");
    }
    for arguments in [&[][..], &["--bearer", "other"], &["--basic", "me:other"]] {
        let (status, said) = check(running.url(), arguments);
        assert_eq!(status, 2, "{arguments:?}: {said}");
        assert!(said.contains("401") && said.contains("--bearer"), "{said}");
    }
    for arguments in [
        &["--basic", "me"][..],
        &["--bearer", "@/nowhere"],
        &["-H", "x"],
        &["--bearer", "a\nb"],
        &["--bearer", "a", "--basic", "b:c"],
    ] {
        let (status, said) = check(running.url(), arguments);
        assert_eq!(status, 2, "{arguments:?}: {said}");
    }
}

#[test]
fn servers_are_trusted_by_their_authority_and_trust_us_by_ours() {
    let folder = Folder::new("tls");
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let issue = |name: &str, file: &str| {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        (
            folder.write(&format!("{file}.pem"), &certificate.pem()),
            folder.write(&format!("{file}.key"), &key.serialize_pem()),
        )
    };
    let ca = folder.write("ca.pem", &authority.pem());
    let (cert, key) = issue("localhost", "server");
    let (ours, our_key) = issue("client", "client");
    let tls = Tls { cert: Some(cert.into()), key: Some(key.into()), reload: Duration::from_secs(10), ..Tls::default() };
    let listen = Listen::Tcp("localhost".into(), 0);
    let running = serve(Config { tls: tls.clone(), listen: listen.clone(), ..Config::default() });
    let url = running.url();
    assert!(url.starts_with("https://localhost:"), "{url}");
    let (status, said) = check(url, &["--ca", &ca]);
    assert_eq!(status, 0, "{said}");
    let (status, said) = check(url, &[]);
    assert!(status == 2 && said.contains("--ca"), "{said}");
    // Another name than the certificate's.
    let (status, said) = check(&url.replace("localhost", "127.0.0.1"), &["--ca", &ca]);
    assert_eq!(status, 2, "{said}");
    let (status, said) = check(&url.replace("https", "http"), &[]);
    assert_eq!(status, 2, "{said}");
    let (status, said) = check(url, &["--ca", &our_key]);
    assert!(status == 2 && said.contains("holds no certificates"), "{said}");

    let tls = Tls { client_ca: Some(ca.clone().into()), ..tls };
    let running = serve(Config { tls, listen, ..Config::default() });
    let (status, said) = check(running.url(), &["--ca", &ca, "--cert", &ours, "--key", &our_key]);
    assert_eq!(status, 0, "{said}");
    let (status, said) = check(running.url(), &["--ca", &ca]);
    assert!(status == 2 && said.contains("--cert"), "{said}");
    assert_eq!(check(running.url(), &["--cert", &ours]).0, 2);
}

/// Answers each connection with these bytes, the first with the first; and says what it was asked.
fn answers(answers: Vec<Vec<u8>>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                request.push(byte[0]);
            }
            asked.push(String::from_utf8(request).unwrap().to_lowercase());
            // A client that has enough may go before the end.
            let _ = stream.write_all(&answer);
        }
        asked
    });
    (url, thread)
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[test]
fn what_is_no_exposition_is_invalid_and_what_is_no_answer_is_none() {
    let cases: [(Vec<u8>, i32, &str); 7] = [
        (answer("200 OK\r\nContent-Type: text/html", b"<html>"), 1, "an HTML page"),
        (answer("200 OK\r\nContent-Type: text/plain; version=0.0.4", b"a b\n"), 1, ":1:3: error[format]"),
        (answer("404 Not Found", b"\x1b[31mno"), 2, "another path"),
        (answer("500 Oops", b"broken"), 2, "broken"),
        (answer("200 OK", &[b'a'; 2000]), 2, "--max-size"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\na 1\n".to_vec(), 2, "broke off"),
        (b"SSH-2.0-x\r\n\r\n".to_vec(), 2, "as HTTP does"),
    ];
    for (answer, status, wanted) in cases {
        let (url, thread) = answers(vec![answer]);
        let (got, said) = check(&url, &["--max-size", "1000"]);
        assert_eq!(got, status, "{said}");
        assert!(said.contains(wanted), "{wanted}: {said}");
        assert!(!said.contains('\x1b'), "{said:?}");
        thread.join().unwrap();
    }
}

#[test]
fn a_packed_answer_is_unpacked_within_the_bound() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"# HELP a h\na 1\n").unwrap();
    let body = packed.finish().unwrap();
    let (url, thread) = answers(vec![answer("200 OK\r\nContent-Encoding: gzip", &body)]);
    let (status, said) = check(&url, &["--strict"]);
    assert_eq!(status, 0, "{said}");
    assert!(thread.join().unwrap()[0].contains("accept-encoding: gzip"));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&vec![b'\n'; 1 << 20]).unwrap();
    let (url, thread) = answers(vec![answer("200 OK\r\nContent-Encoding: gzip", &packed.finish().unwrap())]);
    assert_eq!(check(&url, &["--max-size", "100KiB"]).0, 2);
    thread.join().unwrap();
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let begun = Instant::now();
    let (status, said) = check(&url, &["--timeout", "200ms"]);
    assert!(status == 2 && said.contains("did not answer within 200ms"), "{said}");
    assert!(begun.elapsed() >= Duration::from_millis(200));
    drop(listener);
    let (status, said) = check(&url, &[]);
    assert!(status == 2 && said.contains("cannot be reached"), "{said}");
}

#[test]
fn a_redirect_is_followed_within_its_origin_and_a_secret_goes_nowhere_else() {
    let good = answer("200 OK\r\nContent-Type: text/plain; version=0.0.4", b"a 1\n");
    let (url, thread) = answers(vec![answer("302 Found\r\nLocation: /other", b""), good]);
    assert_eq!(check(&url, &["--bearer", "t0ken"]).0, 0);
    let asked = thread.join().unwrap();
    assert!(asked[1].starts_with("get /other ") && asked[1].contains("t0ken"), "{asked:?}");
    let (url, thread) = answers(vec![answer("302 Found\r\nLocation: http://localhost:1/", b"")]);
    let (status, said) = check(&url, &["--bearer", "t0ken"]);
    assert!(status == 2 && said.contains("leads to http://localhost:1/"), "{said}");
    thread.join().unwrap();
    let (url, thread) = answers(vec![answer("302 Found\r\nLocation: /", b""); 4]);
    assert_eq!(check(&url, &[]).0, 2);
    thread.join().unwrap();
}

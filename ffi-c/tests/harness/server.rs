//! The HTTP example in C, from outside: a socket, its answers, its limits, its end.

use super::kit::{output, prefix, root, said, scratch};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a client waits before the test is said to hang: longer than the server's own limits.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server, built by its own Makefile.
fn built() -> PathBuf {
    static BUILT: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let build = || {
        let into = scratch("c-server");
        let mut make = Command::new("make");
        make.arg("-B").arg("-C").arg(root().join("examples/c-server"));
        make.arg(format!("PREFIX={}", prefix().display())).arg(format!("BUILD={}", into.display()));
        make.env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
        let output = output(&mut make);
        assert!(output.status.success(), "{}", said(&make, &output));
        into.join("serve")
    };
    BUILT.get_or_init(build).clone()
}

/// A server that is running; it is ended with the test.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Server {
        let mut child =
            Command::new(built()).args(["--port", "0"]).stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut line).expect("the server says where it listens");
        child.stdout = Some(stdout.into_inner());
        let address = line.trim().strip_prefix("http://").and_then(|rest| rest.strip_suffix("/metrics"));
        let address = address.unwrap_or_else(|| panic!("it said {line:?}")).to_owned();
        Server { child, address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit is set");
        stream
    }

    /// The answer to these bytes.
    fn answer(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request).expect("the server reads");
        Answer::read(stream)
    }

    fn get(&self, headers: &str) -> Answer {
        self.answer(format!("GET /metrics HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes())
    }

    /// Sends a signal to the server alone.
    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(status.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    status: String,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn read(mut stream: TcpStream) -> Answer {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("an answer, and the end of the connection");
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head ends");
        let head = String::from_utf8(bytes[..end + 2].to_vec()).expect("a head is text");
        let status = head.lines().next().unwrap_or("").to_owned();
        Answer { status, head, body: bytes[end + 4..].to_vec() }
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    fn succeeded(self) -> Answer {
        assert_eq!(self.status, "HTTP/1.1 200 OK", "{}", self.head);
        assert_eq!(self.field("Connection"), Some("close"));
        self
    }
}

/// What a tool makes of a body on its standard input.
fn piped(mut command: Command, body: &[u8]) -> Vec<u8> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.as_mut().unwrap_or_else(|error| panic!("{command:?}: {error}: run `make tools`"));
    let mut stdin = child.stdin.take().expect("piped");
    // Written beside, since the tool may write before it has read everything.
    let body = body.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&body));
    let (mut out, mut err) = (Vec::new(), String::new());
    child.stdout.take().expect("piped").read_to_end(&mut out).expect("the tool writes");
    child.stderr.take().expect("piped").read_to_string(&mut err).expect("the tool writes text");
    writer.join().expect("a writer").expect("the tool reads");
    assert!(child.wait().expect("the tool ends").success(), "{command:?}: {err}");
    out
}

#[test]
fn what_it_serves_is_what_the_reference_checker_takes() {
    let server = Server::start();
    server.get("").succeeded();
    let answer = server.get("").succeeded();
    assert_eq!(answer.field("Content-Type").map(|is| is.starts_with("text/plain; version=0.0.4")), Some(true));
    assert_eq!(answer.field("Content-Length"), Some(answer.body.len().to_string().as_str()));
    assert_eq!(answer.field("Content-Encoding"), None);
    assert!(answer.text().contains("server_requests_total{method=\"GET\",status=\"200\"} 1\n"), "{}", answer.text());
    assert!(answer.text().contains("server_requests_in_flight 1\n"), "{}", answer.text());
    assert!(answer.text().contains("process_cpu_seconds_total "), "{}", answer.text());
    let promtool = root().join(".tools/prometheus/usr/bin/promtool");
    assert!(promtool.exists(), "{} is missing: run `make tools`", promtool.display());
    let mut check = Command::new(promtool);
    check.args(["check", "metrics"]);
    piped(check, &answer.body);
}

#[test]
fn it_gives_each_client_what_it_accepts() {
    let server = Server::start();
    let openmetrics =
        server.get("accept: application/openmetrics-text;version=1.0.0, text/plain;q=0.5\r\n").succeeded();
    assert!(openmetrics.field("Content-Type").is_some_and(|is| is.starts_with("application/openmetrics-text")));
    assert!(openmetrics.text().ends_with("# EOF\n"));
    // A list may come in several fields.
    let split = server.get("Accept: text/plain;q=0.1\r\nAccept: application/json\r\n").succeeded();
    assert_eq!(split.field("Content-Type").map(|is| is.starts_with("application/json")), Some(true), "{}", split.head);
    let packed = server.get("Accept-Encoding: gzip\r\n").succeeded();
    assert_eq!(packed.field("Content-Encoding"), Some("gzip"));
    assert_eq!(packed.field("Vary"), Some("Accept, Accept-Encoding"));
    let mut gunzip = Command::new("gzip");
    gunzip.arg("-dc");
    let text = String::from_utf8(piped(gunzip, &packed.body)).expect("text");
    assert!(text.contains("server_requests_total{method=\"GET\",status=\"200\"} 2\n"), "{text}");
    let zstd = server.get("Accept-Encoding: zstd\r\n").succeeded();
    assert_eq!(zstd.field("Content-Encoding"), Some("zstd"));
    // RFC 8878, 3.1.1: the magic number of a frame, little-endian.
    assert_eq!(zstd.body[..4], 0xfd2f_b528_u32.to_le_bytes());
}

#[test]
fn head_is_an_answer_without_a_body() {
    let server = Server::start();
    let answer = server.answer(b"HEAD /metrics?x=1 HTTP/1.1\r\n\r\n").succeeded();
    assert!(answer.body.is_empty());
    assert!(answer.field("Content-Length").is_some_and(|length| length != "0"), "{}", answer.head);
}

#[test]
fn what_it_cannot_serve_has_a_status() {
    let server = Server::start();
    let long = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    let accept = format!("GET /metrics HTTP/1.1\r\nAccept: {}\r\n\r\n", "x".repeat(2_000));
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found"),
        ("GET /metricsx HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found"),
        ("POST /metrics HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 405 Method Not Allowed"),
        ("nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        ("GET metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        ("GET /metrics HTTP/1.1\r\nno colon\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        ("GET /metrics\0 HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        ("GET /metrics HTTP/2.0\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported"),
        (&long, "HTTP/1.1 431 Request Header Fields Too Large"),
        (&accept, "HTTP/1.1 431 Request Header Fields Too Large"),
    ] {
        let answer = server.answer(request.as_bytes());
        assert_eq!(answer.status, status, "{:.60}", request);
    }
    let counted = server.get("").succeeded();
    assert!(
        counted.text().contains("server_requests_total{method=\"other\",status=\"405\"} 1\n"),
        "{}",
        counted.text()
    );
    assert!(counted.text().contains("server_requests_total{method=\"GET\",status=\"404\"} 2\n"), "{}", counted.text());
}

#[test]
fn a_client_that_says_nothing_keeps_nobody_waiting() {
    let server = Server::start();
    let mut silent = server.connect();
    silent.write_all(b"GET /metrics HT").expect("the server reads");
    for _ in 0..20 {
        server.get("").succeeded();
    }
    assert_eq!(Answer::read(silent).status, "HTTP/1.1 408 Request Timeout");
    // One that is gone is no request.
    drop(server.connect());
    let counted = server.get("").succeeded();
    assert!(counted.text().contains("server_requests_total{method=\"GET\",status=\"200\"} 20\n"), "{}", counted.text());
}

#[test]
fn many_clients_at_once_are_all_answered_and_counted() {
    let server = Server::start();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..50).for_each(|_| drop(server.get("").succeeded())));
        }
    });
    let counted = server.get("").succeeded();
    assert!(
        counted.text().contains("server_requests_total{method=\"GET\",status=\"200\"} 200\n"),
        "{}",
        counted.text()
    );
    assert!(counted.text().contains("server_requests_in_flight 1\n"), "{}", counted.text());
}

#[test]
fn it_ends_when_it_is_asked_to_and_answers_first() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start();
        let mut begun = server.connect();
        begun.write_all(b"GET /metrics HTTP/1.1\r\n").expect("the server reads");
        // Its thread is there once a later client is answered: connections are taken in their order.
        server.get("").succeeded();
        server.signal(signal);
        begun.write_all(b"\r\n").expect("the server reads");
        begun.shutdown(Shutdown::Write).expect("no more is sent");
        Answer::read(begun).succeeded();
        assert!(server.child.wait().expect("it ends").success(), "{signal}");
        let mut rest = String::new();
        server.child.stdout.take().expect("piped").read_to_string(&mut rest).expect("it prints text");
        assert_eq!(rest, "ended\n");
    }
}

#[test]
fn arguments_that_it_does_not_understand_are_refused() {
    for arguments in [&["--port"][..], &["--port", "x"], &["--port", "65536"], &["--port", ""], &["9090"]] {
        let output = output(Command::new(built()).args(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("usage: "), "{arguments:?}");
    }
}

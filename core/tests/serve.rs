//! The example that serves a socket, asked as clients ask.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn get(address: &str, headers: &str) -> (String, Vec<u8>) {
    let mut socket = TcpStream::connect(address).expect("it listens");
    write!(socket, "GET /metrics HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n").expect("it reads");
    let mut all = Vec::new();
    socket.read_to_end(&mut all).expect("it answers");
    let end = all.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    (String::from_utf8_lossy(&all[..end]).into_owned(), all[end + 4..].to_vec())
}

#[test]
fn the_example_answers_in_the_format_and_the_packing_that_are_asked_for() {
    let build = Command::new(env!("CARGO")).args(["build", "-p", "tykmetrics", "--example", "serve"]).status();
    assert!(build.expect("cargo").success());
    let mut program = std::env::current_exe().expect("this test");
    program.pop();
    program.pop();
    let mut child = Command::new(program.join("examples/serve"))
        .args(["--requests", "4"])
        .stdout(Stdio::piped())
        .spawn()
        .map(Ended)
        .expect("the example runs");
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let address = line.trim().strip_prefix("http://").and_then(|l| l.strip_suffix("/metrics")).expect("an address");

    let (head, body) = get(address, "");
    assert!(head.contains("text/plain; version=0.0.4") && !head.contains("Content-Encoding"), "{head}");
    assert!(String::from_utf8_lossy(&body).contains("\nscrapes_total 1\n"));
    let (head, body) = get(address, "Accept: application/openmetrics-text;version=1.0.0\r\n");
    assert!(head.contains("application/openmetrics-text; version=1.0.0"), "{head}");
    assert!(body.ends_with(b"# EOF\n"));
    #[cfg(feature = "gzip")]
    {
        let (head, body) = get(address, "Accept-Encoding: gzip\r\n");
        assert!(head.contains("Content-Encoding: gzip"), "{head}");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).expect("gzip");
        assert!(text.contains("\nscrapes_total 3\n") && text.contains("process_resident_memory_bytes"));
    }
    // A client that says nothing and goes away is no reason to end.
    drop(TcpStream::connect(address).expect("it listens"));
}

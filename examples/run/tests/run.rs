//! The program from outside, with the gateway in Rust: it agrees, it tells what does not, and it leaves nothing behind.
//! The gateways in other languages are run by `make test-run`.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

const RUST: &str = env!("CARGO_BIN_EXE_gateway-rust");
/// Far above what anything here takes.
const LONG: Duration = Duration::from_secs(30);

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_run-gateways"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> Output {
    program(arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the output is UTF-8")
}

/// The program under way, with one gateway in Rust, and where that serves.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
    application: SocketAddr,
    endpoint: SocketAddr,
}

impl Running {
    fn start(arguments: &[&str]) -> Running {
        let mut child = program(&[arguments, &["--rust", RUST]].concat()).spawn().expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut running = Running { child, output, application: nowhere, endpoint: nowhere };
        let line = running.until("  rust ");
        let address = |before: &str| {
            let rest = line.split_once(before).expect("an address").1.trim_start_matches("http://");
            rest[..rest.find('/').expect("its end")].parse().expect("an address")
        };
        (running.application, running.endpoint) = (address("gateway "), address("page "));
        running
    }

    /// Waits for a line that has this.
    fn until(&mut self, part: &str) -> String {
        let mut line = String::new();
        while !line.contains(part) {
            line.clear();
            assert!(self.output.read_line(&mut line).expect("a line") > 0, "no line has {part}");
        }
        line
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is there");
    }

    /// Its exit code, the rest of its output, and its errors.
    fn end(&mut self) -> (Option<i32>, String, String) {
        let (mut output, mut errors) = (String::new(), String::new());
        self.output.read_to_string(&mut output).expect("its output");
        self.child.stderr.take().expect("its errors").read_to_string(&mut errors).expect("its errors");
        (self.child.wait().expect("it ends").code(), output, errors)
    }

    /// Waits until nobody listens where the gateway did.
    fn assert_gone(&self) {
        let until = Instant::now() + LONG;
        for address in [self.application, self.endpoint] {
            while TcpStream::connect(address).is_ok() {
                assert!(Instant::now() < until, "{address} is still served");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// A test that failed leaves nothing behind either.
impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn ask(address: SocketAddr, target: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    stream.set_read_timeout(Some(LONG)).expect("a socket");
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// A script that is started in a gateway's place.
struct Script(PathBuf);

impl Script {
    fn new(name: &str, lines: &str) -> Script {
        let file = std::env::temp_dir().join(format!("tykmetrics-run-{}-{name}.sh", std::process::id()));
        std::fs::write(&file, lines).expect("a script");
        Script(file)
    }

    fn command(&self) -> String {
        format!("sh {}", self.0.display())
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn what_was_sent_is_what_the_metrics_say() {
    let mut running = Running::start(&["--seconds", "2"]);
    assert!(ask(running.endpoint, "/").contains("<html"), "the page is there");
    assert!(ask(running.endpoint, "/metrics").contains("process_cpu_seconds_total"));
    let (code, output, errors) = running.end();
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{output}");
    let numbers = |line: &str, skip| line.split_whitespace().skip(skip).map(str::to_owned).collect::<Vec<_>>();
    let load = output.lines().find(|line| line.starts_with("rust ") && line.contains(" load ")).expect("a row");
    let metrics = output.lines().find(|line| line.trim_start().starts_with("/metrics")).expect("a row");
    let sent = numbers(load, 2);
    assert_eq!(sent.len(), 8, "requests, five statuses, errors, upstream: {load}");
    assert!(!sent.contains(&"0".to_owned()), "each kind was sent: {load}");
    assert_eq!(numbers(metrics, 1)[..sent.len()], sent);
    assert!(metrics.contains("   equal, "), "{metrics}");
    assert!(output.contains("   1 s  rust "), "totals while it runs: {output}");
    assert!(!output.contains('\x1b'), "a file is not a terminal");
    running.assert_gone();
}

#[test]
fn a_request_that_the_load_generator_did_not_send_is_a_difference_with_a_name() {
    let mut running = Running::start(&["--seconds", "2"]);
    running.until("   1 s  rust ");
    assert!(ask(running.application, "/api/models").starts_with("HTTP/1.1 200 "));
    let (code, output, errors) = running.end();
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains("NOT equal"), "{output}");
    for series in [
        r#"rust: http_requests_total{endpoint="/api/models",method="GET"} is "#,
        r#"rust: http_response_status_total{endpoint="/api/models",status="200"} is "#,
    ] {
        assert!(errors.contains(series), "{errors}");
    }
    assert!(!errors.contains("/v1/"), "what is equal is not named: {errors}");
    running.assert_gone();
}

#[test]
fn a_gateway_that_ends_by_itself_is_told_of_with_what_it_said() {
    let dies = Script::new("dies", "echo the disk is full >&2\nexit 3\n");
    let output = run(&["--seconds", "600", "--rust", RUST, "--go", &dies.command()]);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(
        errors.contains("go: the gateway ended by itself, exit status: 3; it said:\n    the disk is full"),
        "{errors}"
    );

    let later = format!("timeout 1 {RUST} \"$@\" <&0\necho enough >&2\n");
    let later = Script::new("later", &later);
    let output = run(&["--seconds", "600", "--rust", &later.command()]);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("rust: the gateway ended by itself") && errors.contains("\n    enough"), "{errors}");
}

#[test]
fn a_command_that_does_not_start_is_named() {
    let output = run(&["--node", "/nowhere/node gateway.mjs"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("node: /nowhere/node does not start: "), "{}", text(&output.stderr));
}

#[test]
fn an_endpoint_is_at_the_port_that_was_asked_for_or_it_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its number").port();
    let output = run(&["--port", &port.to_string(), "--rust", RUST]);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.contains("it said:\n") && errors.contains(&port.to_string()), "{errors}");
    drop(taken);
    let mut running = Running::start(&["--seconds", "1", "--port", &port.to_string()]);
    assert_eq!(running.endpoint.port(), port);
    assert_eq!(running.end().0, Some(0));
}

#[test]
fn an_interrupt_ends_the_load_and_the_comparison_is_made() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut running = Running::start(&["--seconds", "600"]);
        running.until("   1 s  rust ");
        running.signal(signal);
        let (code, output, errors) = running.end();
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{output}");
        assert!(output.contains("   equal, "), "{output}");
        running.assert_gone();
    }
}

#[test]
fn gateways_end_even_if_the_program_was_killed() {
    let mut running = Running::start(&["--seconds", "600"]);
    running.signal(Signal::KILL);
    assert_eq!(running.child.wait().expect("it ends").code(), None);
    running.assert_gone();
}

#[test]
fn a_reader_that_leaves_is_not_a_failure() {
    let mut child = program(&["--seconds", "1", "--rust", RUST]).spawn().expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends by itself");
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}

#[test]
fn arguments_it_cannot_use_are_named_and_end_it_with_2() {
    let cases: [(&[&str], &str); 7] = [
        (&[], "there is no gateway to start"),
        (&["--seconds"], "--seconds needs a value"),
        (&["--seconds", "0", "--rust", "x"], "--seconds takes a whole number from 1 to 3600, not \"0\""),
        (&["--port", "65533", "--rust", "x"], "--port takes a whole number from 0 to 65532, not \"65533\""),
        (&["--seed", "-1", "--rust", "x"], "not \"-1\""),
        (&["--cobol", "x"], "\"--cobol\" is no option"),
        (&["rust", "x"], "\"rust\" is no option"),
    ];
    for (arguments, expected) in cases {
        let output = run(arguments);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(expected), "{errors}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_help_names_every_option() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for option in ["--seconds", "--port", "--seed", "--go", "--python", "--node", "--rust", "Ctrl-C"] {
        assert!(help.contains(option), "{option}");
    }
}

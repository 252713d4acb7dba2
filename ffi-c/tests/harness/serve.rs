//! `tyk_serve` from outside: the program `ffi-c/tests/c/serve.c`, plain and under what finds wrong accesses and leaks, and
//! curl as its client.

use super::kit::{ADDRESS, Link, Program, output, program, root, run, run_failing, said, valgrind};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

#[test]
fn a_server_starts_serves_and_ends() {
    for (name, link) in [("serve", Link::Shared), ("serve-static", Link::Static)] {
        let built = Program::c("serve").called(name).link(link).build();
        assert_eq!(run(&mut program(&built)), "served\n");
    }
}

#[test]
fn a_server_leaks_nothing_and_touches_nothing_that_is_not_its_own() {
    let built = |name: &str| Program::c("serve").called(name);
    assert_eq!(run(&mut program(&built("serve-asan").flags(ADDRESS).build())), "served\n");
    assert_eq!(run(&mut valgrind(&built("serve-valgrind").build())), "served\n");
}

/// A program that serves; it is ended with the test.
struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn start(name: &str, settings: &str) -> Serving {
        let built = Program::c("serve").called(name).build();
        let mut command = program(&built);
        let child = command.arg(settings).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("the program starts");
        let mut url = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut url).expect("it says where it listens");
        Serving { child, url: url.trim().to_owned() }
    }

    /// What curl says to a path, the status behind it.
    fn curl(&self, arguments: &[&str], path: &str) -> String {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--max-time", "30", "--write-out", "%{http_code}"]);
        command.args(arguments).arg(format!("{}{path}", self.url));
        let output = output(&mut command);
        assert!(output.status.success(), "{}", said(&command, &output));
        String::from_utf8(output.stdout).expect("text")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // The end of its input is its end.
        drop(self.child.stdin.take());
        let ended = self.child.wait();
        assert!(std::thread::panicking() || ended.is_ok_and(|status| status.success()), "the program ended badly");
    }
}

#[test]
fn curl_is_served_by_what_the_settings_say() {
    let serving = Serving::start(
        "serve-curl",
        r#"{"listen": "127.0.0.1:0", "auth.basic_name": "prometheus", "auth.basic_password": "s3cret", "routes.reset": true}"#,
    );
    assert!(serving.curl(&[], "/metrics").ends_with("401"));
    assert!(serving.curl(&["--user", "prometheus:wrong"], "/metrics").ends_with("401"));
    assert_eq!(serving.curl(&[], "/healthz").trim_start_matches("OK").trim(), "200");
    let user = ["--user", "prometheus:s3cret"];
    let text = serving.curl(&user, "/metrics");
    assert!(text.contains("\nserved_total 3\n") && text.contains("\ncollected 7\n"), "{text}");
    let accept = ["--header", "Accept: application/openmetrics-text; version=1.0.0", "--compressed"];
    let text = serving.curl(&[&user[..], &accept].concat(), "/metrics");
    assert!(text.contains("\nserved_total 3.0\n") || text.contains("\nserved_total 3\n"), "{text}");
    assert!(text.ends_with("# EOF\n200"), "{text}");
    let reset = serving.curl(&[&user[..], &["--request", "POST"]].concat(), "/metrics/reset");
    assert!(reset.ends_with("200") || reset.ends_with("204"), "{reset}");
    assert!(serving.curl(&user, "/metrics").contains("\nserved_total 0\n"));
}

#[test]
fn the_example_serves_until_it_is_told_to_end_or_says_why_not() {
    let source = root().join("examples/c-serve/serve.c");
    let built = Program::c("c-serve").sources([source]).build();
    let mut command = Command::new(&built);
    command.env("TYKMETRICS_LISTEN", "127.0.0.1:0").stdout(Stdio::piped());
    let mut child = command.spawn().expect("the example starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut url = String::new();
    stdout.read_line(&mut url).expect("it says where it listens");
    let mut curl = Command::new("curl");
    let text = run(curl.args(["--silent", "--show-error", "--max-time", "30", url.trim()]));
    assert!(text.contains("\nexample_starts_total 1\n") && text.contains("\nprocess_cpu_seconds_total "), "{text}");
    run(Command::new("kill").args(["-TERM", &child.id().to_string()]));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("it prints text");
    assert!(child.wait().expect("it ends").success() && rest == "ended\n", "{rest}");
    let refused = run_failing(program(&built).env("TYKMETRICS_ENABLED", "false"));
    assert!(refused.starts_with("disabled: "), "{refused}");
}

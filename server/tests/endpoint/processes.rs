//! What a server is to its process: threads that come and go, nothing when idle, forks.

use crate::support::http::get;
use crate::support::*;
use std::time::{Duration, Instant};

/// The server's threads: their numbers, names and how often each has waited.
fn threads() -> Vec<(String, String, u64)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc/self/task").expect("Linux tells").flatten() {
        let status = std::fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let field = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .map(|value| value.trim().to_owned())
                .unwrap_or_default()
        };
        let name = field("Name:");
        if name.starts_with("tykmetrics-") {
            let waits = field("voluntary_ctxt_switches:").parse().unwrap_or(0);
            found.push((entry.file_name().to_string_lossy().into_owned(), name, waits));
        }
    }
    found.sort();
    found
}

#[test]
fn no_thread_is_left_by_a_server_that_ended_or_did_not_start() {
    if !alone("processes::no_thread_is_left_by_a_server_that_ended_or_did_not_start") {
        return;
    }
    let running = start(config(), registry());
    // A thread has its name a moment after it is there, and is seen a moment after it is gone.
    until("it has one thread", || threads().len() == 1);
    assert_eq!(get(&running, "/health").status, 200);
    assert_eq!(threads().len(), 1, "a thread to scrape on is made when it is needed");
    assert_eq!(get(&running, "/metrics").status, 200);
    assert_eq!(threads().len(), 2);
    let mut taken = config();
    taken.listen = tykmetrics_server::config::Listen::Tcp("127.0.0.1".into(), port(&running));
    tykmetrics_server::start(taken, registry()).expect_err("the port is taken");
    assert_eq!(threads().len(), 2);
    running.close();
    until("no thread is left", || threads().is_empty());
}

#[test]
fn nothing_wakes_while_nobody_asks() {
    if !alone("processes::nothing_wakes_while_nobody_asks") {
        return;
    }
    let running = start(config(), registry());
    assert_eq!(get(&running, "/metrics").status, 200);
    let server = || threads().into_iter().find(|(_, name, _)| name == "tykmetrics-http").expect("it runs").2;
    // The end of the connection is seen after the answer is.
    let mut before = server();
    until("it rests", || {
        std::thread::sleep(Duration::from_millis(100));
        server() == std::mem::replace(&mut before, server())
    });
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(700) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(server(), before);
    drop(running);
}

#[test]
fn a_fork_has_a_copy_that_does_no_harm() {
    if !alone("processes::a_fork_has_a_copy_that_does_no_harm") {
        return;
    }
    let folder = Folder::new();
    let path = folder.path("metrics.sock");
    let mut unix = config();
    unix.listen = tykmetrics_server::config::Listen::Unix(path.clone());
    let (running, other) = (start(config(), registry()), start(unix, registry()));
    // SAFETY: the child drops the handles, which is what is tested, starts a server, and leaves without any handler.
    let child = unsafe { libc::fork() };
    if child == 0 {
        running.close();
        drop(running);
        drop(other);
        let own = tykmetrics_server::start(config(), registry());
        let served = own.is_ok_and(|own| get(&own, "/metrics").status == 200);
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(i32::from(!served)) };
    }
    let mut status = 0;
    // SAFETY: the child is this process's own, and the word is for its status.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!((waited, status), (child, 0));
    assert!(path.exists(), "the socket is the parent's");
    assert_eq!(get(&running, "/metrics").status, 200);
    let socket = Listening::of(&running);
    running.close();
    other.close();
    assert!(!path.exists() && !socket.is_there());
}

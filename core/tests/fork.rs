//! An expired series in a forked child.

use std::time::Duration;
use tykmetrics::Registry;

/// What an expired series held before a fork is not taken away from its heir in the child, whose cells are zero.
#[test]
fn an_expired_series_and_a_fork() {
    let r = Registry::new();
    let f = r.counter("c_total", "").labels(["l"]).expire_after(Duration::from_millis(1)).register().unwrap();
    f.add(["a"], 100); // the lookup cache keeps a lease
    r.upkeep();
    std::thread::sleep(Duration::from_millis(10));
    r.upkeep();
    assert_eq!(f.len(), 0, "expired");
    // SAFETY: the child only reads numbers and leaves.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let v = r.snapshot().value("c_total", &[("l", "a")]);
        let ok = v.is_none_or(|v| v == 0.0);
        if !ok {
            eprintln!("child sees {v:?}");
        }
        // SAFETY: ends the child without running what belongs to the parent.
        unsafe { libc::_exit(if ok { 0 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: the child is this process's own, and the status is written to.
    unsafe { libc::waitpid(pid, &mut status, 0) };
    assert_eq!(status, 0, "the child shows a number that nobody counted");
}

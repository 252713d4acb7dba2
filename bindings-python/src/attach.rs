//! How threads of the server's come to the interpreter, and what a fork waits for.
//!
//! A thread that Python does not know yet is put on the interpreter's list of threads before it has the global lock. A
//! process that forks just then gives its child that list with its lock held by nobody, and CPython before 3.12 waits
//! for it in the child for ever. So `server.py` has a fork wait there until none of our threads is on its way, and none
//! sets out until the fork is over. Threads of Python's own are on the list already, and wait for nothing here.
//!
//! Nobody waits for longer than [`PATIENCE`]: what was let go without the lock may be dropped on the way, which runs the
//! user's code, and that may wait for whoever forks. Two counts and no lock, since a child can set them right.

use pyo3::prelude::*;
use std::cell::Cell;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// A way is some microseconds and the wait for the global lock; a fork is some milliseconds.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two looks, after the first few.
const REST: Duration = Duration::from_micros(50);

/// How many there are of something. A thread tells that it sets out and then looks for forks, a fork tells of itself and then looks
/// for threads: one of the two must see the other, so all is in one order.
struct Count(AtomicU32);

impl Count {
    fn add(&self) {
        // SeqCst, as above.
        self.0.fetch_add(1, SeqCst);
    }

    fn take(&self) {
        // SeqCst, as above.
        self.0.fetch_sub(1, SeqCst);
    }

    fn is_none(&self) -> bool {
        // SeqCst, as above.
        self.0.load(SeqCst) == 0
    }

    /// Sets it and tells what it was.
    fn set(&self, to: u32) -> u32 {
        // SeqCst, as above.
        self.0.swap(to, SeqCst)
    }
}

static ON_THE_WAY: Count = Count(AtomicU32::new(0));
static FORKS: Count = Count(AtomicU32::new(0));
/// The process whose threads and forks are counted.
static PROCESS: Count = Count(AtomicU32::new(0));

thread_local! {
    /// True in a thread that Python does not know.
    static UNKNOWN: Cell<bool> = const { Cell::new(false) };
    /// Forks that this thread is in: a hook of a fork can fork.
    static OWN_FORKS: Cell<u32> = const { Cell::new(0) };
}

/// Waits until `is_so`, and no longer than anybody does here. Tells whether it is.
fn wait_until(is_so: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    for look in 0_u32.. {
        if is_so() {
            return true;
        }
        if begun.elapsed() >= PATIENCE {
            break;
        }
        if look < 16 { thread::yield_now() } else { thread::sleep(REST) }
    }
    false
}

/// A thread on its way.
struct Way;

impl Way {
    fn set_out() -> Way {
        let may_go = wait_until(|| {
            ON_THE_WAY.add();
            let may_go = FORKS.is_none();
            if !may_go {
                ON_THE_WAY.take();
            }
            may_go
        });
        if !may_go {
            ON_THE_WAY.add();
        }
        Way
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        ON_THE_WAY.take();
    }
}

/// Counts anew in a child that its parent's counts came to. Before a process has threads that Python does not know.
pub(crate) fn begin() {
    let own = process::id();
    if PROCESS.set(own) != own {
        ON_THE_WAY.set(0);
        FORKS.set(OWN_FORKS.get());
    }
}

/// Runs `work` of a thread that Python does not know.
pub(crate) fn unknown<R>(work: impl FnOnce() -> R) -> R {
    UNKNOWN.set(true);
    work()
}

/// Runs `then` while attached to the interpreter; None in a process that ends, which has none any more.
pub(crate) fn attach<R>(then: impl FnOnce(Python<'_>) -> R) -> Option<R> {
    if !UNKNOWN.get() {
        return Python::try_attach(then);
    }
    let way = Way::set_out();
    let answer = Python::try_attach(|py| {
        drop(way);
        // Known until it leaves: what comes here again below may have the global lock, with which nobody may wait.
        UNKNOWN.set(false);
        then(py)
    });
    UNKNOWN.set(true);
    answer
}

/// Before a fork: waits, with the global lock let go, until none of our threads is on its way, and keeps them from it.
#[pyfunction]
pub(crate) fn before_fork(py: Python<'_>) {
    begin();
    OWN_FORKS.set(OWN_FORKS.get() + 1);
    FORKS.add();
    py.detach(|| wait_until(|| ON_THE_WAY.is_none()));
}

/// After a fork, in the process that forked or could not.
#[pyfunction]
pub(crate) fn after_fork_in_parent() {
    // Hooks that were registered by a hook of this fork are told of its end alone.
    if let Some(left) = OWN_FORKS.get().checked_sub(1) {
        OWN_FORKS.set(left);
        FORKS.take();
    }
}

/// After a fork, in the child, which has none of the threads that were on their way, nor of those that forked.
#[pyfunction]
pub(crate) fn after_fork_in_child() {
    OWN_FORKS.set(OWN_FORKS.get().saturating_sub(1));
    PROCESS.set(0);
    begin();
}

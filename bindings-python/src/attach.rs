//! How threads of the server's come to the interpreter, and what a fork waits for.
//!
//! A thread that Python does not know yet is put on the interpreter's list of threads before it has the global lock. A
//! process that forks just then gives its child that list with its lock held by nobody, and CPython before 3.12 waits
//! for it in the child for ever. So `server.py` has a fork wait until none of our threads is on its way, and none sets
//! out until the fork is over. Threads of Python's own are on the list already, and wait for nothing here.

use pyo3::prelude::*;
use std::cell::{Cell, RefCell};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

/// Held for reading by threads on their way, and for writing by one that forks.
static ON_THE_WAY: RwLock<()> = RwLock::new(());

thread_local! {
    /// True in a thread that Python does not know.
    static UNKNOWN: Cell<bool> = const { Cell::new(false) };
    /// What this thread holds while it forks.
    static FORKING: RefCell<Option<RwLockWriteGuard<'static, ()>>> = const { RefCell::new(None) };
    /// How many forks this thread is in: a hook of a fork can fork.
    static FORKS: Cell<usize> = const { Cell::new(0) };
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
    let on_the_way = ON_THE_WAY.read().unwrap_or_else(PoisonError::into_inner);
    let answer = Python::try_attach(|py| {
        drop(on_the_way);
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
    FORKS.set(FORKS.get() + 1);
    if FORKS.get() == 1 {
        py.detach(|| FORKING.set(Some(ON_THE_WAY.write().unwrap_or_else(PoisonError::into_inner))));
    }
}

/// After a fork, in both processes.
#[pyfunction]
pub(crate) fn after_fork() {
    FORKS.set(FORKS.get().saturating_sub(1));
    if FORKS.get() == 0 {
        FORKING.take();
    }
}

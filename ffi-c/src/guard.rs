//! Where panics end: every exported function is a call to one of these.
//!
//! `run` is for cold functions, which return an error; `quiet` for those that return nothing; `or` for the few that
//! return a plain value. There is no build in which they let a panic through.

use crate::error::tyk_error;
use engine::{Error, ErrorCode, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Calls of hot functions that were ignored because of an argument.
static IGNORED: AtomicU64 = AtomicU64::new(0);

/// Runs the body of a cold function. NULL is success.
pub(crate) fn run(body: impl FnOnce() -> Result<()>) -> *mut tyk_error {
    // What a body may leave half done is its own: the engine keeps its state whole between any two steps.
    let error = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return std::ptr::null_mut(),
        Ok(Err(error)) => error,
        Err(panic) => panicked(panic.as_ref()),
    };
    tyk_error::new(&error)
}

/// Runs the body of a function that returns nothing. A panic counts as ignored.
#[inline(always)]
pub(crate) fn quiet(body: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(body)).is_err() {
        ignore();
    }
}

/// Runs the body of a function that returns a plain value.
pub(crate) fn or<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

/// Counts a call that was ignored.
#[cold]
#[inline(never)]
pub(crate) fn ignore() {
    // Relaxed: a count that is only shown.
    IGNORED.fetch_add(1, Relaxed);
}

/// How many calls of hot functions were ignored so far.
pub(crate) fn ignored() -> u64 {
    // Relaxed: as above.
    IGNORED.load(Relaxed)
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let text = text.unwrap_or("no message");
    Error::new(ErrorCode::Panic, format!("a panic was caught ({text}); the call had no effect; please report it"))
}

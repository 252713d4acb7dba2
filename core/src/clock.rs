//! The one place that asks what time it is.

#[cfg(not(loom))]
use crate::sync::made_once;
#[cfg(not(loom))]
use std::sync::OnceLock;
#[cfg(not(loom))]
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Unix time in milliseconds.
#[cfg(not(loom))]
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis() as u64
}

/// Unix time in milliseconds by a clock that never steps: as it was when it was first asked for, and what passed since.
/// For what is compared (starts, idle times, windows), where a corrected clock would make the past look like the future.
#[cfg(not(loom))]
pub(crate) fn steady_ms() -> u64 {
    static BEGAN: OnceLock<(Instant, u64)> = OnceLock::new();
    let (began, began_ms) = made_once(&BEGAN, || (Instant::now(), now_ms()));
    began_ms + began.elapsed().as_millis() as u64
}

/// A model has one clock.
#[cfg(loom)]
pub(crate) use now_ms as steady_ms;

/// The time a model says it is: the search is only sound if every run of it is the same.
#[cfg(loom)]
pub(crate) fn now_ms() -> u64 {
    modelled::NOW_MS.get()
}

#[cfg(loom)]
pub(crate) mod modelled {
    thread_local! {
        /// Of all threads of a model, which loom runs on one.
        pub(crate) static NOW_MS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
    }
}

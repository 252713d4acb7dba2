//! The one place that asks for the time of day.

#[cfg(not(loom))]
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Unix time in milliseconds.
#[cfg(not(loom))]
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis() as u64
}

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

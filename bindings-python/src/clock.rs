//! What time it is, by Python's `time` module as it is when it is asked: a clock that a test has patched or frozen is
//! seen. The interpreter's own clock of durations is asked without a call.

use crate::hot;
use pyo3::prelude::*;
use std::time::Instant;

/// `time.perf_counter()` in nanoseconds, unless it was patched. Where it begins is nobody's business: only differences
/// are used.
#[inline(always)]
pub(crate) fn perf_counter_ns() -> Option<i64> {
    hot::is_perf_counter_original().then(monotonic_ns)
}

fn monotonic_ns() -> i64 {
    static BEGAN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    BEGAN.get_or_init(Instant::now).elapsed().as_nanos() as i64
}

/// What the patched `time.perf_counter` says, in nanoseconds.
pub(crate) fn patched_perf_counter_ns(py: Python<'_>) -> PyResult<i64> {
    let seconds: f64 = py.import("time")?.call_method0("perf_counter")?.extract()?;
    Ok((seconds * 1e9) as i64)
}

/// Unix time in milliseconds by `time.time`, which is always asked: some tools patch it without replacing it.
pub(crate) fn now_ms(py: Python<'_>) -> PyResult<u64> {
    let seconds: f64 = py.import("time")?.call_method0("time")?.extract()?;
    Ok(milliseconds(seconds))
}

fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}

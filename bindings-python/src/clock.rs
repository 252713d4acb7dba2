//! What time it is, by Python's `time` module as it is when it is asked: a clock that a test has patched or frozen is
//! seen. The interpreter's own clock of durations is asked without a call.

use crate::hot;
use pyo3::prelude::*;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A moment, and what `time.perf_counter` said of it in nanoseconds: what is begun by one clock may be ended by the other,
/// when somebody patches it in between.
static ORIGIN: OnceLock<(Instant, i64)> = OnceLock::new();

/// Takes the origin of the interpreter's clock. Called once, when the module is made.
pub(crate) fn set_up(py: Python<'_>) -> PyResult<()> {
    let nanos = patched_perf_counter_ns(py)?;
    ORIGIN.get_or_init(|| (Instant::now(), nanos));
    Ok(())
}

/// `time.perf_counter()` in nanoseconds, unless it was patched.
#[inline(always)]
pub(crate) fn perf_counter_ns() -> Option<i64> {
    hot::is_perf_counter_original().then(monotonic_ns)
}

fn monotonic_ns() -> i64 {
    let (moment, nanos) = ORIGIN.get_or_init(|| (Instant::now(), 0));
    nanos + moment.elapsed().as_nanos() as i64
}

/// What the patched `time.perf_counter` says, in nanoseconds.
pub(crate) fn patched_perf_counter_ns(py: Python<'_>) -> PyResult<i64> {
    let seconds: f64 = py.import("time")?.call_method0("perf_counter")?.extract()?;
    Ok((seconds * 1e9) as i64)
}

/// How far a clock is off before it is taken for one that was patched, in milliseconds: a second, which no correction of
/// the time of day makes between two looks at it.
const OFF: u64 = 1000;

/// Unix time in milliseconds by `time.time`, if that is not what the engine's own clock says.
pub(crate) fn patched_now_ms(py: Python<'_>) -> PyResult<Option<u64>> {
    let now = now_ms(py)?;
    let own = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    Ok((own.abs_diff(now) > OFF).then_some(now))
}

/// Unix time in milliseconds by `time.time`.
pub(crate) fn now_ms(py: Python<'_>) -> PyResult<u64> {
    let seconds: f64 = py.import("time")?.call_method0("time")?.extract()?;
    Ok((seconds * 1000.0).round() as u64)
}

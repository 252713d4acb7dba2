//! `histogram`: a log-linear store of shared atomics.
//!
//! It takes whole nanoseconds and keeps neither a sum nor the classic bounds: one atomic add where the others do two.

use std::hint::black_box;

use ::histogram::AtomicHistogram;

use super::{Engine, Work};
use crate::measure::repeat;
use crate::workload::{VALUES, workload};

pub(super) struct AtomicLogLinear;

impl Engine for AtomicLogLinear {
    const NAME: &'static str = "histogram 1.6 (atomic)";

    fn histogram() -> Option<Work> {
        // 2^5 = 32 sub-buckets an octave, up to 2^42 ns, a little over an hour.
        let histogram = AtomicHistogram::new(5, 42).ok()?;
        let nanos = &workload().nanos;
        let work = Work::shared(move |n| {
            let histogram = black_box(&histogram);
            repeat(n, |i| {
                // Every prepared value is in range.
                let _ = histogram.increment(nanos[i % VALUES]);
            });
        });
        Some(work.but("no sum, no exact bounds, integers"))
    }
}

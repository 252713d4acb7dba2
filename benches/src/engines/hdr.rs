//! `hdrhistogram`: what a log-linear store costs when one thread owns it.
//!
//! It takes whole nanoseconds, keeps no sum and no classic bounds, and cannot be shared: a limit more than a peer.

use std::hint::black_box;

use ::hdrhistogram::Histogram;

use super::{Engine, Work};
use crate::measure::repeat;
use crate::workload::{VALUES, workload};

pub(super) struct Hdr;

impl Engine for Hdr {
    const NAME: &'static str = "hdrhistogram 7.6";

    fn histogram() -> Option<Work> {
        // 1 us to an hour, two significant digits: the resolution nearest to 32 sub-buckets an octave.
        let mut histogram = Histogram::<u64>::new_with_bounds(1000, 3_600_000_000_000, 2).ok()?;
        let nanos = &workload().nanos;
        let work = Work::single(move |n| {
            let histogram = black_box(&mut histogram);
            repeat(n, |i| histogram.saturating_record(nanos[i % VALUES]));
        });
        Some(work.but("one thread only; no sum, no exact bounds, integers"))
    }
}

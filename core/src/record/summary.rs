//! A summary: quantiles of all time or of a sliding window, a count and a sum.

use super::histogram::Histogram;
use super::{Timer, metric};
use crate::merge::distribution::Distribution;
use crate::registry::bound::Bound;
use crate::shape::HdrTable;
use crate::shard::Shard;
use std::time::Duration;

/// A handle on a summary.
///
/// It records as a histogram does; the quantiles are taken at scrape, within 1.6 % of the true value. Clones are the
/// same series.
#[derive(Clone, Debug)]
pub struct Summary(Histogram);

metric!(Summary, SUMMARY, 0.bound);

impl Summary {
    pub(super) fn of(bound: Bound) -> Self {
        Summary(Histogram::of(bound))
    }

    /// Records a value. What is not finite is counted as invalid and not recorded.
    #[inline]
    pub fn observe(&self, v: f64) {
        self.0.observe(v);
    }

    /// Records a duration in seconds, given in nanoseconds.
    #[inline]
    pub fn observe_nanos(&self, nanos: u64) {
        self.0.observe_nanos(nanos);
    }

    /// Records a duration, in seconds.
    #[inline]
    pub fn observe_duration(&self, duration: Duration) {
        self.0.observe_duration(duration);
    }

    /// Records a value through a shard that the caller holds.
    #[inline]
    pub fn observe_on(&self, shard: &Shard, v: f64) {
        self.0.observe_on(shard, v);
    }

    /// Starts the clock; the time until the timer is dropped or stopped is recorded in seconds.
    pub fn start_timer(&self) -> Timer<'_> {
        self.0.start_timer()
    }

    /// As [`start_timer`](Self::start_timer), for a timer that outlives the borrow.
    pub fn start_timer_owned(&self) -> Timer<'static> {
        self.0.start_timer_owned()
    }

    /// As [`Histogram::observe_infinity`].
    pub fn observe_infinity(&self) {
        self.0.observe_infinity();
    }

    /// Begins again at zero, its window too. Records that are made meanwhile are before or after.
    pub fn reset(&self) {
        self.0.reset();
    }

    /// What was recorded so far, of all time and over all threads.
    pub fn distribution(&self) -> Distribution {
        self.0.distribution()
    }

    /// The table that says which cell a value is counted in.
    pub fn hdr_table(&self) -> Option<&HdrTable> {
        self.0.hdr_table()
    }

    /// The number of the first cell, for hosts that record themselves.
    pub fn cell(&self) -> u32 {
        self.0.cell()
    }
}

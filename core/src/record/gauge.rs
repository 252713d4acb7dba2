//! A gauge: a value that is set, or moved either way.

use super::metric;
use crate::clock::now_ms;
use crate::registry::bound::Bound;
use crate::registry::family::Core;
use crate::shard::cell;
use crate::sync::{AtomicU64, Ordering::Relaxed};
use std::sync::Arc;

/// A handle on a gauge.
///
/// Whoever sets it last wins, so a gauge is one shared word: a set is one store, a move one atomic exchange. For counts
/// of things in flight, which are only moved, [`UpDown`](super::UpDown) is cheaper and exact. Clones are the same
/// series.
#[derive(Clone, Debug)]
pub struct Gauge(Bound);

metric!(Gauge, GAUGE, 0);

/// Replaces the value in a gauge's cell by a function of it.
fn change(cell: &AtomicU64, change: impl Fn(f64) -> f64) {
    // Relaxed: a gauge's value publishes nothing else.
    cell::update(cell, Relaxed, change);
}

impl Gauge {
    pub(super) fn of(bound: Bound) -> Self {
        Gauge(bound)
    }

    /// Sets the value. NaN and infinities are values a gauge may have.
    #[inline]
    pub fn set(&self, v: f64) {
        // Relaxed: as in `change`.
        self.0.shared().store(v.to_bits(), Relaxed);
    }

    /// Adds 1.
    #[inline]
    pub fn inc(&self) {
        self.add(1.0);
    }

    /// Takes 1 away.
    #[inline]
    pub fn dec(&self) {
        self.add(-1.0);
    }

    /// Adds `v`.
    #[inline]
    pub fn add(&self, v: f64) {
        change(self.0.shared(), |now| now + v);
    }

    /// Takes `v` away.
    #[inline]
    pub fn sub(&self, v: f64) {
        self.add(-v);
    }

    /// Sets the value to `v` if that is more. A NaN is ignored, and replaced.
    pub fn set_max(&self, v: f64) {
        change(self.0.shared(), |now| now.max(v));
    }

    /// Sets the value to `v` if that is less. A NaN is ignored, and replaced.
    pub fn set_min(&self, v: f64) {
        change(self.0.shared(), |now| now.min(v));
    }

    /// Sets the value to the time of day, Unix time in seconds.
    pub fn set_to_current_time(&self) {
        self.set(now_ms() as f64 / 1000.0);
    }

    /// Reads the gauge from a function at every scrape, on the scraping thread, for as long as the series exists; the handle
    /// need not be kept. The last function given is the one that is asked.
    pub fn callback(&self, read: impl Fn() -> f64 + Send + Sync + 'static) {
        self.0.family.side.call_for(self.0.slot, Arc::new(read));
    }

    /// The value now.
    pub fn value(&self) -> f64 {
        f64::from_bits(cell::read(self.0.shared()))
    }

    /// The number of the gauge's cell, which only the shared cells have.
    pub fn cell(&self) -> u32 {
        self.0.number()
    }

    pub(crate) fn change(family: &Arc<Core>, labels: &[&str], new: impl Fn(f64) -> f64) {
        family.with_place(labels, |place| change(place.shared(), &new));
    }
}

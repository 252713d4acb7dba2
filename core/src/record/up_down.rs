//! A gauge that is only moved: things in flight, connections open, jobs queued.

use super::metric;
use crate::registry::bound::Bound;
use crate::registry::family::Core;
use crate::shard::{CellEncoding, Shard, cell, writer};
use std::borrow::Cow;
use std::sync::Arc;

/// A handle on a gauge that is moved by whole steps and never set.
///
/// Each thread moves a cell of its own, and the scrape adds them up, so it is as cheap as a counter and exact however
/// many threads move it. Clones are the same series.
#[derive(Clone, Debug)]
pub struct UpDown(Bound);

metric!(UpDown, UP_DOWN, 0);

impl UpDown {
    pub(super) fn of(bound: Bound) -> Self {
        UpDown(bound)
    }

    /// Adds 1.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Takes 1 away.
    #[inline]
    pub fn dec(&self) {
        self.add(-1);
    }

    /// Adds `n`, which may be negative.
    #[inline]
    pub fn add(&self, n: i64) {
        // Two's complement: adding the bits of a negative number takes away.
        match writer::own(self.0.number()) {
            Some(cell) => cell::add_owned(cell, n as u64),
            None => add_elsewhere(&self.0, n),
        }
    }

    /// Adds through a shard that the caller holds.
    #[inline]
    pub fn add_on(&self, shard: &Shard, n: i64) {
        match (shard.cell(self.0.number()), shard.encoding()) {
            (Some(cell), CellEncoding::U64) => cell::add_owned(cell, n as u64),
            (Some(cell), CellEncoding::F64) => cell::add_owned_f64(cell, n as f64),
            (None, _) => {
                cell::add_shared(self.0.shared(), n as u64);
            }
        }
    }

    /// Adds 1 now and takes it away when the guard is dropped, also when the code between panics.
    ///
    /// ```
    /// # let registry = tykmetrics::Registry::new();
    /// let in_flight = registry.up_down("requests_in_flight", "Requests being served").register()?;
    /// {
    ///     let _request = in_flight.track();
    ///     assert_eq!(in_flight.value(), 1);
    /// }
    /// assert_eq!(in_flight.value(), 0);
    /// # Ok::<(), tykmetrics::Error>(())
    /// ```
    pub fn track(&self) -> Tracked<'_> {
        self.inc();
        Tracked(Cow::Borrowed(self))
    }

    /// As [`track`](Self::track), for a guard that outlives the borrow: across threads, or in a future.
    pub fn track_owned(&self) -> Tracked<'static> {
        self.inc();
        Tracked(Cow::Owned(self.clone()))
    }

    /// The value now, over all threads.
    pub fn value(&self) -> i64 {
        let (whole, part) = self.0.family.count_now(self.0.slot);
        (whole as i64).wrapping_add(part as i64)
    }

    /// The number of the cell, for hosts that move it themselves.
    pub fn cell(&self) -> u32 {
        self.0.follow();
        self.0.number()
    }

    pub(crate) fn add_to(family: &Arc<Core>, labels: &[&str], n: i64) {
        family.with_place(labels, |place| writer::add(place.number, place.shared(), n as u64));
    }
}

/// Takes 1 away when it is dropped.
#[derive(Debug)]
#[must_use = "a guard that is dropped at once tracks nothing"]
pub struct Tracked<'a>(Cow<'a, UpDown>);

impl Drop for Tracked<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[inline(never)]
fn add_elsewhere(bound: &Bound, n: i64) {
    if let Some(before) = writer::add(bound.number(), bound.shared(), n as u64)
        && bound.family.warm(bound.slot, before, n as u64)
    {
        bound.follow();
    }
}

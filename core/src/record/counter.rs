//! A counter: it only goes up.

use super::{check_exemplar, metric};
use crate::clock::now_ms;
use crate::error::Result;
use crate::registry::bound::Bound;
use crate::registry::family::Core;
use crate::registry::recall::Place;
use crate::shard::{CellEncoding, Shard, cell, writer};
use std::sync::Arc;

/// A handle on a counter.
///
/// Whole adds are exact and cost one plain add to a cell that only the calling thread writes. Clones are the same
/// series.
#[derive(Clone, Debug)]
pub struct Counter(Bound);

metric!(Counter, COUNTER, 0);

/// A whole number that f64 holds exactly, if `v` is one.
fn whole(v: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    ((0.0..=EXACT).contains(&v) && v.trunc() == v).then_some(v as u64)
}

impl Counter {
    pub(super) fn of(bound: Bound) -> Self {
        Counter(bound)
    }

    /// Adds 1.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Adds `n`.
    #[inline]
    pub fn add(&self, n: u64) {
        match writer::own(self.0.number()) {
            Some(cell) => cell::add_owned(cell, n),
            None => add_elsewhere(&self.0, n),
        }
    }

    /// Adds a number that need not be whole. What is negative or not finite is counted as invalid and not added.
    #[inline]
    pub fn add_f64(&self, v: f64) {
        match whole(v) {
            Some(n) => self.add(n),
            None => add_part(&self.0.family, self.0.slot, v),
        }
    }

    /// Adds with one atomic instruction to the shared cell, whatever the calling thread: for signal handlers, where the
    /// plain add of the interrupted code may be half done on some processors.
    pub fn add_shared(&self, n: u64) {
        cell::add_shared(self.0.shared(), n);
    }

    /// Adds through a shard that the caller holds.
    #[inline]
    pub fn add_on(&self, shard: &Shard, n: u64) {
        match (shard.cell(self.0.number()), shard.encoding()) {
            (Some(cell), CellEncoding::U64) => cell::add_owned(cell, n),
            (Some(cell), CellEncoding::F64) => cell::add_owned_f64(cell, n as f64),
            (None, _) => {
                if self.0.family.warm(self.0.slot, cell::add_shared(self.0.shared(), n), n) {
                    self.0.follow();
                }
            }
        }
    }

    /// As [`add_on`](Self::add_on), for a number that need not be whole. What is negative or not finite is counted as
    /// invalid and not added.
    pub fn add_f64_on(&self, shard: &Shard, v: f64) {
        if let Some(n) = whole(v) {
            return self.add_on(shard, n);
        }
        let Some(number) = part_number(&self.0.family, self.0.slot, v) else { return };
        match shard.cell(number) {
            // A companion holds an f64 in shards of either encoding.
            Some(cell) => cell::add_owned_f64(cell, v),
            None => cell::add_shared_f64(self.0.family.space.shared(number), v),
        }
    }

    /// Adds `n` and keeps an exemplar of it, in the place of the one before.
    ///
    /// # Errors
    /// When the labels have more than 128 characters in all, or a name is empty or there twice. The add is made even
    /// then.
    pub fn add_with_exemplar(&self, n: u64, labels: &[(&str, &str)]) -> Result<()> {
        self.add(n);
        self.exemplar(n as f64, labels, now_ms())
    }

    /// As [`add_with_exemplar`](Self::add_with_exemplar), for a number that need not be whole.
    ///
    /// # Errors
    /// As there.
    pub fn add_f64_with_exemplar(&self, v: f64, labels: &[(&str, &str)]) -> Result<()> {
        self.add_f64(v);
        match v >= 0.0 && v.is_finite() {
            true => self.exemplar(v, labels, now_ms()),
            false => check_exemplar(&self.0.family.meta.name, labels),
        }
    }

    /// Keeps an exemplar of an amount that was added, in the place of the one before. `at_ms` is Unix time in milliseconds.
    ///
    /// # Errors
    /// As [`add_with_exemplar`](Self::add_with_exemplar).
    pub fn exemplar(&self, amount: f64, labels: &[(&str, &str)], at_ms: u64) -> Result<()> {
        self.0.family.exemplar(self.0.slot, 0, labels, amount, at_ms)
    }

    /// Begins again at zero, for a logical process that starts anew. Records that are made meanwhile are before or after.
    ///
    /// ```
    /// # let registry = tykmetrics::Registry::new();
    /// let jobs = registry.counter("jobs_total", "Jobs").register()?;
    /// jobs.add(3);
    /// jobs.reset();
    /// jobs.inc();
    /// assert_eq!(jobs.value(), 1.0);
    /// # Ok::<(), tykmetrics::Error>(())
    /// ```
    pub fn reset(&self) {
        self.0.family.restart(self.0.slot, now_ms());
    }

    /// Reads the counter from a function at every scrape, for as long as the series exists; the handle need not be kept.
    /// The function's number should only go up, and is added to what was counted.
    pub fn callback(&self, read: impl Fn() -> f64 + Send + Sync + 'static) {
        self.0.family.side.call_for(self.0.slot, Arc::new(read));
    }

    /// The sum of the whole adds, exact where [`value`](Self::value) is rounded, above 2^53.
    pub fn whole(&self) -> u64 {
        self.0.family.count_now(self.0.slot).0
    }

    /// The value now, over all threads. For tests and displays: it reads every writer's cell.
    pub fn value(&self) -> f64 {
        let (whole, part) = self.0.family.count_now(self.0.slot);
        whole as f64 + part
    }

    /// The number of the counter's cell, for hosts that add to it themselves.
    pub fn cell(&self) -> u32 {
        self.0.follow();
        self.0.number()
    }

    pub(crate) fn add_to(family: &Arc<Core>, labels: &[&str], n: u64) {
        family.with_place(labels, |place: Place| {
            if let Some(before) = writer::add(place.number, place.shared(), n) {
                family.warm(place.slot, before, n);
            }
        });
    }

    pub(crate) fn add_f64_to(family: &Arc<Core>, labels: &[&str], v: f64) {
        match whole(v) {
            Some(n) => Self::add_to(family, labels, n),
            None => {
                family.with_place(labels, |place| add_part(family, place.slot, v));
            }
        }
    }
}

/// Adds for a thread or a series that has no private cell.
#[inline(never)]
fn add_elsewhere(bound: &Bound, n: u64) {
    if let Some(before) = writer::add(bound.number(), bound.shared(), n)
        && bound.family.warm(bound.slot, before, n)
    {
        bound.follow();
    }
}

/// Adds a fraction to a series' companion cell.
fn add_part(family: &Core, slot: u32, v: f64) {
    if let Some(number) = part_number(family, slot, v) {
        writer::add_f64(number, family.space.shared(number), v);
    }
}

/// The number of the companion cell that a fraction is added to, if it can be added.
fn part_number(family: &Core, slot: u32, v: f64) -> Option<u32> {
    if !(v > 0.0 && v.is_finite()) {
        family.count_invalid();
        return None;
    }
    let number = family.companion_or_new(slot);
    (number != 0).then_some(number)
}

impl Core {
    /// Keeps an exemplar of a series, if its labels are allowed.
    pub(crate) fn exemplar(
        &self,
        slot: u32,
        bucket: u32,
        labels: &[(&str, &str)],
        value: f64,
        at_ms: u64,
    ) -> Result<()> {
        check_exemplar(&self.meta.name, labels)?;
        self.side.keep_exemplar(slot, bucket, labels, value, at_ms, &self.guards);
        Ok(())
    }
}

const _: () = assert!(size_of::<Counter>() == 24 && size_of::<Option<Counter>>() == 24);

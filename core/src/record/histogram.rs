//! A histogram: one record, and at scrape exact classic buckets, native buckets and quantiles.

use super::{check_exemplar, metric};
use crate::clock::now_ms;
use crate::error::Result;
use crate::merge::distribution::Distribution;
use crate::registry::bound::Bound;
use crate::registry::family::Core;
use crate::registry::recall::Place;
use crate::shape::{HdrTable, Table};
use crate::shard::{CellEncoding, Shard, cell, writer};
use std::borrow::Cow;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A handle on a histogram.
///
/// A record finds its bucket from the bits of the value and makes two plain adds, bucket and sum, to cells that only the
/// calling thread writes. There is no count to add to: it is the sum of the buckets, so the two always agree. Clones are
/// the same series.
#[derive(Clone, Debug)]
pub struct Histogram {
    pub(super) bound: Bound,
    /// The table of the family's shape, which lives as long as `bound` holds the family, or `NO_TABLE`.
    table: NonNull<HdrTable>,
}

metric!(Histogram, HISTOGRAM, bound);

// SAFETY: the table is never changed, and lives as long as the family that `bound` shares.
unsafe impl Send for Histogram {}
// SAFETY: as above.
unsafe impl Sync for Histogram {}

fn table_of(family: &Core) -> &Table {
    // The builder gives every family of this kind a shape.
    family.shape.as_ref().expect("a histogram's family has a shape").table()
}

/// Counts `v` in the series whose first cell is `number`, `n` times, if that takes one look: the calling thread has cells
/// of its own, and the value lies in one of the table's plain sub-buckets, so it is finite. Whoever asks for more than
/// once sees to it that `v * n` is finite too.
#[inline(always)]
fn record(table: &HdrTable, number: u32, v: f64, n: u64) -> bool {
    let Some(at) = table.locate_within(v) else { return false };
    let Some(first) = writer::own_run(number) else { return false };
    let sum = HdrTable::sum_cell(at);
    // SAFETY: both offsets are below the cells of the series, which lie in a row in the writer's slab.
    let (bucket, sum) = unsafe { (&*first.add(at as usize), &*first.add(sum as usize)) };
    cell::add_owned(bucket, n);
    cell::add_owned_sum(sum, v * n as f64);
    true
}

/// What `record` is given for a histogram of the other store: a table that has no sub-buckets, so that nothing has to be
/// asked before it is looked at.
static NO_TABLE: HdrTable = HdrTable::EMPTY;

/// As `record`, for every value, store and thread. What is not finite is counted as invalid. Tells whether the series
/// is hot.
#[inline(never)]
fn record_elsewhere(family: &Core, place: Place, v: f64, n: u64) -> bool {
    let total = v * n as f64;
    if !total.is_finite() {
        family.count_invalid();
        return false;
    }
    let table = table_of(family);
    let at = table.locate(v);
    let sum = table.sum_cell(at);
    let own = writer::own_run(place.number)
        .or_else(|| writer::own_or_open(place.number).and_then(|_| writer::own_run(place.number)));
    let first = own.unwrap_or(place.run.as_ptr());
    // SAFETY: both offsets are below the cells of the series, which lie in a row in the writer's slab as in the shared
    // cells.
    let (bucket, sum) = unsafe { (&*first.add(at as usize), &*first.add(sum as usize)) };
    if own.is_some() {
        cell::add_owned(bucket, n);
        cell::add_owned_sum(sum, total);
        false
    } else {
        let before = cell::add_shared(bucket, n);
        cell::add_shared_sum(sum, total);
        family.warm(place.slot, before, n)
    }
}

impl Histogram {
    pub(super) fn of(bound: Bound) -> Self {
        let table = NonNull::from(table_of(&bound.family).hdr().unwrap_or(&NO_TABLE));
        Histogram { bound, table }
    }

    #[inline(always)]
    fn record(&self, v: f64, n: u64) {
        // SAFETY: the table lives as long as the family, which `bound` shares, or as the program.
        let table = unsafe { self.table.as_ref() };
        if !record(table, self.bound.number(), v, n) {
            self.record_elsewhere(v, n);
        }
    }

    /// Out of line with one argument less to load on the way that is usual.
    #[inline(never)]
    fn record_elsewhere(&self, v: f64, n: u64) {
        let Bound { family, slot, .. } = &self.bound;
        let place = Place { number: self.bound.number(), run: self.bound.run(), slot: *slot };
        if record_elsewhere(family, place, v, n) {
            self.bound.follow();
        }
    }

    /// Records a value. What is not finite is counted as invalid and not recorded. The HDR store counts values below
    /// zero in its lowest bucket; the compact store puts them where the bounds say.
    #[inline]
    pub fn observe(&self, v: f64) {
        self.record(v, 1);
    }

    /// Records a value that was seen `n` times, at the cost of one record.
    #[inline]
    pub fn observe_many(&self, v: f64, n: u64) {
        match (v * n as f64).is_finite() {
            true => self.record(v, n),
            false => self.bound.family.count_invalid(),
        }
    }

    /// Counts an observation that is larger than every number: in the `+Inf` bucket, and the sum is infinite from then on.
    /// For hosts whose users mean it, where [`observe`](Self::observe) takes an infinity for a mistake.
    pub fn observe_infinity(&self) {
        let table = table_of(&self.bound.family);
        let at = table.locate(f64::INFINITY);
        cell::add_shared(self.bound.shared_at(at), 1);
        cell::add_shared_sum(self.bound.shared_at(table.sum_cell(at)), f64::INFINITY);
    }

    /// Records a duration in seconds, given in nanoseconds.
    #[inline]
    pub fn observe_nanos(&self, nanos: u64) {
        // Division is rounded once, so 5,000,000 ns is exactly the double that a bound of 0.005 is.
        self.record(nanos as f64 / 1e9, 1);
    }

    /// Records a duration, in seconds.
    #[inline]
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }

    /// Records a value through a shard that the caller holds.
    #[inline]
    pub fn observe_on(&self, shard: &Shard, v: f64) {
        // SAFETY: as in `record`.
        let table = unsafe { self.table.as_ref() };
        let number = self.bound.number();
        if shard.encoding() == CellEncoding::U64
            && let Some(at) = table.locate_within(v)
            && let (Some(bucket), Some(sum)) = (shard.cell(number + at), shard.cell(number + HdrTable::sum_cell(at)))
        {
            cell::add_owned(bucket, 1);
            return cell::add_owned_sum(sum, v);
        }
        self.observe_on_elsewhere(shard, v);
    }

    /// As `observe_on`, for every value, store and encoding.
    #[inline(never)]
    fn observe_on_elsewhere(&self, shard: &Shard, v: f64) {
        if !v.is_finite() {
            return self.bound.family.count_invalid();
        }
        let number = self.bound.number();
        let table = table_of(&self.bound.family);
        let at = table.locate(v);
        let sum_at = table.sum_cell(at);
        match (shard.cell(number + at), shard.cell(number + sum_at), shard.encoding()) {
            (Some(bucket), Some(sum), CellEncoding::U64) => {
                cell::add_owned(bucket, 1);
                cell::add_owned_sum(sum, v);
            }
            (Some(bucket), Some(sum), CellEncoding::F64) => {
                cell::add_owned_f64(bucket, 1.0);
                cell::add_owned_sum(sum, v);
            }
            _ => {
                let before = cell::add_shared(self.bound.shared_at(at), 1);
                cell::add_shared_sum(self.bound.shared_at(sum_at), v);
                if self.bound.family.warm(self.bound.slot, before, 1) {
                    self.bound.follow();
                }
            }
        }
    }

    /// Records a value and keeps an exemplar of it, in the place of the last one in its classic bucket.
    ///
    /// # Errors
    /// When the labels have more than 128 characters in all, or a name is empty or there twice. The value is recorded
    /// even then.
    pub fn observe_with_exemplar(&self, v: f64, labels: &[(&str, &str)]) -> Result<()> {
        self.observe(v);
        self.exemplar(v, labels, now_ms())
    }

    /// Keeps an exemplar of a value that was recorded, in the place of the last one in its classic bucket. `at_ms` is Unix
    /// time in milliseconds.
    ///
    /// # Errors
    /// As [`observe_with_exemplar`](Self::observe_with_exemplar).
    pub fn exemplar(&self, v: f64, labels: &[(&str, &str)], at_ms: u64) -> Result<()> {
        let family = &self.bound.family;
        check_exemplar(&family.meta.name, labels)?;
        if v.is_finite()
            && let Some(shape) = &family.shape
        {
            let bucket = shape.bounds().partition_point(|bound| *bound < v) as u32;
            family.side.keep_exemplar(self.bound.slot, bucket, labels, v, at_ms, &family.guards);
        }
        Ok(())
    }

    /// Begins again at zero. Records that are made meanwhile are before or after.
    pub fn reset(&self) {
        self.bound.family.restart(self.bound.slot, now_ms());
    }

    /// Starts the clock; the time until the timer is dropped or stopped is recorded in seconds.
    pub fn start_timer(&self) -> Timer<'_> {
        Timer { histogram: Some(Cow::Borrowed(self)), start: Instant::now() }
    }

    /// As [`start_timer`](Self::start_timer), for a timer that outlives the borrow: across threads, or in a future.
    pub fn start_timer_owned(&self) -> Timer<'static> {
        Timer { histogram: Some(Cow::Owned(self.clone())), start: Instant::now() }
    }

    /// Records how long `f` takes, in seconds, also when it panics.
    pub fn time<R>(&self, f: impl FnOnce() -> R) -> R {
        let _timer = self.start_timer();
        f()
    }

    /// What was recorded so far, over all threads.
    pub fn distribution(&self) -> Distribution {
        self.bound.family.distribution_now(self.bound.slot)
    }

    /// The number of the first cell, for hosts that record themselves by [`Shape::table`](crate::shape::Shape::table).
    pub fn cell(&self) -> u32 {
        self.bound.follow();
        self.bound.number()
    }

    /// The table that says which cell a value is counted in, if the histogram keeps its counts in the HDR store.
    pub fn hdr_table(&self) -> Option<&HdrTable> {
        table_of(&self.bound.family).hdr()
    }

    pub(crate) fn observe_to(family: &Arc<Core>, labels: &[&str], v: f64) {
        let table = table_of(family).hdr().unwrap_or(&NO_TABLE);
        family.with_place(labels, |place| {
            if !record(table, place.number, v, 1) {
                record_elsewhere(family, place, v, 1);
            }
        });
    }
}

/// A running clock of a histogram.
///
/// ```
/// # let registry = tykmetrics::Registry::new();
/// let latency = registry.histogram("job_seconds", "Time per job").register()?;
/// {
///     let _timer = latency.start_timer();
///     // the work
/// }
/// assert_eq!(latency.distribution().count(), 1);
/// # Ok::<(), tykmetrics::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a timer that is dropped at once measures nothing"]
pub struct Timer<'a> {
    histogram: Option<Cow<'a, Histogram>>,
    start: Instant,
}

impl Timer<'_> {
    /// Records the time, and tells it.
    pub fn stop(mut self) -> Duration {
        let elapsed = self.start.elapsed();
        if let Some(histogram) = self.histogram.take() {
            histogram.observe_duration(elapsed);
        }
        elapsed
    }

    /// Ends without recording, and tells the time.
    pub fn discard(mut self) -> Duration {
        self.histogram = None;
        self.start.elapsed()
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        if let Some(histogram) = self.histogram.take() {
            histogram.observe_duration(self.start.elapsed());
        }
    }
}

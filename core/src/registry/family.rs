//! One family: its series, how they are found, made and removed.
//!
//! A series is a row (state, leases, cell number, companion, start, one word per label) in a table that scrapes read
//! without a lock. Lookups go through an index of 16 stripes, each a hash table of row numbers behind a lock that only
//! lookups and makers of series take. Nothing here is on the record path of a bound handle.

use super::bound::{Bound, Lease, Slot};
use super::key::{self, Key, Seeds};
use super::limits::Budget;
use super::recall;
use super::rows::Rows;
use super::series::{CELL, COMPANION, CREATED, EXPIRED, HANDLE, Hold, LABELS, LEASES, LIVE, OVERFLOW, STATE};
use super::side::Side;
use super::spec::{Cells, Spec};
use super::words::{self, Words};
use crate::clock::steady_ms;
use crate::error::{Error, ErrorCode, Result};
use crate::merge::snapshot::Meta;
use crate::shape::Shape;
use crate::shard::Space;
use crate::shard::numbering::Tier;
use crate::sync::{AtomicU32, AtomicU64, Mutex, Ordering::*, RwLock, Turn, held, is_outside};
use crossbeam::queue::ArrayQueue;
use crossbeam::utils::CachePadded;
use hashbrown::HashTable;
use std::sync::{Arc, OnceLock};

/// Stripes of the index, so that makers of series and the growth of a table hold up one lookup in 16.
const STRIPES: usize = if cfg!(loom) { 1 } else { 16 };
/// The label that overflow series carry, as OpenTelemetry names it.
pub(crate) const OVERFLOW_LABEL: &str = "otel_metric_overflow";
/// Signs of heat that wait to be looked at; more are dropped, since a hot series gives another one soon.
const HOT_QUEUE: usize = 64;
/// What only makers and removers of series need.
pub(super) struct Growth {
    /// Rows whose series is gone for good.
    pub(super) free: Vec<Slot>,
    /// Series that may still be given a private cell.
    pub(super) private_left: u32,
    /// Rows that were removed and wait for their last handle and lease.
    pub(super) removed: Vec<Slot>,
    pub(super) overflow: Option<Slot>,
}

/// One family.
pub(crate) struct Core {
    /// Tells families apart in lookup caches. Never 0, never reused.
    pub(crate) uid: u32,
    pub(crate) meta: Arc<Meta>,
    pub(crate) spec: Spec,
    pub(crate) shape: Option<Arc<Shape>>,
    pub(crate) space: &'static Space,
    /// Moves on when a series is removed or gets another cell, so that lookup caches look again.
    pub(crate) generation: AtomicU32,
    pub(super) rows: Rows,
    pub(super) words: Arc<Words>,
    pub(super) budget: Arc<Budget>,
    pub(super) growth: Mutex<Growth>,
    pub(crate) live: AtomicU32,
    /// The process's, kept here so that a lookup need not ask whether they were made.
    seeds: Seeds,
    index: Box<[CachePadded<RwLock<HashTable<Slot>>>]>,
    pub(super) hot: OnceLock<ArrayQueue<Slot>>,
    /// Whose turn it is to do the upkeep: several registries may list the family.
    pub(super) keeping: Turn,
    pub(crate) side: Side,
    /// When the family was made, Unix time in milliseconds: what its series' starts count from.
    pub(super) birth_ms: u64,
    /// Lookups that were answered with the overflow series.
    pub(crate) overflowed: AtomicU64,
    /// Records of a value that cannot be counted: negative, infinite, not a number.
    pub(crate) invalid: AtomicU64,
}

impl Core {
    pub(super) fn new(spec: Spec, meta: Meta, space: &'static Space, words: Arc<Words>, budget: Arc<Budget>) -> Core {
        static UIDS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
        let labels = meta.label_names.len();
        Core {
            // Relaxed: only uniqueness matters.
            uid: UIDS.fetch_add(1, Relaxed),
            shape: meta.shape.clone(),
            space,
            generation: AtomicU32::new(0),
            rows: Rows::new(LABELS + labels),
            words,
            budget,
            growth: Mutex::new(Growth {
                free: Vec::new(),
                private_left: spec.private_series(),
                removed: Vec::new(),
                overflow: None,
            }),
            live: AtomicU32::new(0),
            seeds: Seeds::process(),
            index: (0..if labels == 0 { 1 } else { STRIPES }).map(|_| CachePadded::default()).collect(),
            hot: OnceLock::new(),
            keeping: Turn::new(),
            side: Side::default(),
            birth_ms: steady_ms(),
            overflowed: AtomicU64::new(0),
            invalid: AtomicU64::new(0),
            spec,
            meta: Arc::new(meta),
        }
    }

    /// Cells that a series takes in a row.
    pub(crate) fn width(&self) -> u32 {
        self.shape.as_ref().map_or(1, |shape| shape.cells())
    }

    // ---- finding ----------------------------------------------------------------------------------------------

    fn stripe(&self, hash: u64) -> &RwLock<HashTable<Slot>> {
        // The low bits choose the set of a lookup cache and the place in a table, so a stripe is chosen by high ones.
        &self.index[(hash >> 48) as usize % self.index.len()]
    }

    fn search(&self, table: &HashTable<Slot>, hash: u64, labels: &[&str]) -> Option<Slot> {
        let is = |slot: &Slot| self.label_texts(self.record(*slot)).map(|text| text.raw).eq(labels.iter().copied());
        table.find(hash, is).copied()
    }

    /// The series of a label set with a handle on it, made if there is none. The overflow series if none may be made.
    pub(crate) fn bind(self: &Arc<Self>, labels: &[&str]) -> Result<Bound> {
        self.check_count(labels.len())?;
        let labels = &*words::kept_all(labels);
        let slot = self.find_or_make(key::hash(labels.iter().copied()), labels, Hold::Handle)?;
        Ok(Bound::counted(Arc::clone(self), slot))
    }

    /// As [`bind`](Self::bind), without making a series.
    pub(crate) fn bind_existing(self: &Arc<Self>, labels: &[&str]) -> Option<Bound> {
        let labels = &*words::kept_all(labels);
        let hash = key::hash(labels.iter().copied());
        let table = held(self.stripe(hash).read());
        let slot = self.search(&table, hash, labels)?;
        self.hold(slot);
        drop(table);
        Some(Bound::counted(Arc::clone(self), slot))
    }

    /// Records to the series of a label set: through the thread's lookup cache if it used the labels before, else
    /// through the index. `None` if the label count is wrong or no series could be had.
    #[inline]
    pub(crate) fn with_place<R>(self: &Arc<Self>, labels: &[&str], record: impl Fn(recall::Place) -> R) -> Option<R> {
        let key = Key::new(labels, self.seeds);
        if let Some(place) = recall::find(self, &key, labels) {
            return Some(record(place));
        }
        self.with_place_slowly(&key, labels, &record)
    }

    #[cold]
    #[inline(never)]
    fn with_place_slowly<R>(
        self: &Arc<Self>,
        key: &Key,
        labels: &[&str],
        record: &dyn Fn(recall::Place) -> R,
    ) -> Option<R> {
        self.check_count(labels.len()).ok()?;
        // Acquire: read before the series is looked up, so that a removal in between makes the entry miss.
        let generation = self.generation.load(Acquire);
        let labels = &*words::kept_all(labels);
        let slot = self.find_or_make(key::hash(labels.iter().copied()), labels, Hold::Lease).ok()?;
        let lease = Lease::counted(Arc::clone(self), slot);
        let number = self.number(slot);
        let result = record(recall::Place { number, run: self.space.shared_run(number), slot });
        // The overflow series stands for many label sets, which would push the others out of the cache.
        if self.state(slot) & OVERFLOW == 0 {
            recall::keep(lease, generation, key, labels);
        }
        Some(result)
    }

    pub(crate) fn check_count(&self, given: usize) -> Result<()> {
        let wanted = self.meta.label_names.len();
        if given == wanted {
            return Ok(());
        }
        let (name, names) = (&self.meta.name, self.meta.label_names.join(", "));
        Err(Error::new(
            ErrorCode::LabelCount,
            format!("metric {name:?} has {wanted} labels ({names}), but {given} values were given; give one for each"),
        ))
    }

    pub(super) fn find_or_make(&self, hash: u64, labels: &[&str], hold: Hold) -> Result<Slot> {
        let stripe = self.stripe(hash);
        let table = held(stripe.read());
        if let Some(slot) = self.search(&table, hash, labels) {
            // Held before the lock is left: the series is in the index, so it was not removed.
            self.hold_as(slot, hold);
            return Ok(slot);
        }
        drop(table);
        // Relaxed: a family that is full is not worth an exclusive lock; whoever makes room is seen a little later.
        if self.live.load(Relaxed) >= self.spec.limit {
            return self.overflow(hold);
        }
        let mut table = held(stripe.write());
        if let Some(slot) = self.search(&table, hash, labels) {
            self.hold_as(slot, hold);
            return Ok(slot);
        }
        match self.make(labels, hold) {
            Some(slot) => {
                table.insert_unique(hash, slot, |slot| {
                    key::hash(self.label_texts(self.record(*slot)).map(|text| text.raw))
                });
                Ok(slot)
            }
            None => {
                drop(table);
                self.overflow(hold)
            }
        }
    }

    // ---- making -----------------------------------------------------------------------------------------------

    /// A series that is not in the index yet, held once. `None` if a limit or the memory is used up.
    fn make(&self, labels: &[&str], hold: Hold) -> Option<Slot> {
        let mut growth = held(self.growth.lock());
        // Relaxed: only changed under this lock.
        if self.live.load(Relaxed) >= self.spec.limit || !self.budget.take() {
            return None;
        }
        let made = self.make_row(&mut growth, labels, LIVE, hold);
        match made {
            Some(_) => {
                self.live.fetch_add(1, Relaxed);
            }
            None => self.budget.give_back(1),
        }
        made
    }

    fn make_row(&self, growth: &mut Growth, labels: &[&str], flags: u32, hold: Hold) -> Option<Slot> {
        let tier = match self.spec.cells {
            Cells::Float | Cells::States => Tier::Level,
            _ if growth.private_left > 0 => Tier::Private,
            _ => Tier::Shared,
        };
        let mut words = Vec::with_capacity(labels.len());
        let cell = self.space.take(tier, self.width());
        let row = cell.and_then(|cell| {
            for label in labels {
                words.push(self.words.intern(label)?);
            }
            let reused = growth.free.pop();
            let (slot, row) = match reused {
                Some(slot) => (slot, self.rows.row(slot)),
                None => self.rows.make()?,
            };
            // Relaxed: the state below publishes the row.
            row[CELL].store(cell, Relaxed);
            row[COMPANION].store(0, Relaxed);
            row[CREATED].store(self.tick(), Relaxed);
            row[LABELS..].iter().zip(&words).for_each(|(place, word)| place.store(*word, Relaxed));
            row[LEASES].store(u32::from(hold == Hold::Lease), Relaxed);
            let handles = if hold == Hold::Handle { HANDLE } else { 0 };
            // Release: a scrape that sees the series live sees the rest of its row.
            row[STATE].store(flags | handles, Release);
            if reused.is_none() {
                self.rows.publish();
            }
            Some(slot)
        });
        if row.is_none() {
            words.into_iter().for_each(|word| self.words.release(word));
            if let Some(cell) = cell {
                self.space.recycle(&self.space.alone(), cell, self.width());
            }
            return None;
        }
        // The overflow series takes no share of the private ones: it is the users' series that are counted.
        let counted = tier == Tier::Private && flags & OVERFLOW == 0;
        growth.private_left = growth.private_left.saturating_sub(u32::from(counted));
        if growth.private_left == 0 {
            self.hot.get_or_init(|| ArrayQueue::new(HOT_QUEUE));
        }
        row
    }

    /// Makes the overflow series, hidden, so that a lookup always has a series to answer with.
    pub(super) fn prepare(&self) -> Result<()> {
        let mut growth = held(self.growth.lock());
        growth.overflow = self.make_row(&mut growth, &[], OVERFLOW, Hold::Lease);
        match growth.overflow {
            Some(slot) => {
                self.end_lease(slot);
                Ok(())
            }
            None => Err(self.no_memory()),
        }
    }

    fn no_memory(&self) -> Error {
        Error::new(ErrorCode::Platform, format!("no memory for a series of metric {:?}", self.meta.name))
    }

    /// The series that takes the records of label sets beyond a limit.
    fn overflow(&self, hold: Hold) -> Result<Slot> {
        // Relaxed: a count that is only shown.
        self.overflowed.fetch_add(1, Relaxed);
        let growth = held(self.growth.lock());
        let slot = growth.overflow.ok_or_else(|| self.no_memory())?;
        self.hold_as(slot, hold);
        // Release: as where a row is made. From here on it is rendered.
        self.rows.row(slot)[STATE].fetch_or(LIVE, Release);
        Ok(slot)
    }

    // ---- removing ---------------------------------------------------------------------------------------------

    /// Removes the series of a label set. Handles on it keep working and are no longer rendered.
    pub(crate) fn remove(&self, labels: &[&str]) -> bool {
        self.take_out(labels, None)
    }

    /// Removes the series that carry all of these labels; tells how many there were.
    pub(crate) fn remove_matching(&self, labels: &[(&str, &str)]) -> usize {
        let names = &self.meta.label_names;
        // Where each label is among the family's own.
        let wanted: Option<Vec<(usize, &str)>> =
            labels.iter().map(|(name, value)| Some((names.iter().position(|own| own == name)?, *value))).collect();
        let Some(wanted) = wanted.filter(|_| !names.is_empty()) else { return 0 };
        let mut found = Vec::new();
        {
            // Held so that no series' text is taken back while it is read.
            let _view = self.space.view();
            for slot in 0..self.rows.len() {
                if self.state(slot) & (LIVE | OVERFLOW) == LIVE {
                    let values = self.label_values(slot);
                    if wanted.iter().all(|(at, value)| values[*at] == *value) {
                        found.push(values);
                    }
                }
            }
        }
        let remove = |values: &Vec<String>| self.remove(&values.iter().map(String::as_str).collect::<Vec<_>>());
        found.iter().filter(|values| remove(values)).count()
    }

    /// Takes a series out of the index, if it is there. With `idle`, only if it is that one and nobody took a handle since
    /// it was found idle; it is then marked as expired.
    pub(super) fn take_out(&self, labels: &[&str], idle: Option<Slot>) -> bool {
        let labels = &*words::kept_all(labels);
        let hash = key::hash(labels.iter().copied());
        let mut table = held(self.stripe(hash).write());
        let is = |slot: &Slot| self.label_texts(self.record(*slot)).map(|text| text.raw).eq(labels.iter().copied());
        let Ok(entry) = table.find_entry(hash, is) else { return false };
        let slot = *entry.get();
        // Its labels may have been removed since and have another series now, whose counts are not those that are
        // remembered. Handles are only taken under this stripe's lock.
        if idle.is_some_and(|idle| idle != slot || self.state(slot) >= HANDLE) {
            return false;
        }
        entry.remove();
        self.retire(slot, if idle.is_some() { EXPIRED } else { 0 });
        true
    }

    /// Removes every series.
    pub(crate) fn clear(&self) {
        for stripe in &self.index {
            let mut table = held(stripe.write());
            table.drain().for_each(|slot| self.retire(slot, 0));
        }
        // The overflow series is replaced by a fresh one; without memory for it the old one stays, hidden.
        let mut growth = held(self.growth.lock());
        let Some(slot) = growth.overflow else { return };
        let fresh = self.make_row(&mut growth, &[], OVERFLOW, Hold::Lease);
        if let Some(fresh) = fresh {
            self.end_lease(fresh);
            growth.overflow = Some(fresh);
            growth.removed.push(slot);
        }
        // Relaxed: as in `hide`. Before the lock is let go: afterwards the row may be another series'.
        self.rows.row(slot)[STATE].fetch_and(!LIVE, Relaxed);
        drop(growth);
        self.changed();
    }

    /// A series left the index and makes room for another.
    fn retire(&self, slot: Slot, mark: u32) {
        // Relaxed: read under the lock of growth only to compare with a limit.
        self.live.fetch_sub(1, Relaxed);
        self.budget.give_back(1);
        self.hide(slot, mark);
    }

    /// A series is no longer rendered, and its cells come back when nobody holds it.
    fn hide(&self, slot: Slot, mark: u32) {
        // Relaxed: the flags decide what is rendered; what is reused is decided under locks.
        self.rows.row(slot)[STATE].fetch_xor(LIVE | mark, Relaxed);
        held(self.growth.lock()).removed.push(slot);
        self.changed();
    }

    /// What lookup caches remember of the family may not hold any more: a series is gone or has another cell, or nobody
    /// can look the family up.
    pub(super) fn changed(&self) {
        // Release: a cache that reads the new generation sees what changed.
        self.generation.fetch_add(1, Release);
        recall::mark_stale();
    }
}

impl Drop for Core {
    /// Gives back what the series had: no handle or lease is left, since each holds the family.
    fn drop(&mut self) {
        let ledger = self.space.alone();
        let mut callbacks = Vec::new();
        for slot in 0..self.rows.len() {
            let record = self.record(slot);
            // Other families of the registry share the words. A row without cells has given its own back.
            if record.first_number() != 0 && record.state() & OVERFLOW == 0 {
                record.word_numbers().for_each(|word| self.words.release(word));
            }
            callbacks.extend(self.free_cells(&ledger, slot));
        }
        // Relaxed: nobody else has the family.
        self.budget.give_back(self.live.load(Relaxed));
        drop(ledger);
        debug_assert!(callbacks.is_empty() || is_outside(), "the host's code is dropped where no lock is held");
        drop(callbacks);
    }
}

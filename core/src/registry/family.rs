//! One family: its series, how they are found and made. (How they are removed is in `remove.rs`.)
//!
//! A series is a row (state, leases, cell number, companion, start, one word per label) in a table that scrapes read
//! without a lock. Lookups go through an index of 16 stripes, each a hash table of row numbers behind a lock that only
//! lookups and makers of series take. Nothing here is on the record path of a bound handle.

use super::bound::{Bound, Lease, Slot};
use super::guard::Guards;
use super::key::{self, Key, Seeds};
use super::limits::Budget;
use super::recall;
use super::rows::Rows;
use super::series::{CELL, COMPANION, CREATED, HANDLE, Hold, LABELS, LEASES, LIVE, OVERFLOW, STATE};
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
    pub(crate) words: Arc<Words>,
    pub(crate) guards: Guards,
    pub(super) budget: Arc<Budget>,
    pub(super) growth: Mutex<Growth>,
    pub(crate) live: AtomicU32,
    /// The process's, kept here so that a lookup need not ask whether they were made.
    seeds: Seeds,
    pub(super) index: Box<[CachePadded<RwLock<HashTable<Slot>>>]>,
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
            guards: Guards::new(words.guard()),
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

    pub(super) fn stripe(&self, hash: u64) -> &RwLock<HashTable<Slot>> {
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
        let find = |labels: &[&str]| self.find(key::hash(labels.iter().copied()), labels, Hold::Handle);
        let cleaned = || self.guards.cleaned(labels, false);
        let slot = find(labels).or_else(|| find(&refs(&cleaned()?)))?;
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

    /// The series of exactly these label values, held.
    fn find(&self, hash: u64, labels: &[&str], hold: Hold) -> Option<Slot> {
        let table = held(self.stripe(hash).read());
        let slot = self.search(&table, hash, labels)?;
        // Held before the lock is left: the series is in the index, so it was not removed.
        self.hold_as(slot, hold);
        Some(slot)
    }

    pub(super) fn find_or_make(&self, hash: u64, labels: &[&str], hold: Hold) -> Result<Slot> {
        if let Some(slot) = self.find(hash, labels, hold) {
            return Ok(slot);
        }
        let guard = &self.guards;
        loop {
            // Read before the values are cleaned, so that they are cleaned again if it is another by the time they count.
            let version = guard.version();
            let found = match guard.cleaned(labels, true) {
                None => self.make_in_index(version, hash, labels, hold),
                Some(clean) => {
                    let clean = refs(&clean);
                    let hash = key::hash(clean.iter().copied());
                    self.find(hash, &clean, hold).map(Ok).or_else(|| self.make_in_index(version, hash, &clean, hold))
                }
            };
            if let Some(found) = found {
                return found;
            }
        }
    }

    /// The series of label values that are clean by this version of the guard, made if there is none; nothing if the version
    /// is another by now.
    fn make_in_index(&self, version: u32, hash: u64, labels: &[&str], hold: Hold) -> Option<Result<Slot>> {
        // Relaxed: a family that is full is not worth an exclusive lock; whoever makes room is seen a little later.
        if self.live.load(Relaxed) >= self.spec.limit {
            return Some(self.overflow(hold));
        }
        let mut table = held(self.stripe(hash).write());
        if let Some(slot) = self.search(&table, hash, labels) {
            self.hold_as(slot, hold);
            return Some(Ok(slot));
        }
        // Under the lock that whoever sets another guard takes, to look for what is not clean.
        if self.guards.version() != version {
            return None;
        }
        match self.make(labels, hold) {
            Some(slot) => {
                table.insert_unique(hash, slot, |slot| {
                    key::hash(self.label_texts(self.record(*slot)).map(|text| text.raw))
                });
                Some(Ok(slot))
            }
            None => {
                drop(table);
                Some(self.overflow(hold))
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

    pub(super) fn make_row(&self, growth: &mut Growth, labels: &[&str], flags: u32, hold: Hold) -> Option<Slot> {
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
}

/// Label values as lookups take them.
pub(super) fn refs(labels: &[String]) -> Vec<&str> {
    labels.iter().map(String::as_str).collect()
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

//! The lookup cache of a thread: label values it used before, and where their cells are.
//!
//! A lookup that hits costs one hash, one comparison and no lock. An entry holds a lease on its series, so the cell it
//! names is not given to another series while a thread may still add to it; when a family loses a series its generation
//! moves on, and entries of an older generation miss. Entries of closed families and removed series are dropped the
//! next time their thread misses.

use super::bound::Lease;
use super::family::Core;
use super::key::{self, Key, WORDS};
use crate::shard::cell::CellId;
use crate::sync::{AtomicU64, Ordering::*};
use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::atomic::AtomicUsize;

/// Two places for each of 512 hashes: a thread that uses a few hundred label sets keeps nearly all of them, in 128 KiB
/// that are touched as they fill.
const SETS: usize = 512;
const WAYS: usize = 2;
/// Counts what may make entries worth dropping: series removed, families closed.
static STALE: AtomicUsize = AtomicUsize::new(0);

/// Says that caches may hold what is of no use any more.
pub(super) fn mark_stale() {
    // Relaxed: a hint; a thread that reads it late sweeps later.
    STALE.fetch_add(1, Relaxed);
}

/// Two cache lines.
#[repr(C, align(128))]
struct Entry {
    lengths: u64,
    family: u32,
    generation: u32,
    words: [u64; WORDS],
    shared: Option<NonNull<AtomicU64>>,
    lease: Option<Lease>,
    number: CellId,
}

impl Entry {
    const EMPTY: Entry =
        Entry { lengths: 0, family: 0, generation: 0, words: [0; WORDS], shared: None, lease: None, number: 0 };
}

struct Cache {
    entries: Box<[Entry]>,
    swept: usize,
}

thread_local! {
    // Reached on every lookup: `const` and without a destructor, so it is one read. `KEEPER` owns what it points to.
    static CACHE: Cell<*mut Cache> = const { Cell::new(std::ptr::null_mut()) };
    static KEEPER: Cell<Option<Keeper>> = const { Cell::new(None) };
}

struct Keeper(*mut Cache);

impl Drop for Keeper {
    fn drop(&mut self) {
        CACHE.set(std::ptr::null_mut());
        // SAFETY: made by `cache` from a box; the thread's pointer to it was just taken away.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// Where a remembered series' cells are.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) number: CellId,
    /// The shared cell of that number, and of those after it.
    pub(crate) run: NonNull<AtomicU64>,
    pub(crate) slot: u32,
}

impl Place {
    /// The first shared cell.
    #[inline(always)]
    pub(crate) fn shared(&self) -> &'static AtomicU64 {
        // SAFETY: shared cells live as long as the process.
        unsafe { self.run.as_ref() }
    }
}

/// The place of a label set this thread used before.
#[inline(always)]
pub(super) fn find(family: &Core, key: &Key, labels: &[&str]) -> Option<Place> {
    let cache = CACHE.get();
    if cache.is_null() || !key.is_small {
        return None;
    }
    // SAFETY: the cache is the calling thread's own, and no other reference to it lives while this one does: nothing
    // below calls out.
    let entries = unsafe { &(*cache).entries };
    let set = key.hash as usize % SETS * WAYS;
    // SAFETY: `set` is below SETS * WAYS, the number of entries, and a multiple of WAYS.
    let ways = unsafe { entries.get_unchecked(set..set + WAYS) };
    // Acquire: pairs with the Release of a removal, so that a current generation means a series that was not removed.
    let generation = family.generation.load(Acquire);
    for entry in ways {
        if entry.family == family.uid
            && entry.generation == generation
            && key.is(labels, entry.lengths, &entry.words)
            && let (Some(shared), Some(lease)) = (entry.shared, &entry.lease)
        {
            return Some(Place { number: entry.number, run: shared, slot: lease.slot });
        }
    }
    None
}

/// Remembers a series for this thread's next lookups. `generation` is the family's before the series was looked up.
pub(super) fn keep(lease: Lease, generation: u32, key: &Key, labels: &[&str]) {
    let Some(cache) = cache().filter(|_| key.is_small) else { return };
    let number = lease.family.number(lease.slot);
    let entry = Entry {
        lengths: key.lengths,
        family: lease.family.uid,
        generation,
        words: key::words(labels),
        shared: Some(lease.family.space.shared_run(number)),
        lease: Some(lease),
        number,
    };
    let set = key.hash as usize % SETS * WAYS;
    // SAFETY: as in `find`; the entry that goes is dropped after the reference ends, since a drop may free a family.
    let gone = unsafe {
        let ways = &mut (&mut (*cache).entries)[set..set + WAYS];
        // The newest goes first; the other way keeps the one before.
        ways.rotate_right(1);
        std::mem::replace(&mut ways[0], entry)
    };
    drop(gone);
    sweep(cache);
}

/// The thread's cache, made at its first miss. `None` while the thread is ending.
fn cache() -> Option<*mut Cache> {
    let cache = CACHE.get();
    if !cache.is_null() {
        return Some(cache);
    }
    let entries = (0..SETS * WAYS).map(|_| Entry::EMPTY).collect();
    // Relaxed: as in `mark_stale`.
    let made = Box::into_raw(Box::new(Cache { entries, swept: STALE.load(Relaxed) }));
    match KEEPER.try_with(|keeper| keeper.set(Some(Keeper(made)))) {
        Ok(()) => {
            CACHE.set(made);
            Some(made)
        }
        Err(_) => {
            // SAFETY: just made, and nobody else has it.
            drop(unsafe { Box::from_raw(made) });
            None
        }
    }
}

/// Drops entries that can hit no more, if there may be any.
fn sweep(cache: *mut Cache) {
    // Relaxed: as in `mark_stale`.
    let stale = STALE.load(Relaxed);
    // SAFETY: as in `find`. What goes is collected first and dropped last.
    let gone: Vec<Lease> = unsafe {
        let cache = &mut *cache;
        if cache.swept == stale {
            return;
        }
        cache.swept = stale;
        let of_use = |e: &Entry| {
            // Acquire: as in `find`.
            e.lease.as_ref().is_none_or(|l| l.family.generation.load(Acquire) == e.generation)
        };
        cache
            .entries
            .iter_mut()
            .filter(|e| !of_use(e))
            .filter_map(|e| std::mem::replace(e, Entry::EMPTY).lease)
            .collect()
    };
    drop(gone);
}

const _: () = assert!(size_of::<Entry>() == 128);

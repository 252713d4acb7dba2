//! The lookup cache of a thread: label values it used before, and where their cells are.
//!
//! A lookup that hits costs one hash, one comparison and no lock. An entry holds a lease on its series, so the cell it
//! names is not given to another series while a thread may still add to it; when a family loses a series its generation
//! moves on, and entries of an older generation miss. Entries of closed families and removed series are dropped the
//! next time their thread misses.

use super::bound::Lease;
use super::family::Core;
use crate::shard::cell::CellId;
use crate::sync::{AtomicU64, Ordering::*};
use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::atomic::AtomicUsize;

/// Two places for each of 512 hashes: a thread that uses a few hundred label sets keeps nearly all of them, in 128 KiB
/// that are touched as they fill.
const SETS: usize = 512;
const WAYS: usize = 2;
/// Bytes of label text an entry holds, so that an entry is two cache lines. Longer sets are looked up in the index.
const KEY: usize = 80;

/// Counts what may make entries worth dropping: series removed, families closed.
static STALE: AtomicUsize = AtomicUsize::new(0);

/// Says that caches may hold what is of no use any more.
pub(super) fn mark_stale() {
    // Relaxed: a hint; a thread that reads it late sweeps later.
    STALE.fetch_add(1, Relaxed);
}

#[repr(C, align(128))]
struct Entry {
    hash: u64,
    family: u32,
    generation: u32,
    number: CellId,
    length: u32,
    shared: Option<NonNull<AtomicU64>>,
    lease: Option<Lease>,
    key: [u8; KEY],
}

impl Entry {
    const EMPTY: Entry =
        Entry { hash: 0, family: 0, generation: 0, number: 0, length: 0, shared: None, lease: None, key: [0; KEY] };
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
    pub(crate) shared: &'static AtomicU64,
    pub(crate) slot: u32,
}

/// The place of a label set this thread used before.
#[inline]
pub(crate) fn find(family: &Core, hash: u64, labels: &[&str]) -> Option<Place> {
    let cache = CACHE.get();
    if cache.is_null() {
        return None;
    }
    // SAFETY: the cache is the calling thread's own, and no other reference to it lives while this one does: nothing
    // below calls out.
    let entries = unsafe { &(*cache).entries };
    let set = hash as usize % SETS * WAYS;
    // SAFETY: `set` is below SETS * WAYS, the number of entries, and a multiple of WAYS.
    let ways = unsafe { entries.get_unchecked(set..set + WAYS) };
    // Acquire: pairs with the Release of a removal, so that a current generation means a series that was not removed.
    let generation = family.generation.load(Acquire);
    for entry in ways {
        if entry.hash == hash
            && entry.family == family.uid
            && entry.generation == generation
            && same(entry, labels)
            && let (Some(shared), Some(lease)) = (entry.shared, &entry.lease)
        {
            // SAFETY: shared cells live as long as the process.
            return Some(Place { number: entry.number, shared: unsafe { shared.as_ref() }, slot: lease.slot });
        }
    }
    None
}

/// Whether an entry's key is these labels: each as its length and its bytes.
#[inline(always)]
fn same(entry: &Entry, labels: &[&str]) -> bool {
    let mut at = 0;
    for label in labels {
        let bytes = label.as_bytes();
        // Keys are written by `write_key`, which refuses what does not fit.
        if at + 1 + bytes.len() > KEY || entry.key[at] as usize != bytes.len() {
            return false;
        }
        if !equal(&entry.key[at + 1..at + 1 + bytes.len()], bytes) {
            return false;
        }
        at += 1 + bytes.len();
    }
    at == entry.length as usize
}

/// Compares short texts of the same length by overlapping words: a call to `memcmp` costs more than the comparison.
#[inline(always)]
fn equal(a: &[u8], b: &[u8]) -> bool {
    let n = a.len();
    let word = |s: &[u8], at: usize| s[at..].first_chunk::<8>().map(|c| u64::from_ne_bytes(*c));
    let half = |s: &[u8], at: usize| s[at..].first_chunk::<4>().map(|c| u32::from_ne_bytes(*c));
    if n >= 8 {
        let mut at = 0;
        while at + 8 < n {
            if word(a, at) != word(b, at) {
                return false;
            }
            at += 8;
        }
        word(a, n - 8) == word(b, n - 8)
    } else if n >= 4 {
        half(a, 0) == half(b, 0) && half(a, n - 4) == half(b, n - 4)
    } else {
        a.iter().zip(b).all(|(x, y)| x == y)
    }
}

fn write_key(key: &mut [u8; KEY], labels: &[&str]) -> Option<u32> {
    let mut at = 0;
    for label in labels {
        let bytes = label.as_bytes();
        *key.get_mut(at)? = u8::try_from(bytes.len()).ok()?;
        key.get_mut(at + 1..at + 1 + bytes.len())?.copy_from_slice(bytes);
        at += 1 + bytes.len();
    }
    Some(at as u32)
}

/// Remembers a series for this thread's next lookups. `generation` is the family's before the series was looked up.
pub(crate) fn keep(lease: Lease, generation: u32, hash: u64, labels: &[&str]) {
    let Some(cache) = cache() else { return };
    let mut key = [0; KEY];
    let Some(length) = write_key(&mut key, labels) else { return };
    let number = lease.family.number(lease.slot);
    let entry = Entry {
        hash,
        family: lease.family.uid,
        generation,
        number,
        length,
        shared: Some(NonNull::from(lease.family.space.shared(number))),
        lease: Some(lease),
        key,
    };
    let set = hash as usize % SETS * WAYS;
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

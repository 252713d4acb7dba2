//! All the cells of a process: the shared ones, the slabs, and the numbers both are indexed by.
//!
//! `registry` asks here for numbers, `writer` and hosts for slabs, `merge` for a [`View`] over everything that holds a
//! cell. The list of slabs only grows and is read without a lock; a lock guards the free list, which a writer touches
//! once when it begins and once when it ends.
//!
//! The *ledger* is the lock that keeps a merge from seeing a count in two places or in none: merges hold it shared,
//! and whoever moves counts (releasing attached memory, zeroing the cells of a removed series) holds it alone.
//! Recording never touches it.

use super::cell::{self, CellId};
use super::memory::{Mapping, Source};
use super::numbering::{Layout, Numbering, PAGE_CELLS, Tier};
use super::slab::{CellEncoding, Owner, Slab};
use crate::error::{Error, ErrorCode, Result};
use crate::sync::{AtomicPtr, AtomicU64, AtomicUsize, Mutex, Ordering::*, OwnLoad, RwLock, fence, held};
use std::ops::Range;
use std::ptr::NonNull;

/// The most slabs a process has. A writer beyond it uses the shared cells: correct, only slower. 1,024 is four times
/// the hardware threads of the largest common servers.
#[cfg(not(loom))]
pub(crate) const MAX_SLABS: usize = 1024;
#[cfg(loom)]
pub(crate) const MAX_SLABS: usize = 2;

/// Memory of a host's own that holds the cells of a range of numbers, or what such memory held when its host left.
struct Attached {
    id: u64,
    first: CellId,
    len: u32,
    memory: NonNull<AtomicU64>,
    encoding: CellEncoding,
    /// The cells themselves, once the host has left.
    parked: Option<Box<[AtomicU64]>>,
}

// SAFETY: the memory is only read, through atomics, while the host keeps its promise that it stays valid.
unsafe impl Send for Attached {}
// SAFETY: as above.
unsafe impl Sync for Attached {}

impl Attached {
    /// Copies a cell of another block for the same numbers.
    fn take_over(&self, from: &Attached, number: CellId) {
        if let (Some(to), Some(from)) = (self.cell(number), from.cell(number)) {
            // Relaxed: nobody else writes either, and readers wait for the ledger.
            to.store(from.load(Relaxed), Relaxed);
        }
    }

    fn cell(&self, number: CellId) -> Option<&AtomicU64> {
        let at = number.checked_sub(self.first).filter(|at| *at < self.len)?;
        // SAFETY: `at` is inside the memory the host attached, which it keeps valid until the release returns.
        Some(unsafe { self.memory.add(at as usize).as_ref() })
    }
}

#[cfg(loom)]
use loom::sync::{RwLockReadGuard, RwLockWriteGuard};
#[cfg(not(loom))]
use std::sync::{RwLockReadGuard, RwLockWriteGuard};

/// The ledger, held alone: no merge reads.
pub(crate) struct Alone<'a>(RwLockWriteGuard<'a, Vec<Attached>>);

/// All the cells of a process.
pub(crate) struct Space {
    numbering: Numbering,
    shared: Mapping,
    slabs: Box<[AtomicPtr<Slab>]>,
    /// Slabs that have every page they need: what readers look at.
    slab_count: AtomicUsize,
    /// Slabs that whoever hands out numbers must commit pages in: at most one more, which is about to be counted.
    announced: AtomicUsize,
    /// Slabs without a writer. Its lock is what orders the last writes of one owner before the first of the next.
    idle: Mutex<Vec<NonNull<Slab>>>,
    /// Guards what may not change while a merge reads; holds the attached memory.
    ledger: RwLock<Vec<Attached>>,
    attachments: AtomicU64,
}

// SAFETY: slabs are only reached through the pointers published here, are freed with the space, and hold only atomics.
unsafe impl Send for Space {}
// SAFETY: as above.
unsafe impl Sync for Space {}

impl Space {
    /// The space of this process.
    #[cfg(not(loom))]
    pub(crate) fn process() -> &'static Space {
        static PROCESS: std::sync::OnceLock<Space> = std::sync::OnceLock::new();
        PROCESS.get_or_init(|| {
            let mut layout = Layout::DEFAULT;
            loop {
                match Space::new(layout) {
                    Ok(space) => return space,
                    // 4 MiB of shared cells is less than any program that runs at all can map.
                    Err(error) if layout.shared_scalars <= 1 << 18 => {
                        panic!("tykmetrics cannot reserve its first cells: {error}")
                    }
                    Err(_) => layout = layout.halved(),
                }
            }
        })
    }

    /// Models make spaces of their own.
    #[cfg(loom)]
    pub(crate) fn process() -> &'static Space {
        unreachable!("a model opens its own space")
    }

    pub(crate) fn new(layout: Layout) -> Result<Space> {
        let shared = Mapping::reserve(layout.end() as usize, Source::Private)?;
        Ok(Space {
            numbering: Numbering::new(layout),
            shared,
            slabs: (0..MAX_SLABS).map(|_| AtomicPtr::new(std::ptr::null_mut())).collect(),
            slab_count: AtomicUsize::new(0),
            announced: AtomicUsize::new(0),
            idle: Mutex::new(Vec::new()),
            ledger: RwLock::new(Vec::new()),
            attachments: AtomicU64::new(0),
        })
    }

    pub(crate) fn layout(&self) -> Layout {
        self.numbering.layout()
    }

    pub(crate) fn numbers_used(&self) -> [u32; 4] {
        self.numbering.used()
    }

    /// The shared cell of a number.
    #[inline]
    pub(crate) fn shared(&self, number: CellId) -> &AtomicU64 {
        self.shared.cell(number as usize)
    }

    // ---- numbers ----------------------------------------------------------------------------------------------

    /// `len` zeroed cells in a row, usable in every slab that has them. `None` if there are none left.
    pub(crate) fn take(&self, tier: Tier, len: u32) -> Option<CellId> {
        let at = self.numbering.take(tier, len)?;
        if self.commit(at, len) {
            return Some(at);
        }
        self.numbering.give_back(at, len);
        // What a slab cannot hold, the shared cells might.
        let at = (tier == Tier::Private).then(|| self.numbering.take(Tier::Shared, len)).flatten()?;
        if self.commit(at, len) {
            return Some(at);
        }
        self.numbering.give_back(at, len);
        None
    }

    /// One more cell for a series that has one at `beside`. Safe on the record path: it waits for nobody and allocates
    /// nothing.
    pub(crate) fn take_beside(&self, beside: CellId) -> Option<CellId> {
        self.numbering.take_beside(beside).filter(|at| self.commit(*at, 1))
    }

    fn commit(&self, at: CellId, len: u32) -> bool {
        let cells = at as usize..at as usize + len as usize;
        if !self.shared.commit(cells.clone()) {
            return false;
        }
        if at >= self.layout().private() {
            return true;
        }
        // SeqCst: pairs with the fence in `add_slab`. The number was taken before, the announcement is read after: so
        // either this finds the new slab, or the maker of the slab finds the number in use.
        fence(SeqCst);
        self.listed(&self.announced).all(|slab| slab.cells.commit(cells.clone()))
    }

    /// Waits until no merge reads, and keeps new ones waiting.
    pub(crate) fn alone(&self) -> Alone<'_> {
        Alone(held(self.ledger.write()))
    }

    /// Takes numbers back whose cells nobody can write any more, and zeroes them everywhere.
    pub(crate) fn recycle(&self, alone: &Alone<'_>, at: CellId, len: u32) {
        for number in at..at + len {
            // Relaxed: the last writer's stores happened before (its handles are gone, counted by an Acquire read), and
            // the next owner learns the number through a lock.
            self.shared(number).store(0, Relaxed);
            if number < self.layout().private() {
                self.slabs().for_each(|slab| slab.cells.cell(number as usize).store(0, Relaxed));
            }
            alone.0.iter().filter_map(|a| a.cell(number)).for_each(|cell| cell.store(0, Relaxed));
        }
        self.numbering.give_back(at, len);
    }

    // ---- slabs ------------------------------------------------------------------------------------------------

    /// A slab for a new writer: one that a writer before left, else a fresh one while there are fewer than the cap.
    pub(crate) fn open(&self, owner: Owner, encoding: CellEncoding) -> Option<&Slab> {
        let mut idle = held(self.idle.lock());
        // The last one that was left is the likeliest to be in a cache.
        // SAFETY here and below: slabs live as long as the space.
        let left = idle.iter().rposition(|slab| {
            // SAFETY: as above.
            unsafe { slab.as_ref() }.encoding == encoding
        });
        let slab = match left.map(|at| idle.remove(at)) {
            // SAFETY: as above.
            Some(slab) => unsafe { slab.as_ref() },
            None => self.add_slab(encoding)?,
        };
        slab.set_owner(owner);
        Some(slab)
    }

    /// Maps a slab and lists it. To be called with the free list locked, so that additions do not race.
    fn add_slab(&self, encoding: CellEncoding) -> Option<&Slab> {
        // Only changed under the lock that the caller holds.
        let at = self.slab_count.own_load();
        let place = self.slabs.get(at)?;
        // Relaxed: only changed under the same lock. A slab that was refused its pages before is tried again.
        let mut slab = place.load(Relaxed);
        if slab.is_null() {
            slab = Box::into_raw(Box::new(Slab::new(self.layout(), encoding).ok()?));
            // Release: whoever reads a count or the pointer sees the slab's fields.
            place.store(slab, Release);
        }
        // SAFETY: made here or at an earlier try, and freed only with the space.
        let slab = unsafe { &*slab };
        if slab.encoding != encoding {
            return None;
        }
        self.announced.store(at + 1, Release);
        // SeqCst: as in `commit`.
        fence(SeqCst);
        let [scalars, pages, ..] = self.numbers_used();
        let used =
            slab.cells.commit(0..scalars as usize) && slab.cells.commit(self.layout().scalars as usize..pages as usize);
        if !used {
            // Release: as above. Numbers can be had without it; the next try commits them all.
            self.announced.store(at, Release);
            return None;
        }
        // Release: as above, and whoever reads the count finds the pages there.
        self.slab_count.store(at + 1, Release);
        Some(slab)
    }

    /// Takes a slab back from its writer. The counts stay in it.
    pub(crate) fn close(&self, slab: &Slab) {
        let mut idle = held(self.idle.lock());
        slab.set_owner(Owner::Nobody);
        idle.push(NonNull::from(slab));
    }

    /// Every slab there ever was, in the order they were made.
    pub(crate) fn slabs(&self) -> impl Iterator<Item = &Slab> {
        self.listed(&self.slab_count)
    }

    fn listed(&self, count: &AtomicUsize) -> impl Iterator<Item = &Slab> + use<'_> {
        // Acquire: pairs with the Release in `add_slab`.
        let count = count.load(Acquire);
        self.slabs[..count].iter().map(|place| {
            // SAFETY: places below the count hold slabs that live as long as the space.
            unsafe { &*place.load(Acquire) }
        })
    }

    // ---- attached memory --------------------------------------------------------------------------------------

    /// Adds memory of the host's own to what merges read: `len` cells for the numbers from `first` on.
    ///
    /// If a host before it left counts for the same numbers, they are copied in first: as with slabs, the next writer
    /// adopts them, so there are never more blocks than there were hosts at once.
    ///
    /// # Safety
    /// 1. `memory` is aligned to 8 bytes, holds zeroes, and is valid for `len` cells until the attachment is dropped.
    /// 2. One writer at a time writes it, in whole aligned 8-byte stores, and none before this returns.
    pub(crate) unsafe fn attach(
        &'static self,
        encoding: CellEncoding,
        first: CellId,
        memory: NonNull<AtomicU64>,
        len: u32,
    ) -> Attachment {
        // Relaxed: a number to tell attachments apart.
        let id = self.attachments.fetch_add(1, Relaxed);
        let mut ledger = held(self.ledger.write());
        let fresh = Attached { id, first, len, memory, encoding, parked: None };
        let left = |a: &Attached| a.parked.is_some() && (a.encoding, a.first, a.len) == (encoding, first, len);
        if let Some(at) = ledger.iter().position(left) {
            let parked = ledger.swap_remove(at);
            (first..first + len).for_each(|number| fresh.take_over(&parked, number));
        }
        ledger.push(fresh);
        drop(ledger);
        Attachment { space: self, id }
    }

    fn detach(&self, id: u64) {
        // Copied and swapped while no merge can look, so that none sees the counts twice or not at all.
        let mut ledger = held(self.ledger.write());
        let Some(attached) = ledger.iter_mut().find(|a| a.id == id) else { return };
        let block: Box<[AtomicU64]> = (0..attached.len).map(|_| AtomicU64::new(0)).collect();
        let Some(memory) = NonNull::new(block.as_ptr().cast_mut()) else { return };
        let (first, len, encoding) = (attached.first, attached.len, attached.encoding);
        let parked = Attached { id, first, len, memory, encoding, parked: Some(block) };
        (first..first + len).for_each(|number| parked.take_over(attached, number));
        *attached = parked;
    }

    // ---- merging ----------------------------------------------------------------------------------------------

    /// Keeps counts from moving, and reads cells, for as long as it lives.
    pub(crate) fn view(&self) -> View<'_> {
        View { ledger: held(self.ledger.read()), slabs: self.slabs().collect(), space: self }
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        for slab in self.slabs.iter().map(|place| place.load(Acquire)).filter(|slab| !slab.is_null()) {
            // SAFETY: made by `add_slab` from a box, and nothing can reach it once the space is dropped.
            drop(unsafe { Box::from_raw(slab) });
        }
    }
}

/// Memory that a host attached; dropping it keeps a copy of the counts and lets the memory go.
pub struct Attachment {
    space: &'static Space,
    id: u64,
}

impl Attachment {
    /// Lets the host's own memory hold the cells of the numbers `first..first + len`: merges add it up until the
    /// attachment is dropped, which copies what it holds. If a host before left counts for the same range, the memory
    /// begins with them.
    ///
    /// # Errors
    /// When the range does not lie in the cells of this process, or `memory` is not aligned to 8 bytes.
    ///
    /// # Safety
    /// 1. `memory` holds zeroes and is valid for `len` 8-byte cells until the attachment is dropped.
    /// 2. One writer at a time writes it, in whole aligned 8-byte stores, and none before this returns.
    pub unsafe fn new(encoding: CellEncoding, first: u32, memory: *mut u64, len: u32) -> Result<Attachment> {
        let space = Space::process();
        let invalid = |what| Err(Error::new(ErrorCode::InvalidOption, what));
        if first.checked_add(len).is_none_or(|end| end > space.layout().end()) {
            return invalid(format!("cells {first} to {first} + {len} are not all cells of this process"));
        }
        let Some(cells) = NonNull::new(memory.cast::<AtomicU64>()).filter(|m| m.is_aligned()) else {
            return invalid("attached memory must not be null and must be aligned to 8 bytes".into());
        };
        // SAFETY: passed on to the caller.
        Ok(unsafe { space.attach(encoding, first, cells, len) })
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.space.detach(self.id);
    }
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attachment").field("id", &self.id).finish()
    }
}

/// Everything that holds a cell, for the length of one step of a merge.
pub(crate) struct View<'a> {
    ledger: RwLockReadGuard<'a, Vec<Attached>>,
    slabs: Vec<&'a Slab>,
    space: &'a Space,
}

/// What a cell of a counter came to: the exact whole part, and the rest.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Sum {
    pub(crate) whole: u64,
    pub(crate) part: f64,
}

impl View<'_> {
    /// Calls `each` with every cell that number has, and what its bits mean.
    #[inline]
    fn each(&self, number: CellId, mut each: impl FnMut(&AtomicU64, CellEncoding)) {
        each(self.space.shared(number), CellEncoding::U64);
        if number < self.space.layout().private() {
            self.slabs.iter().for_each(|slab| each(slab.cells.cell(number as usize), slab.encoding));
        }
        for attached in self.ledger.iter() {
            if let Some(cell) = attached.cell(number) {
                each(cell, attached.encoding);
            }
        }
    }

    /// The sum over a number's cells that count.
    #[inline]
    pub(crate) fn count(&self, number: CellId) -> Sum {
        let mut sum = Sum::default();
        self.each(number, |cell, encoding| match encoding {
            CellEncoding::U64 => sum.whole = sum.whole.wrapping_add(cell::read(cell)),
            CellEncoding::F64 => {
                let value = f64::from_bits(cell::read(cell));
                let whole = value.trunc();
                // Through i64, since a count that goes both ways may be below zero; an f64 cell is exact to 2^53 only.
                sum.whole = sum.whole.wrapping_add(whole as i64 as u64);
                sum.part += value - whole;
            }
        });
        sum
    }

    /// True if every cell holds whole numbers and lies in a slab or the shared cells.
    pub(crate) fn is_plain(&self) -> bool {
        self.ledger.is_empty() && self.slabs.iter().all(|slab| slab.encoding == CellEncoding::U64)
    }

    /// The sums of many numbers, in a plain view: slab by slab, so that each is read in one sweep.
    pub(crate) fn counts(&self, numbers: &[CellId], sums: &mut Vec<u64>) {
        debug_assert!(self.is_plain());
        sums.clear();
        sums.extend(numbers.iter().map(|number| cell::read(self.space.shared(*number))));
        let private = self.space.layout().private();
        if numbers.iter().any(|number| *number < private) {
            for slab in &self.slabs {
                for (sum, number) in sums.iter_mut().zip(numbers).filter(|(_, number)| **number < private) {
                    *sum = sum.wrapping_add(cell::read(slab.cells.cell(*number as usize)));
                }
            }
        }
    }

    /// The sum over a number's cells that hold an f64 in every slab.
    #[inline]
    pub(crate) fn float(&self, number: CellId) -> f64 {
        let mut sum = 0.0;
        self.each(number, |cell, _| sum += f64::from_bits(cell::read(cell)));
        sum
    }

    /// As [`float`](Self::float), for the sum of a histogram, read before its buckets.
    pub(crate) fn histogram_sum(&self, number: CellId) -> f64 {
        let mut sum = 0.0;
        self.each(number, |cell, _| sum += cell::read_sum(cell));
        sum
    }

    /// Adds the counts of the numbers `cells` to `counts`, which is as long.
    pub(crate) fn add_counts(&self, cells: Range<CellId>, counts: &mut [u64]) {
        if !self.is_plain() {
            counts.iter_mut().zip(cells).for_each(|(count, number)| *count += self.count(number).whole);
            return;
        }
        let mut add = |first: &AtomicU64| {
            // SAFETY: the numbers follow each other inside the mapping that `first` lies in.
            let run = unsafe { std::slice::from_raw_parts(first, counts.len()) };
            counts.iter_mut().zip(run).for_each(|(count, cell)| *count = count.wrapping_add(cell::read(cell)));
        };
        add(self.space.shared(cells.start));
        if cells.start < self.space.layout().private() {
            self.slabs.iter().for_each(|slab| add(slab.cells.cell(cells.start as usize)));
        }
    }
}

const _: () = assert!(Layout::DEFAULT.scalars.is_multiple_of(PAGE_CELLS));

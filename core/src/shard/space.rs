//! All the cells of a process: the shared ones, the slabs, and the numbers both are indexed by.
//!
//! `registry` asks here for numbers, `writer` and hosts for slabs, `merge` for a [`View`] over everything that holds a
//! cell. The list of slabs only grows and is read without a lock; a lock guards the free list, which a writer touches
//! once when it begins and once when it ends.

use super::cell::CellId;
use super::ledger::{self, Alone, Attached};
use super::memory::{Mapping, Source};
use super::numbering::{Layout, Numbering, PAGE_CELLS, Tier};
use super::slab::{CellEncoding, Owner, Slab};
use super::view::View;
use crate::error::Result;
#[cfg(not(loom))]
use crate::sync::made_once;
use crate::sync::{AtomicPtr, AtomicU64, AtomicUsize, Mutex, Ordering::*, OwnLoad, RwLock, fence, held};
use std::ptr::NonNull;

/// The most slabs a process has. A writer beyond it uses the shared cells: correct, only slower. 1,024 is four times
/// the hardware threads of the largest common servers.
#[cfg(not(loom))]
pub(crate) const MAX_SLABS: usize = 1024;
#[cfg(loom)]
pub(crate) const MAX_SLABS: usize = 2;

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
    pub(super) ledger: RwLock<Vec<Attached>>,
    pub(super) attachments: AtomicU64,
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
        made_once(&PROCESS, || {
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
        shared.keep_on_fork(layout.first_level() as usize..layout.end() as usize);
        Ok(Space {
            numbering: Numbering::new(layout),
            shared,
            slabs: (0..MAX_SLABS).map(|_| AtomicPtr::new(std::ptr::null_mut())).collect(),
            slab_count: AtomicUsize::new(0),
            announced: AtomicUsize::new(0),
            // With room for all, so that no writer's end allocates.
            idle: Mutex::new(Vec::with_capacity(MAX_SLABS)),
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

    /// Where the shared cells of a run of numbers begin.
    #[inline]
    pub(crate) fn shared_run(&self, number: CellId) -> NonNull<AtomicU64> {
        self.shared.run(number as usize)
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
        let ends = ledger::ends(&alone.0);
        for number in at..at + len {
            // Relaxed: the last writer's stores happened before (its handles are gone, counted by an Acquire read), and
            // the next owner learns the number through a lock.
            // Read first: a store to a page that nobody touched would commit it, in every slab.
            let zero = |cell: &AtomicU64| {
                if cell.load(Relaxed) != 0 {
                    cell.store(0, Relaxed);
                }
            };
            zero(self.shared(number));
            if number < self.layout().private() {
                self.slabs().for_each(|slab| zero(slab.cells.cell(number as usize)));
            }
            ledger::overlapping(&alone.0, &ends, number..number + 1).filter_map(|a| a.cell(number)).for_each(zero);
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

    // ---- merging ----------------------------------------------------------------------------------------------

    /// Keeps counts from moving, and reads cells, for as long as it lives.
    pub(crate) fn view(&self) -> View<'_> {
        View::new(held(self.ledger.read()), self.slabs().collect(), self)
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        // Acquire: pairs with the Release that listed the slab.
        for slab in self.slabs.iter().map(|place| place.load(Acquire)).filter(|slab| !slab.is_null()) {
            // SAFETY: made by `add_slab` from a box, and nothing can reach it once the space is dropped.
            drop(unsafe { Box::from_raw(slab) });
        }
    }
}

const _: () = assert!(Layout::DEFAULT.scalars.is_multiple_of(PAGE_CELLS));

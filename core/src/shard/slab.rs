//! One writer's cells.
//!
//! A slab belongs to one writer at a time: an OS thread, or whatever the host serialises its records by. When its
//! writer ends, the slab goes to the free list with its counts in place and the next writer keeps adding to it, so
//! nothing is summed at exit and nothing can be lost or counted twice.

use super::cell::CellId;
use super::memory::{Mapping, Source};
use super::numbering::Layout;
use super::space::Space;
use crate::error::Result;
use crate::sync::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::cell::Cell;
use std::marker::PhantomData;

/// What kind of number the cells of a slab hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum CellEncoding {
    /// Whole numbers as u64; fractional ones in cells of their own.
    U64 = 0,
    /// Everything as f64, exact for whole numbers up to 2^53. For hosts whose numbers are floats.
    F64 = 1,
}

/// Who a slab's single writer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum Owner {
    /// Nobody: it waits on the free list.
    Nobody = 0,
    /// An OS thread.
    Thread = 1,
    /// One interpreter with a global lock.
    Interpreter = 2,
    /// One JavaScript isolate.
    Isolate = 3,
    /// One scheduler slot of a Go program.
    Processor = 4,
    /// Whoever holds the [`Shard`].
    Holder = 5,
}

impl Owner {
    /// Every owner, in the order of its number.
    pub const ALL: [Owner; 6] =
        [Owner::Nobody, Owner::Thread, Owner::Interpreter, Owner::Isolate, Owner::Processor, Owner::Holder];

    /// The word that self metrics show.
    pub const fn as_str(self) -> &'static str {
        match self {
            Owner::Nobody => "idle",
            Owner::Thread => "thread",
            Owner::Interpreter => "interpreter",
            Owner::Isolate => "isolate",
            Owner::Processor => "processor",
            Owner::Holder => "owned",
        }
    }
}

/// The cells of one writer.
pub(crate) struct Slab {
    pub(crate) cells: Mapping,
    pub(crate) encoding: CellEncoding,
    owner: AtomicU32,
}

impl Slab {
    pub(crate) fn new(layout: Layout, encoding: CellEncoding) -> Result<Slab> {
        let cells = Mapping::reserve(layout.private() as usize, Source::Private)?;
        Ok(Slab { cells, encoding, owner: AtomicU32::new(Owner::Nobody as u32) })
    }

    pub(crate) fn owner(&self) -> Owner {
        // Relaxed: shown in self metrics, decides nothing.
        Owner::ALL[self.owner.load(Relaxed) as usize % Owner::ALL.len()]
    }

    pub(crate) fn set_owner(&self, owner: Owner) {
        // Relaxed: as in `owner`; the hand-over itself is ordered by the lock of the free list.
        self.owner.store(owner as u32, Relaxed);
    }
}

/// A slab that a host opened for a writer of its own.
///
/// Whoever holds it is its only writer: it can be sent to another thread but not shared, and goes back to the free
/// list when dropped, counts in place.
///
/// ```
/// use tykmetrics::{CellEncoding, Owner, Registry, Shard};
///
/// let registry = Registry::new();
/// let jobs = registry.counter("jobs_total", "Jobs done").register()?;
/// let shard = Shard::open(Owner::Holder, CellEncoding::U64).expect("under the cap of shards");
/// jobs.add_on(&shard, 3);
/// assert_eq!(jobs.value(), 3.0);
/// # Ok::<(), tykmetrics::Error>(())
/// ```
pub struct Shard {
    slab: &'static Slab,
    space: &'static Space,
    /// Not to be shared: two threads adding through one slab would lose records.
    _one_writer: PhantomData<Cell<()>>,
}

impl Shard {
    /// Opens a slab for a writer that is not an OS thread, or adopts one that a writer before left. `None` when the
    /// process has as many slabs as it may have; records then go to the shared cells.
    pub fn open(owner: Owner, encoding: CellEncoding) -> Option<Shard> {
        let space = Space::process();
        space.open(owner, encoding).map(|slab| Shard { slab, space, _one_writer: PhantomData })
    }

    /// The first cell, for hosts that write cells themselves: cell number `n` is at `base + 8 * n` for every number
    /// below [`limit`](Self::limit). Valid for the life of the process; only the shard's writer may write there, and
    /// only until the shard is dropped.
    pub fn cells(&self) -> *mut u64 {
        self.slab.cells.base().as_ptr().cast()
    }

    /// One past the highest cell number that has a cell here. Records to others go to the shared cells.
    pub fn limit(&self) -> u32 {
        self.slab.cells.len() as u32
    }

    /// What the cells hold.
    pub fn encoding(&self) -> CellEncoding {
        self.slab.encoding
    }

    /// The cell that the holder may add to plainly, if number `cell` has one here.
    #[inline]
    pub(crate) fn cell(&self, cell: CellId) -> Option<&AtomicU64> {
        (cell < self.limit()).then(|| self.slab.cells.cell(cell as usize))
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.space.close(self.slab);
    }
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard").field("owner", &self.slab.owner()).field("encoding", &self.slab.encoding).finish()
    }
}

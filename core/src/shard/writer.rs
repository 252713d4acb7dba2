//! The calling thread's slab.
//!
//! A thread finds its cells through one thread-local word pair: where they begin and how many there are. It is all
//! zero until the thread's first record, which adopts or maps a slab, and again once the thread is ending, so one
//! comparison tells "add plainly" from everything else. A thread that is ending, or beyond the cap, uses the shared
//! cells.

use super::cell::{self, CellId};
use super::numbering::Layout;
use super::slab::{CellEncoding, Owner, Slab};
use super::space::Space;
use crate::sync::AtomicU64;
use std::cell::Cell;
use std::ptr::NonNull;

/// How the calling thread stands with its slab.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// It has not recorded yet.
    New,
    /// It has a slab, or was refused one.
    Settled,
    /// Its slab went back.
    Ended,
}

/// Where a thread's own cells are. Hosts read it too, so its layout is fixed.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ThreadCells {
    cells: *const AtomicU64,
    limit: CellId,
    encoding: u32,
}

impl ThreadCells {
    /// Of a thread that has none: no number is below the limit.
    const NONE: ThreadCells = ThreadCells { cells: std::ptr::null(), limit: 0, encoding: 0 };

    /// The first number that no thread has a cell of its own for.
    pub const PRIVATE: u32 = Layout::DEFAULT.private();

    /// The address of the calling thread's own, which stays the same and may be read for as long as the thread lives.
    /// A host that finds a number below the limit there may add to `cells[number]` as the thread would: plainly, on
    /// this thread alone.
    pub fn address() -> *const ThreadCells {
        CELLS.with(Cell::as_ptr)
    }

    /// Adds to the calling thread's own cell of a number, if it has one. A number is had from the place of a series.
    #[inline(always)]
    pub fn add(number: u32, n: u64) -> bool {
        let Some(cell) = own(number) else { return false };
        cell::add_owned(cell, n);
        true
    }

    /// True once the thread has cells: from its first record to its end.
    pub fn are_open(&self) -> bool {
        self.limit > 0
    }
}

thread_local! {
    // Both are `const` and need no destructor, so that reaching them is one read at a fixed offset and works at any
    // time in a thread's life.
    static CELLS: Cell<ThreadCells> = const { Cell::new(ThreadCells::NONE) };
    static STAGE: Cell<Stage> = const { Cell::new(Stage::New) };
    static ENDING: Cell<Option<Ending>> = const { Cell::new(None) };
}

/// Gives the slab back when its thread ends.
struct Ending(NonNull<Slab>);

impl Drop for Ending {
    fn drop(&mut self) {
        STAGE.set(Stage::Ended);
        CELLS.set(ThreadCells::NONE);
        // SAFETY: slabs live as long as the process.
        Space::process().close(unsafe { self.0.as_ref() });
    }
}

/// The calling thread's own cell of a number, if it has one. The caller is its only writer.
#[inline(always)]
pub(crate) fn own(number: CellId) -> Option<&'static AtomicU64> {
    let ThreadCells { cells, limit, .. } = CELLS.get();
    // SAFETY: numbers below the limit have a cell in the slab that begins at `cells`, which lives as long as the
    // process.
    (number < limit).then(|| unsafe { &*cells.add(number as usize) })
}

/// The calling thread's own cells from a number on, if it has them. Runs of numbers lie on one side of the limit.
#[inline(always)]
pub(crate) fn own_run(number: CellId) -> Option<*const AtomicU64> {
    let ThreadCells { cells, limit, .. } = CELLS.get();
    // SAFETY: as in `own`.
    (number < limit).then(|| unsafe { cells.add(number as usize) })
}

/// As [`own`], after seeing to it that a thread which may have a slab has one.
#[cold]
#[inline(never)]
pub(crate) fn own_or_open(number: CellId) -> Option<&'static AtomicU64> {
    if STAGE.get() == Stage::New && number < Space::process().layout().private() {
        open();
    }
    own(number)
}

fn open() {
    // Set first, so that a record made below (by an allocator that counts, say) goes to the shared cells.
    STAGE.set(Stage::Settled);
    let space = Space::process();
    let Some(slab) = space.open(Owner::Thread, CellEncoding::U64) else { return };
    // A thread whose destructors already ran cannot be told of its end, so it must not keep a slab.
    match ENDING.try_with(|ending| ending.set(Some(Ending(NonNull::from(slab))))) {
        Ok(()) => CELLS.set(ThreadCells {
            cells: slab.cells.base().as_ptr(),
            limit: slab.cells.len() as CellId,
            encoding: slab.encoding as u32,
        }),
        Err(_) => {
            STAGE.set(Stage::Ended);
            space.close(slab);
        }
    }
}

/// Adds to a number: plainly where the thread has a cell of its own, else atomically to the shared one. Tells what the
/// shared cell held before, if it was used.
#[inline(always)]
pub(crate) fn add(number: CellId, shared: &AtomicU64, n: u64) -> Option<u64> {
    match own(number) {
        Some(cell) => {
            cell::add_owned(cell, n);
            None
        }
        None => add_elsewhere(number, shared, n),
    }
}

#[inline(never)]
fn add_elsewhere(number: CellId, shared: &AtomicU64, n: u64) -> Option<u64> {
    if STAGE.get() == Stage::New
        && let Some(cell) = own_or_open(number)
    {
        cell::add_owned(cell, n);
        return None;
    }
    Some(cell::add_shared(shared, n))
}

/// As [`add`], for a cell of f64.
#[inline]
pub(crate) fn add_f64(number: CellId, shared: &AtomicU64, v: f64) {
    match own(number).or_else(|| own_or_open(number)) {
        Some(cell) => cell::add_owned_f64(cell, v),
        None => cell::add_shared_f64(shared, v),
    }
}

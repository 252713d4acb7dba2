//! What a handle holds: one series, where its cells are, and the promise that they are not given away.
//!
//! A series is recycled only when nothing holds it. Handles count themselves in the series' state; the lookup caches of
//! threads count apart, as leases, since a cached series may expire while a held one may not.

use super::family::Core;
#[cfg(not(loom))]
use crate::record::Place;
use crate::shard::cell::CellId;
use crate::sync::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::ptr::NonNull;
use std::sync::Arc;

/// The number of a series in its family.
pub(crate) type Slot = u32;

/// A series that a handle holds, in 24 bytes. Public only so that a sealed trait can name it; no path leads here.
pub struct Bound {
    pub(crate) family: Arc<Core>,
    shared: NonNull<AtomicU64>,
    pub(crate) slot: Slot,
    number: AtomicU32,
}

// SAFETY: the pointer is to a shared cell, an atomic that lives as long as the process.
unsafe impl Send for Bound {}
// SAFETY: as above; the rest is shared by `Arc`.
unsafe impl Sync for Bound {}

impl Bound {
    /// Of a series whose handle was counted already.
    pub(super) fn counted(family: Arc<Core>, slot: Slot) -> Bound {
        let number = family.number(slot);
        let shared = family.space.shared_run(number);
        Bound { family, shared, slot, number: AtomicU32::new(number) }
    }

    /// The number of the series' first cell, as this handle last knew it: private ones that it was given since are
    /// used from the next [`follow`](Self::follow) on.
    #[inline(always)]
    pub(crate) fn number(&self) -> CellId {
        // Relaxed: either number is the series' own, and a merge reads the cells of both.
        self.number.load(Relaxed)
    }

    /// Goes on with the private cells that the series was given, if it was.
    pub(crate) fn follow(&self) {
        // Relaxed: as above; the cells behind a promoted number were there before its flag, which was read with Acquire.
        self.number.store(self.family.number(self.slot), Relaxed);
    }

    /// The series' first shared cell.
    #[inline(always)]
    pub(crate) fn shared(&self) -> &'static AtomicU64 {
        // SAFETY: shared cells live as long as the process.
        unsafe { self.shared.as_ref() }
    }

    /// Where the series is, for hosts.
    #[cfg(not(loom))]
    pub(crate) fn place(&self) -> Place {
        self.follow();
        let (shared, state) = (self.shared.as_ptr().cast(), self.family.state_word(self.slot));
        Place { shared, state, cell: self.number() }
    }

    /// Where its shared cells begin.
    pub(crate) fn run(&self) -> NonNull<AtomicU64> {
        self.shared
    }

    /// The shared cell `offset` numbers on.
    #[inline(always)]
    pub(crate) fn shared_at(&self, offset: u32) -> &'static AtomicU64 {
        // SAFETY: the offset is below the cells that the series was given in a row.
        unsafe { self.shared.add(offset as usize).as_ref() }
    }
}

impl Clone for Bound {
    fn clone(&self) -> Self {
        self.family.hold(self.slot);
        let number = AtomicU32::new(self.number());
        Bound { family: Arc::clone(&self.family), shared: self.shared, slot: self.slot, number }
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        self.family.let_go(self.slot);
    }
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let labels: Vec<_> = self.family.meta.label_names.iter().zip(self.family.label_values(self.slot)).collect();
        f.debug_struct("Series").field("metric", &self.family.meta.name).field("labels", &labels).finish()
    }
}

/// A series that a thread's lookup cache remembers.
pub(crate) struct Lease {
    pub(crate) family: Arc<Core>,
    pub(crate) slot: Slot,
}

impl Lease {
    /// Of a series whose lease was counted already.
    pub(super) fn counted(family: Arc<Core>, slot: Slot) -> Lease {
        Lease { family, slot }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.family.end_lease(self.slot);
    }
}

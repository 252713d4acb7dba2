//! The ledger: what keeps a merge from seeing a count in two places or in none, and the memory that hosts attach.
//!
//! Merges hold the ledger shared, and whoever moves counts (letting attached memory go, zeroing the cells of a removed
//! series) holds it alone. Recording never touches it. Memory of a host's own is read by merges while it is attached;
//! when the host leaves, a copy stays, and the next host for the same numbers begins with it.

use super::cell::CellId;
use super::slab::CellEncoding;
use super::space::Space;
use crate::error::{Error, ErrorCode, Result};
use crate::sync::{AtomicU64, Ordering::*, WriteGuard, held, lifetime};
use std::ptr::NonNull;

/// Memory of a host's own that holds the cells of a range of numbers, or what such memory held when its host left.
pub(super) struct Attached {
    id: u64,
    first: CellId,
    len: u32,
    /// The process whose counts it holds. In a forked child it holds the parent's, which are not the child's to show.
    lifetime: u64,
    memory: NonNull<AtomicU64>,
    pub(super) encoding: CellEncoding,
    /// The cells themselves, once the host has left.
    parked: Option<Box<[AtomicU64]>>,
}

// SAFETY: the memory is only reached through atomics, while the host keeps its promise that it stays valid; whoever
// writes it here holds the ledger alone and does so before the host's writer begins, or for numbers that nobody uses.
unsafe impl Send for Attached {}
// SAFETY: as above.
unsafe impl Sync for Attached {}

impl Attached {
    /// The numbers of a run that have a cell here.
    pub(super) fn within(&self, run: std::ops::Range<CellId>) -> std::ops::Range<CellId> {
        run.start.max(self.first)..run.end.min(self.first + self.len)
    }

    /// Copies a cell of another block for the same numbers.
    fn take_over(&self, from: &Attached, number: CellId) {
        if let (Some(to), Some(from)) = (self.cell(number), from.cell(number)) {
            // Relaxed: nobody else writes either, and readers wait for the ledger.
            to.store(from.load(Relaxed), Relaxed);
        }
    }

    /// The cell of a number, if it is here and counts.
    pub(super) fn cell(&self, number: CellId) -> Option<&AtomicU64> {
        if self.lifetime != lifetime() {
            return None;
        }
        let at = number.checked_sub(self.first).filter(|at| *at < self.len)?;
        // SAFETY: `at` is inside the memory the host attached, which it keeps valid until the release returns.
        Some(unsafe { self.memory.add(at as usize).as_ref() })
    }
}

/// Up to which number the blocks reach, for each place of the ledger: that block and all before it.
pub(super) fn ends(ledger: &[Attached]) -> Vec<CellId> {
    let mut end = 0;
    let reached = |attached: &Attached| {
        end = end.max(attached.first + attached.len);
        end
    };
    ledger.iter().map(reached).collect()
}

/// The blocks that have a cell of some number of a run. They lie before the first block that begins behind the run; walking back
/// from there ends where nothing before reaches the run. `ends` is the ledger's.
#[inline]
pub(super) fn overlapping<'a>(
    ledger: &'a [Attached],
    ends: &'a [CellId],
    run: std::ops::Range<CellId>,
) -> impl Iterator<Item = &'a Attached> {
    let upto = match ledger.is_empty() {
        true => 0,
        false => ledger.partition_point(|attached| attached.first < run.end),
    };
    let start = run.start;
    let near = ledger[..upto].iter().zip(&ends[..upto]).rev().take_while(move |(_, end)| **end > start);
    near.map(|(attached, _)| attached).filter(move |attached| attached.first + attached.len > start)
}

/// The ledger, held alone: no merge reads.
pub(crate) struct Alone<'a>(pub(super) WriteGuard<'a, Vec<Attached>>);

impl Space {
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
        let fresh = Attached { id, first, len, lifetime: lifetime(), memory, encoding, parked: None };
        let left = |a: &Attached| {
            a.parked.is_some() && (a.encoding, a.first, a.len, a.lifetime) == (encoding, first, len, lifetime())
        };
        if let Some(at) = ledger.iter().position(left) {
            let parked = ledger.remove(at);
            (first..first + len).for_each(|number| fresh.take_over(&parked, number));
        }
        // By their first numbers, as `overlapping` looks for them.
        let at = ledger.partition_point(|a| a.first <= first);
        ledger.insert(at, fresh);
        drop(ledger);
        Attachment { space: self, id }
    }

    fn detach(&self, id: u64) {
        // Copied and swapped while no merge can look, so that none sees the counts twice or not at all.
        let mut ledger = held(self.ledger.write());
        let Some(attached) = ledger.iter_mut().find(|a| a.id == id) else { return };
        let block: Box<[AtomicU64]> = (0..attached.len).map(|_| AtomicU64::new(0)).collect();
        let Some(memory) = NonNull::new(block.as_ptr().cast_mut()) else { return };
        let Attached { first, len, encoding, lifetime, .. } = *attached;
        let parked = Attached { id, first, len, lifetime, memory, encoding, parked: Some(block) };
        (first..first + len).for_each(|number| parked.take_over(attached, number));
        *attached = parked;
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
    /// begins with them. In a forked child, memory from before the fork does not count: it holds the parent's counts.
    /// Attach other memory there.
    ///
    /// # Errors
    /// When the range does not lie in the cells of this process, or `memory` is not aligned to 8 bytes.
    ///
    /// # Safety
    /// 1. `memory` holds zeroes and is valid for `len` 8-byte cells until the attachment is dropped.
    /// 2. One writer at a time writes it, in whole aligned 8-byte stores, and none before this returns.
    /// 3. The last write happens before the attachment is dropped, in the sense of the memory model (it is dropped by the
    ///    writer, or after joining it).
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

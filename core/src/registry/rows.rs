//! A table of rows of u32 words that grows without moving.
//!
//! The registry keeps its series here and the interner its words: millions of small records, written once under a
//! lock, read by scrapes without one. Row `i` lies in block `ilog2(i + FIRST)`, and each block is twice the one before,
//! so growing touches no row that exists and the unused tail of the last block costs address space only.

use crate::sync::{AtomicPtr, AtomicU32, Ordering::*, OwnLoad};

/// Rows in the first block.
const FIRST: u32 = if cfg!(loom) { 2 } else { 32 };
const BLOCKS: usize = if cfg!(loom) { 2 } else { (32 - FIRST.ilog2()) as usize };

/// Rows of `width` words each.
pub(crate) struct Rows {
    width: usize,
    blocks: [AtomicPtr<AtomicU32>; BLOCKS],
    /// Rows that were published.
    len: AtomicU32,
}

/// The block of a row, and its place there.
fn place(row: u32) -> (usize, usize) {
    let at = u64::from(row) + u64::from(FIRST);
    let block = at.ilog2() - FIRST.ilog2();
    (block as usize, (at - (u64::from(FIRST) << block)) as usize)
}

impl Rows {
    pub(crate) fn new(width: usize) -> Rows {
        Rows {
            width,
            blocks: std::array::from_fn(|_| AtomicPtr::new(std::ptr::null_mut())),
            len: AtomicU32::new(0),
        }
    }

    /// How many rows were published.
    pub(crate) fn len(&self) -> u32 {
        // Acquire: pairs with the Release in `publish`, so that what the rows held when published is seen.
        self.len.load(Acquire)
    }

    /// The words of a row below [`len`](Self::len), or of the next one while it is being [`made`](Self::make).
    #[inline]
    pub(crate) fn row(&self, row: u32) -> &[AtomicU32] {
        let (block, at) = place(row);
        // Acquire: pairs with the Release in `make`. Blocks are never freed before the table.
        let start = self.blocks[block].load(Acquire);
        debug_assert!(!start.is_null());
        // SAFETY: rows below `len`, and the one being made, lie in a block of `FIRST << block` rows that is there.
        unsafe { std::slice::from_raw_parts(start.add(at * self.width), self.width) }
    }

    /// The next row, all zero, not yet published. One maker at a time: the caller holds the lock that says so.
    /// `None` when the numbers are used up.
    pub(crate) fn make(&self) -> Option<(u32, &[AtomicU32])> {
        // Only changed under the caller's lock.
        let row = self.len.own_load();
        if row == u32::MAX {
            return None;
        }
        let (block, _) = place(row);
        if self.blocks.get(block)?.load(Relaxed).is_null() {
            let words = ((FIRST as usize) << block) * self.width;
            // Release: a reader that finds the block finds its zeroes.
            self.blocks[block].store(zeroed(words), Release);
        }
        Some((row, self.row(row)))
    }

    /// Lets readers see the row that was made last.
    pub(crate) fn publish(&self) {
        // Release: the row's words are written before it is counted.
        self.len.store(self.len.own_load() + 1, Release);
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        for (i, block) in self.blocks.iter().enumerate() {
            let start = block.load(Relaxed);
            if !start.is_null() {
                let words = ((FIRST as usize) << i) * self.width;
                // SAFETY: `zeroed` made the block with this length, and nothing can reach it any more.
                drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(start, words)) });
            }
        }
    }
}

/// Zeroed words that the allocator need not touch.
fn zeroed(words: usize) -> *mut AtomicU32 {
    #[cfg(not(loom))]
    // SAFETY: an AtomicU32 of zero bytes is zero.
    let block = unsafe { Box::<[AtomicU32]>::new_zeroed_slice(words).assume_init() };
    #[cfg(loom)]
    let block: Box<[AtomicU32]> = (0..words).map(|_| AtomicU32::new(0)).collect();
    Box::into_raw(block).cast()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_place_of_its_own() {
        let mut expected = (0, 0);
        for row in 0..100_000 {
            assert_eq!(place(row), expected, "row {row}");
            expected.1 += 1;
            if expected.1 == (FIRST as usize) << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert_eq!(place(u32::MAX - 1).0, BLOCKS - 1 + usize::from(u64::from(u32::MAX - 1) + 32 >= 1 << 32));
    }

    #[test]
    fn rows_do_not_move_and_keep_what_was_written() {
        let rows = Rows::new(3);
        let mut first = std::ptr::null();
        for i in 0..1000 {
            let (row, words) = rows.make().expect("room");
            assert_eq!(row, i);
            words[2].store(i * 7, Relaxed);
            rows.publish();
            if i == 0 {
                first = rows.row(0).as_ptr();
            }
        }
        assert_eq!(rows.row(0).as_ptr(), first);
        assert!((0..1000).all(|i| rows.row(i)[2].load(Relaxed) == i * 7));
    }
}

//! A table of rows of u32 words that grows without moving.
//!
//! The registry keeps its series here and the interner its words: millions of small records, written once under a
//! lock, read by scrapes without one. The first few rows lie in a small block, so that a metric without labels costs
//! little; the others in large blocks of one size, found by a shift. Growing touches no row that exists, and the unused
//! tail of a large block costs address space only.

use crate::sync::{AtomicPtr, AtomicU32, Ordering::*, OwnLoad};

/// Rows in the small block.
const SMALL: u32 = if cfg!(loom) { 2 } else { 32 };
/// Rows in a large block, as a power of two: at 32 bytes a row half a megabyte, which allocators map untouched.
const BLOCK: u32 = if cfg!(loom) { 1 } else { 14 };
/// Large blocks there may be, for 16 million rows in all.
const BLOCKS: usize = if cfg!(loom) { 2 } else { 1024 };

/// Rows of `width` words each.
pub(crate) struct Rows {
    width: usize,
    small: AtomicPtr<AtomicU32>,
    /// The directory of large blocks, once there is one.
    blocks: AtomicPtr<AtomicPtr<AtomicU32>>,
    /// Rows that were published.
    len: AtomicU32,
}

impl Rows {
    pub(crate) fn new(width: usize) -> Rows {
        Rows {
            width,
            small: AtomicPtr::new(std::ptr::null_mut()),
            blocks: AtomicPtr::new(std::ptr::null_mut()),
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
        // SAFETY: the words of a row lie where the row begins.
        unsafe { std::slice::from_raw_parts(self.start(row, self.width), self.width) }
    }

    /// As [`row`](Self::row), of a table whose rows are known to have this width.
    #[inline]
    pub(crate) fn row_of<const WIDTH: usize>(&self, row: u32) -> &[AtomicU32; WIDTH] {
        debug_assert_eq!(WIDTH, self.width);
        // SAFETY: as above.
        unsafe { &*self.start(row, WIDTH).cast() }
    }

    #[inline(always)]
    fn start(&self, row: u32, width: usize) -> *const AtomicU32 {
        // Acquire: pairs with the Release in `make`. Blocks are never freed before the table.
        let (start, at) = if row < SMALL {
            (self.small.load(Acquire), row)
        } else {
            // SAFETY: a row this high lies in a large block, and the directory was published before the block was.
            let block = unsafe { &*self.blocks.load(Acquire).add((row >> BLOCK) as usize) };
            (block.load(Acquire), row & ((1 << BLOCK) - 1))
        };
        debug_assert!(!start.is_null());
        // SAFETY: rows below `len`, and the one being made, lie in a block that is there, at a place inside it.
        unsafe { start.add(at as usize * width) }
    }

    /// The next row, all zero, not yet published. One maker at a time: the caller holds the lock that says so.
    /// `None` when the numbers are used up.
    pub(crate) fn make(&self) -> Option<(u32, &[AtomicU32])> {
        // Relaxed: blocks are only changed under the caller's lock. Release: a reader that finds a block finds its zeroes.
        let row = self.len.own_load();
        if row < SMALL {
            if self.small.load(Relaxed).is_null() {
                self.small.store(zeroed(SMALL as usize * self.width), Release);
            }
            return Some((row, self.row(row)));
        }
        let at = (row >> BLOCK) as usize;
        if at >= BLOCKS {
            return None;
        }
        if self.blocks.load(Relaxed).is_null() {
            let directory: Box<[AtomicPtr<AtomicU32>]> =
                (0..BLOCKS).map(|_| AtomicPtr::new(std::ptr::null_mut())).collect();
            self.blocks.store(Box::into_raw(directory).cast(), Release);
        }
        // SAFETY: the directory has BLOCKS places.
        let block = unsafe { &*self.blocks.load(Relaxed).add(at) };
        if block.load(Relaxed).is_null() {
            block.store(zeroed(self.width << BLOCK), Release);
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
        // SAFETY of all three: `make` made the boxes with these lengths, and nothing can reach them any more.
        let free = |start: *mut AtomicU32, words: usize| {
            if !start.is_null() {
                // SAFETY: as above.
                drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(start, words)) });
            }
        };
        // Relaxed, all of them: nobody else has the table.
        free(self.small.load(Relaxed), SMALL as usize * self.width);
        let directory = self.blocks.load(Relaxed);
        if !directory.is_null() {
            // SAFETY: as above.
            let blocks = unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(directory, BLOCKS)) };
            blocks.iter().for_each(|block| free(block.load(Relaxed), self.width << BLOCK));
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
    fn rows_do_not_move_and_keep_what_was_written() {
        let rows = Rows::new(3);
        let mut places = Vec::new();
        for i in 0..40_000 {
            let (row, words) = rows.make().expect("room");
            assert_eq!(row, i);
            assert!(words.iter().all(|word| word.load(Relaxed) == 0));
            words[2].store(i * 7, Relaxed);
            rows.publish();
            places.push(rows.row(i).as_ptr());
        }
        for i in 0..40_000 {
            assert_eq!(rows.row(i).as_ptr(), places[i as usize]);
            assert_eq!(rows.row(i)[2].load(Relaxed), i * 7);
        }
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 40_000);
    }
}

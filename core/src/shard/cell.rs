//! How a cell is added to: plainly by its one writer, or with a locked instruction by anybody.
//!
//! A private cell has one writer, so its add is a relaxed load and a relaxed store, which x86-64 fuses into one
//! unlocked `add [memory], register`. Readers only need each cell to be coherent by itself; where two cells of a
//! histogram must be seen in an order, the orderings below say which.

use crate::sync::{AtomicU64, Ordering::*, OwnLoad};

/// The number of a cell in every slab. Number 0 is never given to a series.
pub(crate) type CellId = u32;

/// Adds to a cell that only the caller writes.
#[inline(always)]
pub(crate) fn add_owned(cell: &AtomicU64, n: u64) {
    // Relaxed: no other memory is published through this cell, and no other writer exists to race with.
    cell.store(cell.own_load().wrapping_add(n), Relaxed);
}

/// Adds to a cell that only the caller writes, holding the bits of an f64.
#[inline(always)]
pub(crate) fn add_owned_f64(cell: &AtomicU64, v: f64) {
    // Relaxed: as in `add_owned`.
    cell.store((f64::from_bits(cell.own_load()) + v).to_bits(), Relaxed);
}

/// Adds to a histogram's sum, which only the caller writes, after the bucket was counted.
#[inline(always)]
pub(crate) fn add_owned_sum(sum: &AtomicU64, v: f64) {
    // Release pairs with the Acquire of `read_sum`: whoever sees this sum also sees the bucket counted before it.
    sum.store((f64::from_bits(sum.own_load()) + v).to_bits(), Release);
}

/// Adds to a cell that others write too; returns what it held before.
#[inline]
pub(crate) fn add_shared(cell: &AtomicU64, n: u64) -> u64 {
    // Relaxed: the addition must be atomic, and nothing else is published through it.
    cell.fetch_add(n, Relaxed)
}

/// Adds to a cell that others write too, holding the bits of an f64.
#[inline]
pub(crate) fn add_shared_f64(cell: &AtomicU64, v: f64) {
    // Relaxed: as in `add_shared`.
    update(cell, Relaxed, |now| now + v);
}

/// Adds to a histogram's sum that others write too, after the bucket was counted.
#[inline]
pub(crate) fn add_shared_sum(sum: &AtomicU64, v: f64) {
    // Release pairs with `read_sum`, as in `add_owned_sum`. A read-modify-write continues the release sequence of the
    // writers before, so the reader of the last sum sees all their buckets.
    update(sum, Release, |now| now + v);
}

/// Replaces the f64 in a cell by a function of it.
#[inline]
pub(crate) fn update(cell: &AtomicU64, order: crate::sync::Ordering, change: impl Fn(f64) -> f64) {
    // Relaxed here and on failure: the value read is only the next guess.
    let mut now = cell.load(Relaxed);
    while let Err(seen) = cell.compare_exchange_weak(now, change(f64::from_bits(now)).to_bits(), order, Relaxed) {
        now = seen;
    }
}

/// Reads a histogram's sum. To be called before its buckets are read.
#[inline]
pub(crate) fn read_sum(sum: &AtomicU64) -> f64 {
    // Acquire pairs with the Release of the adds: every observation in this sum is in a bucket read after it.
    f64::from_bits(sum.load(Acquire))
}

/// Reads a cell by itself.
#[inline]
pub(crate) fn read(cell: &AtomicU64) -> u64 {
    // Relaxed: a cell by itself only needs to be coherent.
    cell.load(Relaxed)
}

//! From a value to the cell it is counted in: the tables of the record path.
//!
//! Recorders call [`Table::locate`] (or the one of the store they know to have), add 1 to that cell and the value to
//! the cell [`Table::sum_cell`] names. Hosts that record by themselves read the same tables through pointers, so
//! [`Entry`] has a fixed layout. Nothing here allocates, fails or panics, whatever the value.

use super::layout::{PAGE_CELLS, SUM_CELLS};

/// Sub-buckets per octave, as a power of two: 32, for a relative error of half a 32nd.
pub const SUB_BITS: u32 = 5;
/// How far the bits of a value are shifted for its key: what is left of 52 bits of mantissa.
const SHIFT: u32 = 52 - SUB_BITS;
/// Added before the shift, so that it rounds up: a power of two then ends a sub-bucket, as `le` wants it. (One less
/// before and one more after would do the same, but the bits of -0.0 have nothing below them.)
const ROUND: i64 = (1 << SHIFT) - 1;

/// The key of a value: sub-buckets counted from zero's, `(lo, hi]` each. Those of negative values are negative.
#[inline(always)]
pub(super) fn key(value: f64) -> i64 {
    (value.to_bits() as i64).wrapping_add(ROUND) >> SHIFT
}

/// The largest value with this key.
pub(super) fn edge(key: i64) -> f64 {
    f64::from_bits((key << SHIFT) as u64)
}

/// One sub-bucket of the HDR store: its cell, or its cells if bounds cut it.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// The first bound within; +Inf if there is none.
    pub split: f64,
    /// The cell of values up to `split`. Those above are in the cells that follow.
    pub cell: u32,
    /// 0, or 1 + where the further splits of this sub-bucket start in [`HdrTable::more`].
    pub more: u32,
}

// Hosts compute the address of an entry as base + 16 * i.
const _: () = assert!(size_of::<Entry>() == 16 && align_of::<Entry>() == 8);

/// The HDR store's table.
///
/// A host does: `i = clamp(((bits(v) + 2^47 - 1) >> 47) - first, 0, len - 1)`, with a signed wrapping add and an arithmetic
/// shift; the cell is `entries[i].cell`, plus one if `v > split`. If both that holds and `more` is not 0, plus one for every
/// number of `more_splits[more - 1..]` that is below `v`, up to the first that is not; each run ends with +Inf.
#[derive(Debug, Clone, PartialEq)]
pub struct HdrTable {
    first: i64,
    entries: Vec<Entry>,
    more: Vec<f64>,
}

impl HdrTable {
    /// A table of nothing, in which nothing is located.
    pub(crate) const EMPTY: HdrTable = HdrTable { first: 0, entries: Vec::new(), more: Vec::new() };

    /// `entries` has one entry at least, and `more` a +Inf at its end if any entry points into it.
    pub(super) fn new(first: i64, entries: Vec<Entry>, more: Vec<f64>) -> HdrTable {
        assert!(!entries.is_empty());
        HdrTable { first, entries, more }
    }

    /// The cell `value` is counted in, if that takes one look: `None` for what lies outside the range, for what is not
    /// finite, and in the few sub-buckets that several bounds cut. One comparison finds out all but the last of these.
    #[inline(always)]
    pub fn locate_within(&self, value: f64) -> Option<u32> {
        let i = key(value).wrapping_sub(self.first) as usize;
        let entry = self.entries.get(i)?;
        (entry.more == 0).then(|| entry.cell + u32::from(value > entry.split))
    }

    /// The cell that holds the sum for what is counted in `cell`: the one of the first eight of its page that `cell`'s
    /// last three bits say.
    #[inline(always)]
    pub const fn sum_cell(cell: u32) -> u32 {
        cell & !(PAGE_CELLS as u32 - SUM_CELLS as u32)
    }

    /// The cell `value` is counted in.
    #[inline]
    pub fn locate(&self, value: f64) -> u32 {
        let last = self.entries.len() as i64 - 1;
        let i = key(value).wrapping_sub(self.first).min(last).max(0) as usize;
        // SAFETY: there is an entry at least, so `last` is not negative and `i` is from 0 to `last`.
        let entry = unsafe { self.entries.get_unchecked(i) };
        if entry.more != 0 {
            return self.locate_further(entry, value);
        }
        entry.cell + u32::from(value > entry.split)
    }

    /// Out of line, for the few sub-buckets that several bounds cut.
    #[cold]
    fn locate_further(&self, entry: &Entry, value: f64) -> u32 {
        if value > entry.split {
            let run = self.more.get(entry.more as usize - 1..).unwrap_or(&[]);
            return entry.cell + 1 + run.iter().take_while(|split| value > **split).count() as u32;
        }
        entry.cell
    }

    /// The key of entry 0.
    pub fn first(&self) -> i64 {
        self.first
    }

    /// The sub-buckets: underflow, 32 per octave, overflow.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The further splits of sub-buckets with several, in runs that rise and end with +Inf.
    pub fn more(&self) -> &[f64] {
        &self.more
    }
}

/// Up to this many bounds are all compared: that has no branch to guess wrong, and compiles to vector code.
const SCAN: usize = 16;

/// The compact store's table: the sum in cell 0, then a cell per bound, then the one of `+Inf`.
#[derive(Debug, Clone, PartialEq)]
pub struct CompactTable {
    bounds: Box<[f64]>,
}

impl CompactTable {
    pub(super) fn new(bounds: &[f64]) -> CompactTable {
        CompactTable { bounds: bounds.into() }
    }

    /// The cell `value` is counted in.
    #[inline(always)]
    pub fn locate(&self, value: f64) -> u32 {
        if self.bounds.len() <= SCAN {
            return 1 + self.bounds.iter().map(|bound| u32::from(value > *bound)).sum::<u32>();
        }
        1 + self.bounds.partition_point(|bound| value > *bound) as u32
    }

    /// The finite bounds, rising.
    pub fn bounds(&self) -> &[f64] {
        &self.bounds
    }
}

/// The table of either store.
#[derive(Debug, Clone, PartialEq)]
pub enum Table {
    /// Of the HDR store.
    Hdr(HdrTable),
    /// Of the compact store.
    Compact(CompactTable),
}

impl Table {
    /// The cell `value` is counted in.
    #[inline(always)]
    pub fn locate(&self, value: f64) -> u32 {
        match self {
            Table::Hdr(table) => table.locate(value),
            Table::Compact(table) => table.locate(value),
        }
    }

    /// The cell that holds the sum for what is counted in `cell`: one of the first of its page.
    #[inline(always)]
    pub fn sum_cell(&self, cell: u32) -> u32 {
        match self {
            Table::Hdr(_) => HdrTable::sum_cell(cell),
            Table::Compact(_) => 0,
        }
    }

    /// The HDR store's table, if it is one.
    pub fn hdr(&self) -> Option<&HdrTable> {
        match self {
            Table::Hdr(table) => Some(table),
            Table::Compact(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edge_of_a_key_is_the_last_value_with_that_key() {
        for key_of in [key(f64::MIN_POSITIVE), key(1e-6), key(1.0), key(1.5), key(1e300)] {
            assert_eq!(key(edge(key_of)), key_of);
            assert_eq!(key(edge(key_of).next_up()), key_of + 1);
        }
    }

    #[test]
    fn keys_of_zeros_and_negatives_are_not_above_those_of_positives() {
        for value in [0.0, -0.0, -5e-324, -1.0, f64::MIN, f64::NEG_INFINITY] {
            assert!(key(value) < key(5e-324), "{value:e}");
        }
    }
}

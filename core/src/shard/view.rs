//! What a merge sees: every cell of a number, added up.
//!
//! A view holds the ledger for one step of a scrape, so that counts stay where they are; writers go on adding meanwhile,
//! and each cell by itself only grows. Sums that must not run ahead of their buckets are read before them.

use super::cell::{self, CellId};
use super::ledger::Attached;
use super::slab::{CellEncoding, Slab};
use super::space::Space;
use crate::sync::{AtomicU64, ReadGuard};
use std::ops::Range;

/// Everything that holds a cell, for the length of one step of a merge.
pub(crate) struct View<'a> {
    ledger: ReadGuard<'a, Vec<Attached>>,
    slabs: Vec<&'a Slab>,
    space: &'a Space,
    /// Nothing but whole numbers anywhere.
    plain: bool,
}

/// What a cell of a counter came to: the exact whole part, and the rest.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Sum {
    pub(crate) whole: u64,
    pub(crate) part: f64,
}

impl<'a> View<'a> {
    pub(super) fn new(ledger: ReadGuard<'a, Vec<Attached>>, slabs: Vec<&'a Slab>, space: &'a Space) -> View<'a> {
        let mut view = View { ledger, slabs, space, plain: false };
        view.plain = view.is_plain();
        view
    }

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
    fn is_plain(&self) -> bool {
        self.ledger.is_empty() && self.slabs.iter().all(|slab| slab.encoding == CellEncoding::U64)
    }

    /// True if every cell of this number holds a whole number and lies in a slab or the shared cells.
    #[inline]
    pub(crate) fn is_whole(&self, number: CellId) -> bool {
        // Numbers of the shared tier are in no slab, whatever the slabs hold.
        self.plain || number >= self.space.layout().private() && self.ledger.iter().all(|a| a.cell(number).is_none())
    }

    /// The sums of many numbers that are [`whole`](Self::is_whole): slab by slab, so that each is read in one sweep.
    pub(crate) fn counts(&self, numbers: &[CellId], sums: &mut Vec<u64>) {
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
        if !self.plain {
            counts.iter_mut().zip(cells).for_each(|(count, number)| *count += self.count(number).whole);
            return;
        }
        let mut add = |first: *const AtomicU64| {
            // SAFETY: the numbers follow each other inside the mapping that `first` points into.
            let run = unsafe { std::slice::from_raw_parts(first, counts.len()) };
            counts.iter_mut().zip(run).for_each(|(count, cell)| *count = count.wrapping_add(cell::read(cell)));
        };
        add(self.space.shared_run(cells.start).as_ptr());
        if cells.start < self.space.layout().private() {
            self.slabs.iter().for_each(|slab| add(slab.cells.run(cells.start as usize).as_ptr()));
        }
    }
}

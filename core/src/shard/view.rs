//! What a merge sees: every cell of a number, added up.
//!
//! A view holds the ledger for one step of a scrape, so that counts stay where they are; writers go on adding meanwhile,
//! and each cell by itself only grows. Sums that must not run ahead of their buckets are read before them.

use super::cell::{self, CellId};
use super::ledger::{self, Attached};
use super::slab::{CellEncoding, Slab};
use super::space::Space;
use crate::sync::{AtomicU64, ReadGuard};
use std::ops::Range;

/// Everything that holds a cell, for the length of one step of a merge.
pub(crate) struct View<'a> {
    ledger: ReadGuard<'a, Vec<Attached>>,
    slabs: Vec<&'a Slab>,
    space: &'a Space,
    /// Up to which number the blocks of attached memory reach.
    ends: Vec<CellId>,
}

/// Below this an f64 has every whole number, 2^53: what lies beyond is no count, but what somebody set.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The whole part of a number in two's complement, and the rest. A number that is not exact to one is all rest, and so is
/// what is not finite.
#[inline]
fn halves(value: f64) -> (u64, f64) {
    match value.abs() < EXACT {
        // Through i64, since a count that goes both ways may be below zero.
        true => (value as i64 as u64, value - value.trunc()),
        false => (0, value),
    }
}

/// A number in two's complement, and whether it is one: whole, and exact to one.
#[inline]
fn exact(value: f64) -> (u64, bool) {
    let whole = value as i64;
    (whole as u64, whole as f64 == value && value.abs() < EXACT)
}

/// The whole part of what a cell holds.
#[inline]
fn whole(cell: &AtomicU64, encoding: CellEncoding) -> u64 {
    match encoding {
        CellEncoding::U64 => cell::read(cell),
        CellEncoding::F64 => halves(f64::from_bits(cell::read(cell))).0,
    }
}

/// What a cell of a counter came to: the exact whole part, and the rest.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Sum {
    pub(crate) whole: u64,
    pub(crate) part: f64,
}

impl<'a> View<'a> {
    pub(super) fn new(ledger: ReadGuard<'a, Vec<Attached>>, slabs: Vec<&'a Slab>, space: &'a Space) -> View<'a> {
        let ends = ledger::ends(&ledger);
        View { ledger, slabs, space, ends }
    }

    /// Calls `each` with every cell that number has, and what its bits mean.
    #[inline]
    fn each(&self, number: CellId, mut each: impl FnMut(&AtomicU64, CellEncoding)) {
        each(self.space.shared(number), CellEncoding::U64);
        if number < self.space.layout().private() {
            self.slabs.iter().for_each(|slab| each(slab.cells.cell(number as usize), slab.encoding));
        }
        for attached in ledger::overlapping(&self.ledger, &self.ends, number..number + 1) {
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
                let (whole, part) = halves(value);
                sum.whole = sum.whole.wrapping_add(whole);
                sum.part += part;
            }
        });
        sum
    }

    /// The sums of many numbers, slab by slab, so that each is read in one sweep. False if a cell of any of them holds a
    /// fraction: then the sums mean nothing.
    pub(crate) fn counts(&self, numbers: &[CellId], sums: &mut Vec<u64>) -> bool {
        sums.clear();
        sums.extend(numbers.iter().map(|number| cell::read(self.space.shared(*number))));
        let mut all_whole = true;
        let mut add = |sum: &mut u64, cell: &AtomicU64, encoding| match encoding {
            CellEncoding::U64 => *sum = sum.wrapping_add(cell::read(cell)),
            CellEncoding::F64 => {
                let value = f64::from_bits(cell::read(cell));
                let (whole, is_whole) = exact(value);
                *sum = sum.wrapping_add(whole);
                all_whole &= is_whole;
            }
        };
        let private = self.space.layout().private();
        if numbers.iter().any(|number| *number < private) {
            for slab in &self.slabs {
                let (cells, encoding) = (&slab.cells, slab.encoding);
                for (sum, number) in sums.iter_mut().zip(numbers).filter(|(_, number)| **number < private) {
                    add(sum, cells.cell(*number as usize), encoding);
                }
            }
        }
        if !self.ledger.is_empty() {
            for (sum, number) in sums.iter_mut().zip(numbers) {
                for attached in ledger::overlapping(&self.ledger, &self.ends, *number..*number + 1) {
                    if let Some(cell) = attached.cell(*number) {
                        add(sum, cell, attached.encoding);
                    }
                }
            }
        }
        all_whole
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
        let mut add = |first: *const AtomicU64, encoding| {
            // SAFETY: the numbers follow each other inside the mapping that `first` points into.
            let run = unsafe { std::slice::from_raw_parts(first, counts.len()) };
            match encoding {
                CellEncoding::U64 => {
                    counts.iter_mut().zip(run).for_each(|(count, cell)| *count = count.wrapping_add(cell::read(cell)));
                }
                CellEncoding::F64 => counts.iter_mut().zip(run).for_each(|(count, cell)| {
                    // Most are zero.
                    if cell::read(cell) != 0 {
                        *count = count.wrapping_add(whole(cell, encoding));
                    }
                }),
            }
        };
        add(self.space.shared_run(cells.start).as_ptr(), CellEncoding::U64);
        if cells.start < self.space.layout().private() {
            let slabs = self.slabs.iter();
            slabs.for_each(|slab| add(slab.cells.run(cells.start as usize).as_ptr(), slab.encoding));
        }
        for attached in ledger::overlapping(&self.ledger, &self.ends, cells.clone()) {
            for number in attached.within(cells.clone()) {
                let more = attached.cell(number).map_or(0, |cell| whole(cell, attached.encoding));
                let count = &mut counts[(number - cells.start) as usize];
                *count = count.wrapping_add(more);
            }
        }
    }
}

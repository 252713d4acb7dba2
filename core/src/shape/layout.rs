//! Where the slots of a shape go: which bounds cut which sub-bucket, and which page each slot lies in.
//!
//! Called once per shape, at construction. An HDR series takes whole pages, and the first cells of every page hold the
//! sum of what that page counts, so one record touches one page. The slots of one sub-bucket are neighbours: they never
//! lie in two pages.

use super::native::{self, pow2};
use super::range::{BELOW, Range, floor_log2};
use super::table::{CompactTable, Entry, HdrTable, SUB_BITS, Table, edge, key};
use crate::error::{Error, ErrorCode, Result};

/// Cells of 8 bytes in a page: the first [`SUM_CELLS`] hold the page's sum, the others count.
pub const PAGE_CELLS: usize = 512;
/// Cells that a page's sum is kept in, each for every eighth bucket: a cache line. An add of f64 to a cell waits for the
/// one before through memory (`make bench`, limits: `f64 sum`); values that vary go to several.
pub const SUM_CELLS: usize = 8;
/// The sum's cell is found by masking.
const _: () = assert!(PAGE_CELLS.is_power_of_two() && SUM_CELLS.is_power_of_two());

/// A page starts this many octaves below the smallest positive bound, since people choose their smallest bound below
/// what they usually see: typical values then share a page.
const USUAL_BELOW: i32 = 5;

/// A run of neighbouring slots whose cells are neighbours too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The cell of the first slot.
    pub cell_start: u32,
    /// The first slot.
    pub slot_start: u32,
    /// How many there are.
    pub len: u32,
}

/// What a shape is assembled from.
pub(super) struct Layout {
    pub(super) edges: Vec<f64>,
    pub(super) segments: Vec<Segment>,
    pub(super) sum_cells: Vec<u32>,
    pub(super) cells: u32,
    pub(super) table: Table,
}

/// Sum, a cell per bound, `+Inf`.
pub(super) fn compact(bounds: &[f64]) -> Layout {
    let edges: Vec<f64> = bounds.iter().copied().chain([f64::INFINITY]).collect();
    let len = edges.len() as u32;
    Layout {
        edges,
        segments: vec![Segment { cell_start: 1, slot_start: 0, len }],
        sum_cells: vec![0],
        cells: len + 1,
        table: Table::Compact(CompactTable::new(bounds)),
    }
}

/// Underflow, 32 sub-buckets per octave and overflow, each cut at the bounds that fall within it.
pub(super) fn hdr(bounds: &[f64], range: Range, native: Option<i32>) -> Result<Layout> {
    let first = key(pow2(range.lo));
    let len = (((range.hi - range.lo) as usize) << SUB_BITS) + 2;
    let cuts = cuts(bounds, range, native);
    let break_at = usual_start(bounds, range).filter(|_| len + cuts.len() >= PAGE_CELLS);

    let mut pages = Pages::default();
    let mut entries = Vec::with_capacity(len);
    let mut more = Vec::new();
    let mut cuts = cuts.as_slice();
    for i in 0..len {
        let upper = if i + 1 == len { f64::INFINITY } else { edge(first + i as i64) };
        let (within, later) = cuts.split_at(cuts.partition_point(|c| *c < upper));
        // A cut at the very edge is no cut.
        cuts = later.strip_prefix(&[upper]).unwrap_or(later);
        if within.len() + SUM_CELLS >= PAGE_CELLS {
            let message = format!(
                "{} bounds lie between {} and {upper}, more than fit in a page: use fewer, or the compact store",
                within.len(),
                within[0]
            );
            return Err(Error::new(ErrorCode::InvalidBuckets, message));
        }
        let cell = pages.place(within, upper, break_at == Some(i));
        let further = match within.get(1..) {
            Some(further) if !further.is_empty() => {
                let start = more.len() as u32;
                more.extend_from_slice(further);
                more.push(f64::INFINITY);
                start + 1
            }
            _ => 0,
        };
        entries.push(Entry { split: within.first().copied().unwrap_or(f64::INFINITY), cell, more: further });
    }
    let page_count = pages.segments.len() as u32;
    Ok(Layout {
        edges: pages.edges,
        sum_cells: (0..page_count * PAGE_CELLS as u32).filter(|cell| *cell as usize % PAGE_CELLS < SUM_CELLS).collect(),
        cells: page_count * PAGE_CELLS as u32,
        segments: pages.segments,
        table: Table::Hdr(HdrTable::new(first, entries, more)),
    })
}

/// Every bound that a slot must end at, rising, each once.
fn cuts(bounds: &[f64], range: Range, native: Option<i32>) -> Vec<f64> {
    let mut cuts = bounds.to_vec();
    // Schemas up to 0 only have powers of two, where sub-buckets end anyway.
    if let Some(schema) = native.filter(|s| *s > 0) {
        cuts.extend((range.lo << schema..range.hi << schema).map(|index| native::bound(schema, index)));
    }
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    cuts
}

/// The sub-bucket that starts the page of usual values. Without bounds it is where it would be if a bound had made the range.
fn usual_start(bounds: &[f64], range: Range) -> Option<usize> {
    let smallest = bounds.iter().find(|b| **b > 0.0).map_or(range.lo + BELOW, |b| floor_log2(*b));
    let octave = smallest - USUAL_BELOW - range.lo;
    (octave > 0).then_some(((octave as usize) << SUB_BITS) + 1)
}

/// Slots, as they are put into pages.
#[derive(Default)]
struct Pages {
    edges: Vec<f64>,
    segments: Vec<Segment>,
}

impl Pages {
    /// Places the slots of one sub-bucket side by side; the cell of the first.
    fn place(&mut self, cuts: &[f64], upper: f64, new_page: bool) -> u32 {
        let wanted = cuts.len() as u32 + 1;
        let fits = self.segments.last().is_some_and(|s| s.len + wanted <= (PAGE_CELLS - SUM_CELLS) as u32);
        if new_page || !fits {
            let cell_start = (self.segments.len() * PAGE_CELLS + SUM_CELLS) as u32;
            self.segments.push(Segment { cell_start, slot_start: self.edges.len() as u32, len: 0 });
        }
        self.edges.extend_from_slice(cuts);
        self.edges.push(upper);
        match self.segments.last_mut() {
            Some(segment) => {
                let cell = segment.cell_start + segment.len;
                segment.len += wanted;
                cell
            }
            None => 0,
        }
    }
}

//! The geometry of histograms: which cell of a series a value is counted in, and what each cell means.
//!
//! The registry builds a [`Shape`] per family, the record path asks its [`Table`] for a cell, the merge
//! walks its [`segments`](Shape::segments), and distributions give its slots a meaning. Everything here is
//! plain arithmetic that never changes after construction: no atomics, no memory of a series, no clock.
//!
//! A *slot* is a bucket, numbered densely from 0 by rising value; a *cell* is where a slot's count lies in
//! the memory of a series. Every slot is `(lo, hi]`, as `le` means it.

mod buckets;
mod layout;
pub mod native;
mod range;
mod table;

pub use buckets::{Buckets, MAX_BOUNDS};
pub use layout::{PAGE_CELLS, SUM_CELLS, Segment};
pub use range::MAX_OCTAVES;
pub(crate) use range::is_too_wide;
pub use table::{CompactTable, Entry, HdrTable, SUB_BITS, Table};

use crate::error::{Error, ErrorCode, Result};
use range::Range;

/// How a histogram keeps its counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Store {
    /// 32 sub-buckets per power of two, refined at every classic and native bound: exact buckets, and quantiles
    /// within 1.6 %. A series takes whole pages, and memory only for those it touches.
    #[default]
    Hdr,
    /// The classic bounds and nothing else, for families with very many series.
    Compact,
}

/// What a [`Shape`] is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapeOptions {
    /// How counts are kept.
    pub store: Store,
    /// The classic bounds.
    pub buckets: Buckets,
    /// The values the HDR store tells apart, in the family's unit. Without it the bounds decide: 12 octaves below the
    /// smallest positive one to 6 above the largest, and `2^-20..2^10` if there is none. Widened to powers of two, and
    /// to cover the bounds.
    pub range: Option<(f64, f64)>,
    /// The finest native-histogram schema to be exact in, -4 to 3; none for no native buckets.
    pub native: Option<i32>,
}

impl Default for ShapeOptions {
    /// HDR store, seconds buckets, a range from the bounds, native schema 3.
    fn default() -> Self {
        ShapeOptions { store: Store::Hdr, buckets: Buckets::seconds(), range: None, native: Some(native::MAX_SCHEMA) }
    }
}

/// Where every value of a histogram is counted, and what every count stands for.
#[derive(Debug, Clone)]
pub struct Shape {
    store: Store,
    bounds: Box<[f64]>,
    native: Option<i32>,
    range: Option<Range>,
    /// The upper edge of each slot, rising; the last is +Inf.
    edges: Box<[f64]>,
    /// For each bound, the slot it is the upper edge of.
    bound_slots: Box<[u32]>,
    segments: Box<[Segment]>,
    sum_cells: Box<[u32]>,
    cells: u32,
    table: Table,
}

impl Shape {
    /// The shape `options` ask for.
    ///
    /// # Errors
    /// `InvalidBuckets` for a bucket list that is empty, unsorted, repeated, too long or not finite, and for bounds
    /// that the store cannot be exact at; `InvalidOption` for a range or a schema that makes no sense.
    pub fn new(options: ShapeOptions) -> Result<Shape> {
        let ShapeOptions { store, buckets, range, native } = options;
        let bounds = buckets.bounds()?;
        match store {
            Store::Hdr => Self::hdr(bounds, range, native),
            Store::Compact => Self::compact(bounds, range, native),
        }
    }

    fn hdr(bounds: Vec<f64>, range: Option<(f64, f64)>, native: Option<i32>) -> Result<Shape> {
        if let Some(schema) = native
            && !(native::MIN_SCHEMA..=native::MAX_SCHEMA).contains(&schema)
        {
            let (min, max) = (native::MIN_SCHEMA, native::MAX_SCHEMA);
            let message = format!("native histogram schema {schema} is not supported: choose one from {min} to {max}");
            return Err(Error::new(ErrorCode::InvalidOption, message));
        }
        if let Some((i, bound)) = bounds.iter().enumerate().find(|(_, b)| **b < 0.0) {
            let message = format!(
                "buckets[{i}] is {bound}: the HDR store counts all negative values together; use the compact store \
                 for negative bounds"
            );
            return Err(Error::new(ErrorCode::InvalidBuckets, message));
        }
        let range = Range::choose(&bounds, range)?;
        let layout = layout::hdr(&bounds, range, native)?;
        Ok(Self::assemble(Store::Hdr, bounds, native, Some(range), layout))
    }

    fn compact(bounds: Vec<f64>, range: Option<(f64, f64)>, native: Option<i32>) -> Result<Shape> {
        let refused = match (native, range) {
            (Some(_), _) => "native buckets",
            (None, Some(_)) => "a range",
            (None, None) => "",
        };
        if !refused.is_empty() {
            let message = format!("the compact store has no {refused}: leave it out, or use the HDR store");
            return Err(Error::new(ErrorCode::InvalidOption, message));
        }
        let layout = layout::compact(&bounds);
        Ok(Self::assemble(Store::Compact, bounds, None, None, layout))
    }

    fn assemble(
        store: Store,
        bounds: Vec<f64>,
        native: Option<i32>,
        range: Option<Range>,
        layout: layout::Layout,
    ) -> Shape {
        let layout::Layout { edges, segments, sum_cells, cells, table } = layout;
        let bound_slots = bounds.iter().map(|b| edges.partition_point(|e| e < b) as u32).collect();
        Shape {
            store,
            bounds: bounds.into(),
            native,
            range,
            edges: edges.into(),
            bound_slots,
            segments: segments.into(),
            sum_cells: sum_cells.into(),
            cells,
            table,
        }
    }

    /// How counts are kept.
    pub fn store(&self) -> Store {
        self.store
    }

    /// The finite classic bounds, rising.
    pub fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    /// The slot that each of [`bounds`](Self::bounds) is the upper edge of.
    pub fn bound_slots(&self) -> &[u32] {
        &self.bound_slots
    }

    /// The finest native-histogram schema its slots are exact in.
    pub fn native_schema(&self) -> Option<i32> {
        self.native
    }

    /// The values the HDR store tells apart: what is at most the first is its underflow, what is above the second its
    /// overflow. None for the compact store.
    pub fn range(&self) -> Option<(f64, f64)> {
        self.range.map(|r| (native::pow2(r.lo), native::pow2(r.hi)))
    }

    /// The powers of two of [`range`](Self::range).
    pub fn octaves(&self) -> Option<(i32, i32)> {
        self.range.map(|r| (r.lo, r.hi))
    }

    /// How many slots there are.
    pub fn slots(&self) -> usize {
        self.edges.len()
    }

    /// How many cells a series takes: a multiple of [`PAGE_CELLS`] for the HDR store.
    pub fn cells(&self) -> u32 {
        self.cells
    }

    /// The cell of `slot`; that of the last slot if there are fewer.
    pub fn cell_of(&self, slot: usize) -> u32 {
        let slot = slot.min(self.slots() - 1) as u32;
        let after = self.segments.partition_point(|s| s.slot_start <= slot);
        let segment = &self.segments[after.max(1) - 1];
        segment.cell_start + (slot - segment.slot_start)
    }

    /// The slot whose count lies in `cell`; none for a cell that holds a sum, or nothing.
    pub fn slot_at(&self, cell: u32) -> Option<usize> {
        let after = self.segments.partition_point(|s| s.cell_start <= cell);
        let segment = self.segments.get(after.checked_sub(1)?)?;
        let offset = cell - segment.cell_start;
        (offset < segment.len).then_some((segment.slot_start + offset) as usize)
    }

    /// The runs in which slots and cells go in step, by rising slot: together they hold every slot once.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The cells that hold a sum (the bits of an f64). The sum of a series is the sum of them all.
    pub fn sum_cells(&self) -> &[u32] {
        &self.sum_cells
    }

    /// The table the record path goes by.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The slot `value` is counted in. NaN has no slot of its own; the caller keeps it away.
    pub fn slot_of(&self, value: f64) -> usize {
        self.slot_at(self.table.locate(value)).unwrap_or(0)
    }

    /// What `slot` counts: values above the first and at most the second. Open ends are infinite.
    pub fn slot_range(&self, slot: usize) -> (f64, f64) {
        let slot = slot.min(self.slots() - 1);
        let below = slot.checked_sub(1).map_or(f64::NEG_INFINITY, |s| self.edges[s]);
        (below, self.edges[slot])
    }
}

impl PartialEq for Shape {
    /// The rest is derived from these.
    fn eq(&self, other: &Self) -> bool {
        self.store == other.store
            && self.native == other.native
            && self.range == other.range
            && self.bounds == other.bounds
    }
}

/// No bound is NaN, so equality is total, and an `Arc<Shape>` can compare by address first.
impl Eq for Shape {}

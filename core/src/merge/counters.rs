//! Counters of one family that are told together: what a scrape of many series mostly consists of.
//!
//! The walk in the parent module puts them together while it holds the ledger, reads all their cells in one sweep, and clears them
//! before it lets go.

use super::snapshot::{Meta, Row, Text, Value};
use crate::registry::bound::Slot;
use crate::registry::family::Core;
use crate::shard::cell::CellId;

/// Counters in a row of a family, column by column.
pub(crate) struct Counters<'a> {
    family: &'a Core,
    /// The label values of the first, then of the second, …
    pub(crate) texts: Vec<Text<'a>>,
    pub(crate) wholes: Vec<u64>,
    pub(super) slots: Vec<Slot>,
    pub(super) cells: Vec<CellId>,
}

impl<'a> Counters<'a> {
    pub(super) fn new(family: &'a Core) -> Counters<'a> {
        Counters { family, texts: Vec::new(), wholes: Vec::new(), slots: Vec::new(), cells: Vec::new() }
    }

    /// The same as rows.
    pub(crate) fn for_each_row(&self, meta: &Meta, mut visit: impl FnMut(&Row<'_>)) {
        let labels = meta.label_names.len();
        for (at, (whole, slot)) in self.wholes.iter().zip(&self.slots).enumerate() {
            visit(&Row {
                names: &meta.label_names,
                values: &self.texts[at * labels..(at + 1) * labels],
                value: &Value::Counter { whole: *whole, part: 0.0 },
                // Its state said that it has no start of its own.
                created_ms: self.family.created_ms(self.family.record(*slot), None),
                exemplars: &[],
            });
        }
    }

    pub(super) fn clear(&mut self) {
        self.texts.clear();
        self.wholes.clear();
        self.slots.clear();
        self.cells.clear();
    }
}

//! Where a record lands: slabs of 8-byte cells, one slab per writer.
//!
//! A series is a cell number, the same in every slab. [`Space`] numbers the cells and lists the slabs, [`slab`] is one
//! writer's memory, [`writer`] finds the calling thread's, [`cell`] says how a cell is added to, [`memory`] is the one
//! place that maps memory, [`ledger`] keeps counts in place while somebody reads. `record` writes through `cell`; `merge`
//! reads through a [`view`]; nothing here knows
//! what a series means.

pub(crate) mod cell;
pub(crate) mod ledger;
pub(crate) mod memory;
pub(crate) mod numbering;
pub(crate) mod slab;
pub(crate) mod space;
pub(crate) mod view;
pub(crate) mod writer;

pub use ledger::Attachment;
pub use slab::{CellEncoding, Owner, Shard};
pub(crate) use space::Space;
pub use writer::ThreadCells;

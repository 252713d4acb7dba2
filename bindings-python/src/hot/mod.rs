//! The methods that are called per event, at CPython's own calling convention, and every raw pointer of this crate.
//!
//! The interpreter calls a hot method with a plain array of arguments: no tuple, no dictionary, no wrapper between the call
//! and the add. What a fast path cannot decide (a keyword, an exemplar, an odd number, an error) goes to a `slow` function
//! of `metric` or `requests` in safe Rust, which lets no panic out. Nothing here counts, formats or looks anything up.
//!
//! * [`call`]: arguments, halves of objects, the way to safe code. [`shard`]: the cells that are added to.
//! * [`metrics`], [`labels`], [`requests`]: the methods. [`methods`]: their tables, and who is given them.
//! * [`interpreter`]: that there is one. [`time`]: whether Python's clock was patched. [`bytes`]: large results.

mod bytes;
mod call;
mod interpreter;
mod labels;
mod methods;
mod metrics;
mod requests;
mod shard;
mod time;

pub(crate) use bytes::bytes;
pub(crate) use call::{Call, ask};
pub(crate) use labels::Memory;
pub(crate) use methods::equip;
pub(crate) use requests::{Requested, record};
pub(crate) use time::is_perf_counter_original;

use pyo3::prelude::*;

/// Whether anything is remembered by identity: where a global lock keeps every other thread out. A free-threaded build looks
/// texts up, behind locks of its own.
const REMEMBERS: bool = cfg!(not(Py_GIL_DISABLED));

/// Opens the interpreter's shard, remembers its clock and gives the classes their methods. Called once, when the module is
/// made.
pub(crate) fn set_up(py: Python<'_>) -> PyResult<()> {
    interpreter::claim(py)?;
    #[cfg(not(Py_GIL_DISABLED))]
    shard::open();
    time::set_up(py)?;
    methods::set_up(py)
}

//! Which interpreter this is: there may be one.

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// Refuses every interpreter but the first that imports the module. The classes are one for the process, and the shard's
/// single writer is whoever holds one global lock; another interpreter may have another.
pub(super) fn claim(py: Python<'_>) -> PyResult<()> {
    static FIRST: AtomicI64 = AtomicI64::new(-1);
    // SAFETY: attached, so there is an interpreter.
    let this = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    if this < 0 {
        return Err(PyErr::fetch(py));
    }
    // Relaxed: the number by itself.
    match FIRST.compare_exchange(-1, this, Relaxed, Relaxed) {
        Err(first) if first != this => Err(PyImportError::new_err(
            "tykmetrics does not support subinterpreters: it was imported by another interpreter of this process; \
             use it in that one alone, or have a process for each",
        )),
        _ => Ok(()),
    }
}

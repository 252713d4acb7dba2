//! Python's module `time`, looked at without a call: whether its clock is the interpreter's own.

use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use std::sync::OnceLock;

/// The dictionary of Python's `time`, and what `perf_counter` was in it when the module was made.
struct Time {
    dict: *mut PyObject,
    name: *mut PyObject,
    original: *mut PyObject,
}

// SAFETY: pointers to objects that are never let go of, only used attached.
unsafe impl Send for Time {}
// SAFETY: as above.
unsafe impl Sync for Time {}

static TIME: OnceLock<Time> = OnceLock::new();

/// True while `time.perf_counter` is the function that came with the interpreter.
#[inline(always)]
pub(crate) fn is_perf_counter_original() -> bool {
    TIME.get().is_some_and(|time| {
        // SAFETY: called attached; the dictionary and the name are held for good, and looking up a plain string runs no
        // code of the user's.
        unsafe { ffi::PyDict_GetItemWithError(time.dict, time.name) == time.original }
    })
}

/// Remembers the interpreter's own clock. Called once, when the module is made.
pub(super) fn set_up(py: Python<'_>) -> PyResult<()> {
    let time = py.import("time")?;
    let original = time.getattr("perf_counter")?;
    let name = pyo3::types::PyString::intern(py, "perf_counter");
    TIME.get_or_init(|| Time { dict: time.dict().into_ptr(), name: name.into_ptr(), original: original.into_ptr() });
    Ok(())
}

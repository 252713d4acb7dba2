//! Large results as Python's bytes.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Bytes of Python's with this content, copied while the interpreter is free.
pub(crate) fn bytes<'py>(py: Python<'py>, body: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    struct Target(*mut u8);
    // SAFETY: only the thread that made the object knows it.
    unsafe impl Send for Target {}
    // SAFETY: a null pointer asks for room that is not filled.
    let object = unsafe {
        Bound::from_owned_ptr_or_err(py, ffi::PyBytes_FromStringAndSize(std::ptr::null(), body.len() as isize))?
    };
    // SAFETY: a bytes object.
    let target = Target(unsafe { ffi::PyBytes_AsString(object.as_ptr()) }.cast());
    py.detach(|| {
        let target = target;
        // SAFETY: as much room as was asked for, in an object that nobody else has seen.
        unsafe { std::ptr::copy_nonoverlapping(body.as_ptr(), target.0, body.len()) };
    });
    // SAFETY: a bytes object.
    Ok(unsafe { object.cast_into_unchecked() })
}

//! The engine's errors as Python's own exceptions.

use engine::{Error, ErrorCode};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

/// The exception for an error of the engine.
pub(crate) fn exception(error: Error) -> PyErr {
    match error.code() {
        ErrorCode::Platform => PyOSError::new_err(error.message().to_owned()),
        _ => PyValueError::new_err(error.message().to_owned()),
    }
}

/// The same, for `?`.
pub(crate) trait OrRaise<T> {
    fn or_raise(self) -> PyResult<T>;
}

impl<T> OrRaise<T> for engine::Result<T> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(exception)
    }
}

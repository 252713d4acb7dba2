//! The native half of the Python package: it converts and never computes. Everything it gives out is in
//! `python/tykmetrics/_native.pyi`.

mod samples;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::samples::{parse_openmetrics, parse_text, write_openmetrics, write_text};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

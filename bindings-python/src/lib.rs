//! The native half of the Python package: it converts and never computes. Everything it gives out is in
//! `python/tykmetrics/_native.pyi`.

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

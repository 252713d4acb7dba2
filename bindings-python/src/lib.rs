//! The native half of the Python package: it converts and never computes. Everything it gives out is in
//! `python/tykmetrics/_native.pyi`.

mod attach;
mod clock;
mod collector;
mod error;
mod exchange;
mod expiring;
mod function;
mod hot;
mod labels;
mod metric;
mod raised;
mod registry;
mod requests;
mod samples;
mod server;

use pyo3::prelude::*;

/// The native half of tykmetrics: metrics, registries, requests, and the parsers and writers of expositions.
#[pymodule]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::attach::{after_fork_in_child, after_fork_in_parent, before_fork};
    #[pymodule_export]
    use super::exchange::{Exchange, Exchanges};
    #[pymodule_export]
    use super::hot::equip;
    #[pymodule_export]
    use super::metric::{Counter, Enum, Gauge, Histogram, Info, Summary};
    #[pymodule_export]
    use super::registry::{Registry, content_type, negotiate, negotiate_encoding};
    #[pymodule_export]
    use super::requests::{Requests, Route};
    #[pymodule_export]
    use super::samples::{parse_openmetrics, parse_text, write_openmetrics, write_text};

    #[pymodule_export]
    use super::server::Server;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        clock::set_up(module.py())?;
        hot::set_up(module.py())
    }
}

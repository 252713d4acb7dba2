//! The native half of a registry: what it lists, and its scrape.

use crate::collector::PythonCollector;
use crate::error::exception;
use crate::expiring::Expiring;
use crate::raised::{self, Raises};
use crate::samples;
use engine::{Collector, Encoding, EngineCollector, Escaping, Exposition, Format, Snapshot};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use std::sync::Arc;

/// A registry of the engine.
#[pyclass(frozen, module = "tykmetrics._native")]
pub(crate) struct Registry {
    pub(crate) registry: engine::Registry,
    /// The metrics whose series expire.
    pub(crate) expiring: Arc<Expiring>,
}

#[pymethods]
impl Registry {
    #[new]
    #[pyo3(signature = (series_limit=None, const_labels=Vec::new()))]
    fn new(series_limit: Option<u64>, const_labels: Vec<(String, String)>) -> Self {
        let options = engine::Registry::options();
        let options = match series_limit {
            Some(limit) => options.series_limit(limit),
            None => options,
        };
        let options = const_labels.into_iter().fold(options, |options, (name, value)| options.const_label(name, value));
        Registry { registry: options.build(), expiring: Arc::default() }
    }

    /// Take a family out, by its full name. False if there is none of that name.
    fn unlist(&self, name: &str) -> bool {
        self.registry.unregister(name)
    }

    /// Ask a collector written in Python at every scrape, and return the number to remove it by.
    fn add_collector(&self, collector: Py<PyAny>) -> u64 {
        self.registry.register_collector(PythonCollector::new(collector))
    }

    /// Ask a collector no more.
    fn remove_collector(&self, id: u64) -> bool {
        self.registry.unregister_collector(id)
    }

    /// Promote, expire and reclaim, as a scrape of the engine does, for one that is done in Python.
    fn maintain(&self, py: Python<'_>) -> PyResult<()> {
        self.expiring.forget(py)?;
        py.detach(|| self.registry.maintain());
        Ok(())
    }

    /// Return what the engine tells of itself and of this registry, as families.
    fn tell_engine<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut told = Snapshot::default();
        EngineCollector::new(&self.registry).collect(&mut told);
        let told: Vec<_> = told.families.iter().map(|family| engine::samples::of(family, false)).collect();
        samples::list(py, &told)
    }

    /// Return how many series there are.
    fn series(&self) -> u64 {
        self.registry.series()
    }

    /// Return everything the registry holds, as bytes of a format. The interpreter is free meanwhile.
    #[pyo3(signature = (format="text", *, encoding="identity", created=false, empty_families=false))]
    fn render<'py>(
        &self,
        py: Python<'py>,
        format: &str,
        encoding: &str,
        created: bool,
        empty_families: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut exposition = exposition(format)?;
        (exposition.created, exposition.empty_families) = (created, empty_families);
        let encoding = named_encoding(encoding)?;
        self.expiring.forget(py)?;
        let body = raised::scrape(py, Raises::Interrupts, || match encoding {
            Encoding::Identity => Ok(self.registry.render(exposition)),
            packed => pack(&self.registry, exposition, packed),
        })?;
        bytes(py, &body.map_err(|error| PyValueError::new_err(error.to_string()))?)
    }
}

fn pack(registry: &engine::Registry, exposition: Exposition, encoding: Encoding) -> engine::Result<Vec<u8>> {
    let mut body = Vec::new();
    let sink = |chunk: &[u8]| {
        body.extend_from_slice(chunk);
        Ok::<(), engine::Error>(())
    };
    let mut compressor = engine::render::Compressor::new(encoding, sink)?;
    registry.render_to(exposition, |chunk| compressor.write(chunk))?;
    compressor.finish()?;
    Ok(body)
}

/// Bytes of Python's, filled while the interpreter is free: a large body costs more in page faults than in copying.
pub(crate) fn bytes<'py>(py: Python<'py>, body: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    crate::hot::bytes(py, body)
}

/// The separator of a format's name and how it escapes.
const ESCAPING: &str = "; escaping=";

/// An exposition by the name that [`negotiate`] gives it.
pub(crate) fn exposition(format: &str) -> PyResult<Exposition> {
    let (name, escaping) = match format.split_once(ESCAPING) {
        Some((name, escaping)) => (name, Some(escaping)),
        None => (format, None),
    };
    let mut exposition = Exposition::from(Format::from_name(name).map_err(exception)?);
    if let Some(escaping) = escaping {
        exposition.escaping = Escaping::from_name(escaping).ok_or_else(|| {
            PyValueError::new_err(format!(
                "no escaping is called {escaping:?}; there are allow-utf-8, underscores, dots and values"
            ))
        })?;
    }
    Ok(exposition)
}

fn named_encoding(name: &str) -> PyResult<Encoding> {
    [Encoding::Identity, Encoding::Gzip, Encoding::Zstd]
        .into_iter()
        .find(|encoding| encoding.as_str() == name)
        .ok_or_else(|| {
            PyValueError::new_err(format!("no encoding is called {name:?}; there are identity, gzip and zstd"))
        })
}

/// Return the format that an `Accept` header asks for, as `render` takes it, and its `Content-Type`.
#[pyfunction]
pub(crate) fn negotiate(accept: &str) -> (String, String) {
    let exposition = engine::negotiate(accept);
    let plain = Exposition::from(exposition.format).escaping == exposition.escaping;
    let name = exposition.format.as_str();
    let name = if plain { name.to_owned() } else { format!("{name}{ESCAPING}{}", exposition.escaping.as_str()) };
    (name, exposition.content_type())
}

/// Return the content type of a format.
#[pyfunction]
pub(crate) fn content_type(format: &str) -> PyResult<String> {
    Ok(exposition(format)?.content_type())
}

/// Return the encoding that an `Accept-Encoding` header likes best: identity, gzip or zstd.
#[pyfunction]
pub(crate) fn negotiate_encoding(accept_encoding: &str) -> &'static str {
    Encoding::negotiate(accept_encoding).as_str()
}

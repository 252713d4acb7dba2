//! Text expositions in Python: the parsers, and the writers that print families byte for byte as prometheus_client does.
//!
//! Metric-like objects become plain Rust data first (`convert`), which is then written while the interpreter is free; what
//! is parsed, while it is free too, comes back as tuples (`tuples`). Native families join converted ones in one list.

mod convert;
mod tuples;

use crate::hot;
use crate::metric::{Teller, teller};
use crate::raised::{self, Raises};
use engine::Escaping;
use engine::samples::{self, Dialect, Family, Version, WriteError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use std::sync::Arc;

pub(crate) use convert::family;
pub(crate) use tuples::list;

/// What families are converted for: the classic text has no exemplars, units and native histograms, and they are not
/// looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Text,
    OpenMetrics(Version),
}

/// Return the families of a text in Prometheus's text format, read leniently, as tuples.
#[pyfunction]
pub(crate) fn parse_text<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyList>> {
    parse(py, text, Dialect::Text)
}

/// Return the families of a text in OpenMetrics, as tuples.
#[pyfunction]
pub(crate) fn parse_openmetrics<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyList>> {
    parse(py, text, Dialect::OpenMetrics)
}

fn parse<'py>(py: Python<'py>, text: &str, dialect: Dialect) -> PyResult<Bound<'py, PyList>> {
    let families = py.detach(|| samples::parse(text, dialect));
    list(py, &families.map_err(|error| PyValueError::new_err(error.to_string()))?)
}

/// Return metrics in Prometheus's text format, whose versions 0.0.4 and 1.0.0 differ in nothing but the escaping.
#[pyfunction]
#[pyo3(signature = (families, version, escaping, created=true))]
pub(crate) fn write_text<'py>(
    py: Python<'py>,
    families: &Bound<'py, PyAny>,
    version: &str,
    escaping: &str,
    created: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    if !matches!(version, "0.0.4" | "1.0.0") {
        let message = format!("there is no version {version:?} of the text format; there are 0.0.4 and 1.0.0");
        return Err(PyValueError::new_err(message));
    }
    write_all(py, families, Target::Text, escaping, created)
}

/// Return metrics in OpenMetrics; native histograms are written from version 2.0.0 on.
#[pyfunction]
#[pyo3(signature = (families, version, escaping, created=true))]
pub(crate) fn write_openmetrics<'py>(
    py: Python<'py>,
    families: &Bound<'py, PyAny>,
    version: &str,
    escaping: &str,
    created: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    write_all(py, families, Target::OpenMetrics(Version::from_name(version)), escaping, created)
}

fn write_all<'py>(
    py: Python<'py>,
    metrics: &Bound<'py, PyAny>,
    target: Target,
    escaping: &str,
    created: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let escaping = named_escaping(escaping)?;
    let mut sources = Vec::new();
    let mut origins = Vec::new();
    for metric in metrics.try_iter()? {
        let metric = metric?;
        sources.push(match teller(&metric) {
            Some(native) => Source::Native(native),
            None => Source::Converted(family(&metric, target).map_err(|error| blame(error, &metric))?),
        });
        origins.push(metric);
    }
    match raised::scrape(py, Raises::Everything, || write(sources, created, target, escaping))? {
        Ok(body) => hot::bytes(py, &body),
        Err(error) => Err(refused(&error, |at| origins.get(at).cloned())),
    }
}

/// Where a family comes from: from the engine, or from an object of Python's.
enum Source {
    Native(Arc<dyn Teller>),
    Converted(Family<'static>),
}

/// Writes families, native and converted ones alike. The interpreter is free.
fn write(sources: Vec<Source>, created: bool, target: Target, escaping: Escaping) -> Result<Vec<u8>, WriteError> {
    let mut told: Vec<Told> = sources
        .into_iter()
        .flat_map(|source| match source {
            Source::Native(native) => native.tell().into_iter().map(Told::Native).collect(),
            Source::Converted(family) => vec![Told::Converted(family)],
        })
        .collect();
    let families: Vec<Family<'_>> = told
        .iter_mut()
        .map(|told| match told {
            Told::Native(family) => samples::of(family, created),
            Told::Converted(family) => std::mem::take(family),
        })
        .collect();
    match target {
        Target::Text => samples::write_text(&families, escaping),
        Target::OpenMetrics(version) => samples::write_openmetrics(&families, version, escaping),
    }
}

/// A family that told what it holds.
enum Told {
    Native(engine::snapshot::Family),
    Converted(Family<'static>),
}

/// The exception for families that could not be written. `origin` gives the Python object that a family was made from, if
/// it was made from one.
pub(crate) fn refused<'py>(error: &WriteError, origin: impl FnOnce(usize) -> Option<Bound<'py, PyAny>>) -> PyErr {
    let raised = PyValueError::new_err(error.to_string());
    match origin(error.family()) {
        Some(metric) => blame(raised, &metric),
        None => raised,
    }
}

/// An escaping scheme by its name.
pub(crate) fn named_escaping(name: &str) -> PyResult<Escaping> {
    Escaping::from_name(name).ok_or_else(|| {
        let known = "there are allow-utf-8, underscores, dots and values";
        PyValueError::new_err(format!("no escaping is called {name:?}; {known}"))
    })
}

/// The same exception, with the metric as the last of its arguments, as prometheus_client raises it.
pub(crate) fn blame(error: PyErr, metric: &Bound<'_, PyAny>) -> PyErr {
    let py = metric.py();
    let with_metric = || -> PyResult<()> {
        let value = error.value(py);
        let args = value.getattr("args")?.cast_into::<PyTuple>()?;
        let mut args: Vec<Bound<'_, PyAny>> = args.iter().collect();
        if args.is_empty() {
            args.push("".into_pyobject(py)?.into_any());
        }
        args.push(metric.clone());
        value.setattr("args", PyTuple::new(py, args)?)
    };
    // The exception matters more than what it is decorated with.
    with_metric().ok();
    error
}

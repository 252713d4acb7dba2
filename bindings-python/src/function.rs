//! The functions that gauges are read from at a scrape.
//!
//! The garbage collector does not see what the engine holds, so the engine holds them weakly: a function that knows its
//! gauge, as a method of the gauge's owner does, could never go away. The gauges hold them, a child and its parent both,
//! since a child may be forgotten while its series is shown.

use crate::attach::attach;
use crate::hot;
use crate::raised;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};
use pyo3::{PyTraverseError, PyVisit};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A function of Python's, as gauges hold it.
#[pyclass(frozen, weakref, module = "tykmetrics._native")]
pub(crate) struct Function {
    function: Py<PyAny>,
}

#[pymethods]
impl Function {
    // Without a `__clear__`: a cycle that it is on is broken at its gauge.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.function)
    }
}

impl Function {
    pub(crate) fn new(py: Python<'_>, function: Py<PyAny>) -> PyResult<Bound<'_, Function>> {
        Bound::new(py, Function { function })
    }

    fn answer(&self, py: Python<'_>) -> PyResult<f64> {
        py.import("builtins")?.call_method1("float", (hot::ask(self.function.bind(py))?,))?.extract()
    }
}

/// What the function answers now; NaN if it raises, which is told (`raised`), or is gone.
pub(crate) fn ask(function: &Py<PyWeakrefReference>) -> f64 {
    // A process that ends has no interpreter to ask any more.
    let answer = attach(|py| {
        let function = function.bind(py).upgrade()?.cast_into::<Function>().ok()?;
        let answer = function.get().answer(py);
        answer.map_err(|error| raised::tell(py, error, function.get().function.bind(py))).ok()
    });
    answer.flatten().unwrap_or(f64::NAN)
}

/// The functions that a gauge holds, by the label values of their series.
#[derive(Default)]
pub(crate) struct Functions(Mutex<HashMap<Vec<String>, Py<Function>>>);

impl Functions {
    fn all(&self) -> MutexGuard<'_, HashMap<Vec<String>, Py<Function>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep(&self, labels: Vec<String>, function: Py<Function>) {
        // Bound, so that it is dropped after the lock was let go: that may run the user's code.
        let _before = self.all().insert(labels, function);
    }

    /// Lets go of the functions of series that were removed.
    pub(crate) fn remove(&self, is_removed: impl Fn(&[String]) -> bool) {
        let _gone: Vec<_> = self.all().extract_if(|labels, _| is_removed(labels)).collect();
    }

    /// Shows the garbage collector what is held.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // As of children.
        let Ok(all) = self.0.try_lock() else { return Ok(()) };
        all.values().try_for_each(|function| visit.call(function))
    }
}

//! The metrics of a registry whose series expire, weakly, and what each scrape does for them.
//!
//! The children that a metric remembers hold their series, so it is to forget them before each scrape: those that were not
//! asked for since the last one are held by nobody then. Called by `registry` and by `server`, whose threads ask without
//! the interpreter whether there is anything to forget.

use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub(crate) struct Expiring {
    /// Only locked by who is attached, so that no thread that a fork leaves behind has it.
    known: Mutex<Vec<Py<PyWeakrefReference>>>,
    /// True once there was one.
    any: AtomicBool,
}

impl Expiring {
    fn known(&self) -> MutexGuard<'_, Vec<Py<PyWeakrefReference>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a metric.
    pub(crate) fn add(&self, metric: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = metric.py();
        let metric = PyWeakrefReference::new(metric)?.unbind();
        // Not under the lock: what is looked at and dropped may run the user's code, which may come back here.
        let mut known = std::mem::take(&mut *self.known());
        known.retain(|metric| metric.bind(py).upgrade().is_some());
        known.push(metric);
        self.known().append(&mut known);
        // Relaxed: a scrape that comes too early for it is one that has nothing to forget yet.
        self.any.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// False if there is nothing to forget, so that nobody has to attach for it.
    pub(crate) fn is_any(&self) -> bool {
        // Relaxed: as where it is set.
        self.any.load(Ordering::Relaxed)
    }

    /// Lets go of the series that only the metrics' own memories hold.
    pub(crate) fn forget(&self, py: Python<'_>) -> PyResult<()> {
        let known: Vec<_> = self.known().iter().map(|metric| metric.clone_ref(py)).collect();
        for metric in known.iter().filter_map(|metric| metric.bind(py).upgrade()) {
            metric.call_method0("_forget")?;
        }
        Ok(())
    }
}

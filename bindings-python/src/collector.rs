//! Collectors written in Python, asked at a scrape of the engine.
//!
//! A scrape runs while the interpreter is free, and comes back to it for each of them. Of one that raises is told
//! (`raised`); it is counted by the engine, and left out of that scrape; the others are shown.

use crate::attach::attach;
use crate::hot;
use crate::raised;
use crate::samples::{Target, family};
use engine::samples::{Version, gather};
use engine::snapshot::Snapshot;
use pyo3::prelude::*;

/// A Python object with a method `collect`, which returns a list: what a generator does would be done below frames of Rust.
pub(crate) struct PythonCollector {
    collector: Py<PyAny>,
}

impl PythonCollector {
    pub(crate) fn new(collector: Py<PyAny>) -> Self {
        PythonCollector { collector }
    }

    fn ask(&self, py: Python<'_>) -> PyResult<Vec<engine::snapshot::Family>> {
        let mut families = Vec::new();
        for metric in hot::ask(&self.collector.bind(py).getattr("collect")?)?.try_iter()? {
            families.extend(gather(&family(&metric?, Target::OpenMetrics(Version::V1))?));
        }
        Ok(families)
    }
}

impl engine::Collector for PythonCollector {
    fn collect(&self, into: &mut Snapshot) {
        // A process that ends has no interpreter to ask any more.
        let asked = attach(|py| self.ask(py).map_err(|error| raised::tell(py, error, self.collector.bind(py))));
        match asked {
            Some(Ok(mut families)) => into.families.append(&mut families),
            Some(Err(())) => std::panic::resume_unwind(Box::new("the collector raised")),
            None => {}
        }
    }
}

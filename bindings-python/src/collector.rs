//! Collectors written in Python, asked at a scrape of the engine.

use engine::snapshot::Snapshot;
use pyo3::prelude::*;

/// A Python object with a method `collect`.
pub(crate) struct PythonCollector {
    collector: Py<PyAny>,
}

impl PythonCollector {
    pub(crate) fn new(collector: Py<PyAny>) -> Self {
        PythonCollector { collector }
    }
}

impl engine::Collector for PythonCollector {
    fn collect(&self, _into: &mut Snapshot) {
        let _ = &self.collector;
    }
}

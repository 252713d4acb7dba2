//! Families as tuples: `(name, documentation, type, unit, samples)`, where a sample is `(name, labels, value, timestamp,
//! exemplar, native_histogram)`.
//!
//! A timestamp is None, a float, an int, or a pair of seconds and nanoseconds. An exemplar is `(labels, value, timestamp)`, a
//! native histogram the ten fields of prometheus_client's `NativeHistogram`, whose sample has no value.

use engine::samples::{Exemplar, Family, Labels, NativeHistogram, Number, Sample, Timestamp};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use std::collections::HashMap;

/// Names that were met: a text repeats them line by line, and Python then has each once.
struct Names<'py, 'a> {
    py: Python<'py>,
    known: HashMap<&'a str, Bound<'py, PyString>>,
}

impl<'py, 'a> Names<'py, 'a> {
    fn get(&mut self, name: &'a str) -> Bound<'py, PyString> {
        let py = self.py;
        self.known.entry(name).or_insert_with(|| PyString::new(py, name)).clone()
    }
}

type Object<'py> = Bound<'py, PyAny>;

/// The families as a list of tuples.
pub(crate) fn list<'py>(py: Python<'py>, families: &[Family<'_>]) -> PyResult<Bound<'py, PyList>> {
    let mut names = Names { py, known: HashMap::new() };
    let list = PyList::empty(py);
    for family in families {
        let samples = PyList::empty(py);
        for sample in &family.samples {
            samples.append(self::sample(&mut names, sample)?)?;
        }
        let kind = names.get(family.kind.as_str());
        list.append((&*family.name, &*family.help, kind, &*family.unit, samples))?;
    }
    Ok(list)
}

fn sample<'py, 'a>(names: &mut Names<'py, 'a>, sample: &'a Sample<'_>) -> PyResult<Bound<'py, PyTuple>> {
    let py = names.py;
    let none = || py.None().into_bound(py);
    let native = sample.native_histogram.as_deref();
    // A native histogram without labels has none at all, and no value.
    let labels = match native.is_some() && sample.labels.is_empty() {
        true => none(),
        false => labels(names, &sample.labels)?,
    };
    let exemplar = match &sample.exemplar {
        Some(exemplar) => self::exemplar(names, exemplar)?,
        None => none(),
    };
    let (value, native) = match native {
        Some(native) => (none(), histogram(names, native)?),
        None => (PyFloat::new(py, sample.value).into_any(), none()),
    };
    let name = names.get(&sample.name).into_any();
    PyTuple::new(py, [name, labels, value, timestamp(py, sample.timestamp)?, exemplar, native])
}

fn labels<'py, 'a>(names: &mut Names<'py, 'a>, labels: &'a Labels<'_>) -> PyResult<Object<'py>> {
    let dict = PyDict::new(names.py);
    for (name, value) in labels {
        dict.set_item(names.get(name), &**value)?;
    }
    Ok(dict.into_any())
}

fn timestamp(py: Python<'_>, timestamp: Option<Timestamp>) -> PyResult<Object<'_>> {
    Ok(match timestamp {
        None => py.None().into_bound(py),
        Some(Timestamp::Seconds(seconds)) => PyFloat::new(py, seconds).into_any(),
        Some(Timestamp::Whole(seconds)) => PyInt::new(py, seconds).into_any(),
        Some(Timestamp::Nanos { seconds, nanos }) => (seconds, nanos).into_pyobject(py)?.into_any(),
    })
}

fn exemplar<'py, 'a>(names: &mut Names<'py, 'a>, exemplar: &'a Exemplar<'_>) -> PyResult<Object<'py>> {
    let py = names.py;
    let labels = labels(names, &exemplar.labels)?;
    let moment = timestamp(py, exemplar.timestamp)?;
    Ok(PyTuple::new(py, [labels, PyFloat::new(py, exemplar.value).into_any(), moment])?.into_any())
}

fn number(py: Python<'_>, number: Number) -> Object<'_> {
    match number {
        Number::Whole(number) => PyInt::new(py, number).into_any(),
        Number::Float(number) => PyFloat::new(py, number).into_any(),
    }
}

fn histogram<'py, 'a>(names: &mut Names<'py, 'a>, native: &'a NativeHistogram<'_>) -> PyResult<Object<'py>> {
    let py = names.py;
    let spans = |spans: &Option<Vec<(i64, i64)>>| spans.as_ref().map(|spans| PyTuple::new(py, spans)).transpose();
    let deltas = |deltas: &Option<Vec<Number>>| {
        let list = deltas.as_ref().map(|deltas| PyTuple::new(py, deltas.iter().map(|delta| number(py, *delta))));
        list.transpose()
    };
    let exemplars = match native.exemplars.is_empty() {
        true => py.None().into_bound(py),
        false => {
            let exemplars = native.exemplars.iter().map(|shown| exemplar(names, shown));
            PyTuple::new(py, exemplars.collect::<PyResult<Vec<_>>>()?)?.into_any()
        }
    };
    let fields = (
        number(py, native.count),
        number(py, native.sum),
        native.schema,
        number(py, native.zero_threshold),
        number(py, native.zero_count),
        spans(&native.positive_spans)?,
        spans(&native.negative_spans)?,
        deltas(&native.positive_deltas)?,
        deltas(&native.negative_deltas)?,
        exemplars,
    );
    Ok(fields.into_pyobject(py)?.into_any())
}

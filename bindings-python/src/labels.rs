//! Label values as text, and the children of a metric by that text.
//!
//! `metric` asks here when the objects of a call were not seen before. Nothing is promised about which children are
//! remembered: a child that was forgotten is made again, and records to the same series.

use crate::hot::Call;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyTraverseError, PyVisit};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The label values of a call as strings, in the order of the label names.
pub(crate) fn texts<'py>(
    kind: &str,
    metric: &str,
    names: &[String],
    call: &Call<'py>,
) -> PyResult<Vec<Bound<'py, PyString>>> {
    let refused = |what: String| Err(PyValueError::new_err(what));
    let all = names.join(", ");
    if names.is_empty() {
        return refused(format!(
            "No label names were set when constructing {kind} {metric:?}: record to it directly, or construct it with labelnames"
        ));
    }
    let text = |value: &Bound<'py, PyAny>| match value.cast_exact::<PyString>() {
        Ok(text) => Ok(fit(text.clone())),
        Err(_) => value.str().map(fit),
    };
    if call.names.is_empty() {
        if call.values.len() != names.len() {
            return refused(format!(
                "Incorrect label count: {kind} {metric:?} has the labels ({all}), {} in all, but {} values were given",
                names.len(),
                call.values.len()
            ));
        }
        return call.values.iter().map(text).collect();
    }
    if call.positional > 0 {
        return refused(format!(
            "Can't pass both *args and **kwargs: give the labels ({all}) of {kind} {metric:?} in one way"
        ));
    }
    let by_name = |name: &String| match call.names.iter().position(|given| given == name) {
        Some(at) if call.names.len() == names.len() => text(&call.values[at]),
        _ => refused_names(kind, metric, &all, &call.names),
    };
    names.iter().map(by_name).collect()
}

/// The text itself, or if it has lone surrogates, which no format can say, one with U+FFFD in their place. A client's JSON
/// can contain them, and a label that came from it must not break a request.
pub(crate) fn fit(text: Bound<'_, PyString>) -> Bound<'_, PyString> {
    match text.to_str() {
        Ok(_) => text,
        Err(_) => PyString::new(text.py(), &text.to_string_lossy()),
    }
}

fn refused_names<T>(kind: &str, metric: &str, all: &str, given: &[String]) -> PyResult<T> {
    let given = given.join(", ");
    Err(PyValueError::new_err(format!(
        "Incorrect label names: {kind} {metric:?} has the labels ({all}), but ({given}) were given"
    )))
}

/// Children that are remembered by text at most.
const MANY: usize = 4096;
/// Bytes of a length.
const LENGTH: usize = size_of::<usize>();
/// Those there is room for at first.
const FEW: usize = 16;

/// The children of a metric by the text of their label values, for strings that are made anew for every call.
#[derive(Default)]
pub(crate) struct Contents(Mutex<Vec<Option<Known>>>);

struct Known {
    hash: u64,
    /// The texts, each behind its length.
    texts: Box<[u8]>,
    child: Py<PyAny>,
}

impl Contents {
    fn places(&self) -> MutexGuard<'_, Vec<Option<Known>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the child that was given out for these texts.
    #[inline]
    pub(crate) fn find<R>(&self, labels: &[&str], found: impl FnOnce(&Py<PyAny>) -> R) -> Option<R> {
        let places = self.places();
        let hash = hash(labels);
        let known = places.get(place(hash, places.len())?)?.as_ref().filter(|known| known.hash == hash)?;
        is_joined(&known.texts, labels).then(|| found(&known.child))
    }

    /// Remembers a child.
    pub(crate) fn keep(&self, labels: &[&str], child: Py<PyAny>) {
        let hash = hash(labels);
        let texts = joined(labels);
        let mut places = self.places();
        if places.is_empty() {
            places.resize_with(FEW, || None);
        }
        let mut gone = Vec::new();
        let taken = |places: &Vec<Option<Known>>| place(hash, places.len()).is_some_and(|at| places[at].is_some());
        if taken(&places) && places.len() < MANY {
            let before = std::mem::take(&mut *places);
            places.resize_with(before.len() * 2, || None);
            for known in before.into_iter().flatten() {
                let Some(at) = place(known.hash, places.len()) else { continue };
                gone.extend(places[at].replace(known));
            }
        }
        if let Some(at) = place(hash, places.len()) {
            gone.extend(places[at].replace(Known { hash, texts, child }));
        }
        // What is dropped may run the user's code, which may come back here.
        drop(places);
        drop(gone);
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let gone = std::mem::take(&mut *self.places());
        drop(gone);
    }

    /// Shows the garbage collector what is held.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // The collector may run while this thread is in `keep`; then the children are not garbage.
        let Ok(places) = self.0.try_lock() else { return Ok(()) };
        places.iter().flatten().try_for_each(|known| visit.call(&known.child))
    }
}

fn place(hash: u64, places: usize) -> Option<usize> {
    places.checked_sub(1).map(|last| hash as usize & last)
}

/// The texts in one piece of memory, each behind its length.
fn joined(labels: &[&str]) -> Box<[u8]> {
    let mut all = Vec::with_capacity(labels.iter().map(|label| LENGTH + label.len()).sum());
    for label in labels {
        all.extend_from_slice(&label.len().to_le_bytes());
        all.extend_from_slice(label.as_bytes());
    }
    all.into()
}

/// True if the texts are those that were joined.
#[inline]
fn is_joined(mut joined: &[u8], labels: &[&str]) -> bool {
    let alike = labels.iter().all(|label| {
        let Some((len, rest)) = joined.split_first_chunk::<LENGTH>() else { return false };
        let Some((text, rest)) = rest.split_at_checked(usize::from_le_bytes(*len)) else { return false };
        joined = rest;
        text == label.as_bytes()
    });
    // A call may have fewer values than the metric has labels.
    alike && joined.is_empty()
}

/// Where a set of texts is looked for. Texts that collide push each other out of a table of bounded size, which costs time
/// and nothing else, so this only has to be quick.
fn hash(labels: &[&str]) -> u64 {
    // An odd number without pattern, from the golden ratio.
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let add = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(MIX);
    let hash = labels.iter().fold(0, |mut hash, label| {
        let (words, rest) = label.as_bytes().as_chunks::<8>();
        hash = words.iter().fold(add(hash, label.len() as u64), |hash, word| add(hash, u64::from_le_bytes(*word)));
        rest.iter().fold(hash, |hash, byte| add(hash, u64::from(*byte)))
    });
    hash ^ hash >> 32
}

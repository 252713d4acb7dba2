//! What the user's code raises while a scrape asks it, and who is told.
//!
//! A scrape goes on without a collector or a function that raises, and tells `sys.unraisablehook` of it. Whoever began the
//! scrape is told instead where they are to be: of what ends a program (`KeyboardInterrupt`, `SystemExit`) always, and of
//! everything by the functions that prometheus_client's users know to raise. Scrapes nest, since what is asked may scrape.

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use std::cell::RefCell;

/// What is raised by the function that began a scrape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Raises {
    /// What is no `Exception`.
    Interrupts,
    Everything,
}

/// A scrape that this thread began: what it raises, and the first that there is of it.
struct Watch(Raises, Option<PyErr>);

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// Does a scrape while the interpreter is free.
pub(crate) fn scrape<T: Send>(py: Python<'_>, raises: Raises, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    let outer = WATCH.replace(Some(Watch(raises, None)));
    let done = py.detach(work);
    match WATCH.replace(outer) {
        Some(Watch(_, Some(error))) => Err(error),
        _ => Ok(done),
    }
}

/// Tells of an error of what was asked.
pub(crate) fn tell(py: Python<'_>, error: PyErr, asked: &Bound<'_, PyAny>) {
    let kept = WATCH.with_borrow_mut(|watch| match watch {
        Some(Watch(raises, first))
            if first.is_none() && (*raises == Raises::Everything || !error.is_instance_of::<PyException>(py)) =>
        {
            *first = Some(error.clone_ref(py));
            true
        }
        _ => false,
    });
    if !kept {
        error.write_unraisable(py, Some(asked));
    }
}

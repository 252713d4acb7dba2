//! The tables of hot methods, and how a class is given its own.

use super::labels::labels;
use super::metrics::{counter_inc, gauge_dec, gauge_inc, gauge_set, histogram_observe, summary_observe};
use super::requests::{record_request, route_begin, route_end};
use crate::metric::{Counter, Enum, Gauge, Histogram, Info, Kind, Summary};
use crate::requests::{Requests, Route};
use pyo3::PyTypeInfo;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;
use std::ffi::CStr;

type Method = (&'static CStr, Function, &'static CStr);

enum Function {
    Fast(ffi::PyCFunctionFastWithKeywords),
    Without(ffi::PyCFunction),
}

/// Gives a class hot methods, where it has not its own.
fn give(class: &Bound<'_, PyType>, methods: impl IntoIterator<Item = Method>) -> PyResult<()> {
    let py = class.py();
    for (name, function, doc) in methods {
        if is_overridden(class, &name.to_string_lossy())? {
            continue;
        }
        let (ml_meth, ml_flags) = match function {
            Function::Fast(function) => (
                ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: function },
                ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
            ),
            Function::Without(function) => (ffi::PyMethodDefPointer { PyCFunction: function }, ffi::METH_NOARGS),
        };
        // Lives as long as the class, which is as long as the process.
        let definition =
            Box::leak(Box::new(ffi::PyMethodDef { ml_name: name.as_ptr(), ml_meth, ml_flags, ml_doc: doc.as_ptr() }));
        // SAFETY: the definition is never freed.
        let descriptor =
            unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyDescr_NewMethod(class.as_type_ptr(), definition))? };
        class.setattr(name.to_string_lossy(), descriptor)?;
    }
    Ok(())
}

/// `labels` with the signature that `inspect` shows.
const fn labels_of<C: Kind>() -> Method {
    (
        c"labels",
        Function::Fast(labels::<C>),
        c"labels($self, /, *labelvalues, **labelkwargs)\n--\n\n\
          Return the child for these label values, given in the order of the label names or by name.",
    )
}

/// Gives every native class its hot methods. Called once, when the module is made.
pub(super) fn set_up(py: Python<'_>) -> PyResult<()> {
    [Counter::type_object(py), Gauge::type_object(py), Histogram::type_object(py), Summary::type_object(py)]
        .into_iter()
        .chain([Info::type_object(py), Enum::type_object(py), Requests::type_object(py), Route::type_object(py)])
        .try_for_each(|class| equip(&class))
}

/// True if a class or one between it and the native one has a method of this name that is not ours.
fn is_overridden(class: &Bound<'_, PyType>, name: &str) -> PyResult<bool> {
    let Ok(inherited) = class.getattr(name) else { return Ok(false) };
    // SAFETY: the type of method descriptors lives as long as the interpreter.
    let is_descriptor = unsafe { ffi::Py_TYPE(inherited.as_ptr()) == std::ptr::addr_of_mut!(ffi::PyMethodDescr_Type) };
    Ok(!is_descriptor)
}

/// Gives a class hot methods of its own. The interpreter's fastest way to call a method is for objects of the very class
/// that has it, so every subclass is given them too.
#[pyfunction]
pub(crate) fn equip(class: &Bound<'_, PyType>) -> PyResult<()> {
    let py = class.py();
    let is = |base: Bound<'_, PyType>| class.is_subclass(&base);
    const OBSERVE: &CStr =
        c"observe($self, /, amount, exemplar=None)\n--\n\nRecord a value, and keep an exemplar of it.";
    if is(Counter::type_object(py))? {
        give(
            class,
            [
                (
                    c"inc",
                    Function::Fast(counter_inc),
                    c"inc($self, /, amount=1, exemplar=None)\n--\n\nAdd an amount, 1 by default, and keep an exemplar of it.",
                ),
                labels_of::<Counter>(),
            ],
        )
    } else if is(Gauge::type_object(py))? {
        give(
            class,
            [
                (c"set", Function::Fast(gauge_set), c"set($self, /, value)\n--\n\nSet the gauge to a value."),
                (c"inc", Function::Fast(gauge_inc), c"inc($self, /, amount=1)\n--\n\nAdd an amount, 1 by default."),
                (
                    c"dec",
                    Function::Fast(gauge_dec),
                    c"dec($self, /, amount=1)\n--\n\nTake an amount away, 1 by default.",
                ),
                labels_of::<Gauge>(),
            ],
        )
    } else if is(Histogram::type_object(py))? {
        give(class, [(c"observe", Function::Fast(histogram_observe), OBSERVE), labels_of::<Histogram>()])
    } else if is(Summary::type_object(py))? {
        give(
            class,
            [
                (c"observe", Function::Fast(summary_observe), c"observe($self, /, amount)\n--\n\nRecord a value."),
                labels_of::<Summary>(),
            ],
        )
    } else if is(Info::type_object(py))? {
        give(class, [labels_of::<Info>()])
    } else if is(Enum::type_object(py))? {
        give(class, [labels_of::<Enum>()])
    } else if is(Requests::type_object(py))? {
        give(
            class,
            [(
                c"record_request",
                Function::Fast(record_request),
                c"record_request($self, /, endpoint, method, latency_seconds, status_code, provider=None, model=None)\n--\n\n\
                  Count a request in every family it touches.",
            )],
        )
    } else if is(Route::type_object(py))? {
        give(
            class,
            [
                (
                    c"begin",
                    Function::Without(route_begin),
                    c"begin($self, /)\n--\n\nReturn the time a request begins, in nanoseconds, for `end`.",
                ),
                (
                    c"end",
                    Function::Fast(route_end),
                    c"end($self, begin, status_code, /)\n--\n\nCount a request that began then and ended now.",
                ),
            ],
        )
    } else {
        Err(PyTypeError::new_err(format!("{class} is no class of metrics")))
    }
}

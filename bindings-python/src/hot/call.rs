//! What every hot method is made of: the arguments as the interpreter gives them, the Rust half of the object, and the way
//! out to safe code.

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::{PyClass, pyclass::boolean_struct::True};
use std::any::Any;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(super) type Args<'a> = &'a [*mut PyObject];

/// The arguments of a call, the positional ones and behind them those of `names`.
///
/// # Safety
/// As CPython calls a method of the convention `METH_FASTCALL | METH_KEYWORDS`.
#[inline(always)]
pub(super) unsafe fn arguments<'a>(
    args: *const *mut PyObject,
    positional: isize,
    names: *mut PyObject,
) -> (Args<'a>, usize) {
    let positional = positional as usize;
    // SAFETY: the names of keywords are a tuple.
    let named = if names.is_null() { 0 } else { (unsafe { ffi::PyTuple_Size(names) }) as usize };
    if positional + named == 0 {
        return (&[], 0);
    }
    // SAFETY: the interpreter gives as many values as it says.
    (unsafe { std::slice::from_raw_parts(args, positional + named) }, positional)
}

/// The Rust half of an object.
///
/// # Safety
/// `object` is an instance of `T`'s class, which a method descriptor has checked of the object it is called on.
#[inline(always)]
pub(super) unsafe fn half<'a, T: PyClass<Frozen = True> + Sync>(object: *mut PyObject) -> &'a T {
    // SAFETY: the interpreter calls methods attached, with a borrowed object that outlives the call.
    unsafe {
        let py = Python::assume_attached();
        Borrowed::<PyAny>::from_ptr(py, object).cast_unchecked::<T>().get()
    }
}

/// `None`, as a method returns it.
#[inline(always)]
pub(super) fn none() -> *mut PyObject {
    // SAFETY: called attached, by a method.
    unsafe {
        let none = ffi::Py_None();
        ffi::Py_INCREF(none);
        none
    }
}

/// Runs what a fast path cannot decide. An error and a panic become the exception of the call.
#[cold]
#[inline(never)]
pub(super) fn guarded(slow: impl Fn(Python<'_>) -> PyResult<Py<PyAny>>) -> *mut PyObject {
    let attached = |py: Python<'_>| {
        let error = match catch_unwind(AssertUnwindSafe(|| slow(py))) {
            Ok(Ok(object)) => return object.into_ptr(),
            Ok(Err(error)) => error,
            Err(panic) => PyRuntimeError::new_err(format!("tykmetrics failed inside: {}", words(&*panic))),
        };
        error.restore(py);
        std::ptr::null_mut()
    };
    // A method is called attached; attaching again tells PyO3 so. Finalizers are called when the interpreter is taken
    // down, too, when it lets nobody attach any more.
    // SAFETY: attached, as every method is called.
    Python::try_attach(attached).unwrap_or_else(|| attached(unsafe { Python::assume_attached() }))
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without words")
}

/// An argument as safe code has it.
///
/// # Safety
/// `object` is alive for as long as the call that it is an argument of.
pub(super) unsafe fn borrowed<'py>(py: Python<'py>, object: &*mut PyObject) -> Bound<'py, PyAny> {
    // SAFETY: the caller's promise.
    unsafe { Bound::from_borrowed_ptr(py, *object) }
}

/// Calls the user's code from below frames of Rust, as a scrape does.
///
/// A daemon thread that comes back to an interpreter that ends is ended inside of Python's code (`pthread_exit`, before
/// 3.14), by unwinding. Frames of Rust cannot be unwound so, and the process would abort; the thread waits here instead for
/// the process to end, as it does in later versions.
pub(crate) fn ask<'py>(callable: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    unsafe extern "C-unwind" {
        fn PyObject_CallNoArgs(callable: *mut PyObject) -> *mut PyObject;
    }
    struct Stay;
    impl Drop for Stay {
        fn drop(&mut self) {
            loop {
                std::thread::park();
            }
        }
    }
    let stay = Stay;
    // SAFETY: attached, with a callable that is alive.
    let answer = unsafe { PyObject_CallNoArgs(callable.as_ptr()) };
    std::mem::forget(stay);
    // SAFETY: a new reference, or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(callable.py(), answer) }
}

/// The arguments of a call as safe code has them.
pub(crate) struct Call<'py> {
    /// In their order, those with a keyword last.
    pub(crate) values: Vec<Bound<'py, PyAny>>,
    /// How many have no keyword.
    pub(crate) positional: usize,
    /// The keywords.
    pub(crate) names: Vec<String>,
}

impl<'py> Call<'py> {
    /// # Safety
    /// As [`arguments`].
    pub(super) unsafe fn new(
        py: Python<'py>,
        (args, positional): (Args<'_>, usize),
        names: *mut PyObject,
    ) -> PyResult<Call<'py>> {
        // SAFETY: the caller's promise.
        let values = args.iter().map(|object| unsafe { borrowed(py, object) }).collect();
        let names = match names.is_null() {
            true => Vec::new(),
            // SAFETY: as above.
            false => unsafe { borrowed(py, &names) }.extract()?,
        };
        Ok(Call { values, positional, names })
    }

    /// The arguments of a function by their names, as Python binds them.
    pub(crate) fn bind<const N: usize>(
        &self,
        function: &str,
        parameters: [&str; N],
        required: usize,
    ) -> PyResult<[Option<&Bound<'py, PyAny>>; N]> {
        let refused = |what: String| Err(PyTypeError::new_err(format!("{function}() {what}")));
        if self.positional > N {
            return refused(format!("takes at most {N} arguments ({} given)", self.positional));
        }
        let mut bound = [None; N];
        for (at, value) in self.values.iter().enumerate() {
            let place = match at.checked_sub(self.positional) {
                None => at,
                Some(named) => match parameters.iter().position(|parameter| *parameter == self.names[named]) {
                    Some(place) if bound[place].is_some() => {
                        return refused(format!("got multiple values for argument '{}'", self.names[named]));
                    }
                    Some(place) => place,
                    None => return refused(format!("got an unexpected keyword argument '{}'", self.names[named])),
                },
            };
            bound[place] = Some(value);
        }
        match (0..required).find(|at| bound[*at].is_none()) {
            Some(at) => refused(format!("missing required argument: '{}'", parameters[at])),
            None => Ok(bound),
        }
    }
}

/// A number that was given.
pub(super) enum Number {
    Whole(u64),
    Float(f64),
    /// Negative or too large for the others, or no number at all, for safe code to look at.
    Other,
}

/// Reads an argument that is a plain int or float. What may run the user's code is left to safe code.
///
/// # Safety
/// Called attached, with an object that is alive.
#[inline(always)]
pub(super) unsafe fn number(object: *mut PyObject) -> Number {
    // SAFETY: of all calls: the object is alive, and of the type that was just looked at.
    unsafe {
        if ffi::PyFloat_CheckExact(object) != 0 {
            return Number::Float(ffi::PyFloat_AsDouble(object));
        }
        if ffi::PyLong_CheckExact(object) != 0 {
            let mut overflow: c_int = 0;
            let whole = ffi::PyLong_AsLongLongAndOverflow(object, &mut overflow);
            if overflow == 0 && whole >= 0 {
                return Number::Whole(whole as u64);
            }
        }
        Number::Other
    }
}

/// A hot method: a C function named `$name` that tries `$fast`, and gives the call to `$slow` if that declines.
macro_rules! hot {
    ($name:ident, $class:ty, |$this:ident, $args:ident| $fast:expr, $slow:path) => {
        pub(super) unsafe extern "C" fn $name(
            this: *mut PyObject,
            args: *const *mut PyObject,
            positional: isize,
            names: *mut PyObject,
        ) -> *mut PyObject {
            // SAFETY: called by the interpreter, on an instance of the class, with as many arguments as it says.
            let ($this, given) = unsafe { (half::<$class>(this), arguments(args, positional, names)) };
            if names.is_null() {
                let $args: Args<'_> = given.0;
                if let Some(done) = $fast {
                    return done;
                }
            }
            guarded(|py| {
                // SAFETY: as above.
                let (object, call) = unsafe { (borrowed(py, &this), Call::new(py, given, names)?) };
                // SAFETY: as above.
                $slow(unsafe { object.cast_unchecked::<$class>() }, &call)
            })
        }
    };
}
pub(super) use hot;

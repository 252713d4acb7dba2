//! The methods that are called per event, at CPython's own calling convention, and every raw pointer of this crate.
//!
//! `metric` and `requests` hand their classes' hot methods in here as tables of C functions, which the interpreter calls
//! with a plain array of arguments: no tuple, no dictionary, no wrapper between the call and the add. A record goes to
//! the interpreter's shard, whose single writer is whoever holds the global lock; a free-threaded build has no such lock,
//! and every thread records in cells of its own.
//!
//! What a fast path cannot decide (a keyword, an exemplar, an odd number, an error) goes to `slow` functions in safe
//! Rust, through [`guarded`], which lets no panic out. Nothing here counts, formats or looks anything up.

use crate::clock;
use crate::metric::{Counter, Enum, Gauge, Histogram, Info, Kind, Summary};
use crate::requests::{Requests, Route};
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::PyType;
use pyo3::{PyClass, PyTypeInfo};
use std::any::Any;
use std::ffi::{CStr, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

// ---- the interpreter's shard ------------------------------------------------------------------------------------------

#[cfg(not(Py_GIL_DISABLED))]
mod shard {
    use engine::{CellEncoding, Owner, Shard};
    use std::cell::OnceCell;

    struct OfInterpreter(OnceCell<Option<Shard>>);

    // SAFETY: only reached by whoever holds the global lock, which is one thread at a time.
    unsafe impl Sync for OfInterpreter {}

    static SHARD: OfInterpreter = OfInterpreter(OnceCell::new());

    /// Opens the shard. Called once, when the module is made.
    pub(super) fn open() {
        SHARD.0.get_or_init(|| Shard::open(Owner::Interpreter, CellEncoding::U64));
    }

    /// The shard of the interpreter.
    ///
    /// # Safety
    /// The caller holds the global lock, and does not let go of it while it uses the shard.
    #[inline(always)]
    pub(super) unsafe fn get() -> Option<&'static Shard> {
        SHARD.0.get().and_then(Option::as_ref)
    }
}

/// Records through the interpreter's shard if there is one, else by the thread's own cells.
macro_rules! record {
    ($on_shard:expr, $on_thread:expr) => {{
        #[cfg(not(Py_GIL_DISABLED))]
        // SAFETY: hot methods are called with the global lock, and a record calls nothing that lets go of it.
        match unsafe { shard::get() } {
            Some(shard) => $on_shard(shard),
            None => $on_thread,
        }
        #[cfg(Py_GIL_DISABLED)]
        $on_thread
    }};
}

// ---- what hot methods are made of -------------------------------------------------------------------------------------

type Args<'a> = &'a [*mut PyObject];

/// The arguments of a call, the positional ones and behind them those of `names`.
///
/// # Safety
/// As CPython calls a method of the convention `METH_FASTCALL | METH_KEYWORDS`.
#[inline(always)]
unsafe fn arguments<'a>(args: *const *mut PyObject, positional: isize, names: *mut PyObject) -> (Args<'a>, usize) {
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
unsafe fn half<'a, T: PyClass<Frozen = pyo3::pyclass::boolean_struct::True> + Sync>(object: *mut PyObject) -> &'a T {
    // SAFETY: the interpreter calls methods attached, with a borrowed object that outlives the call.
    unsafe {
        let py = Python::assume_attached();
        Borrowed::<PyAny>::from_ptr(py, object).cast_unchecked::<T>().get()
    }
}

/// `None`, as a method returns it.
#[inline(always)]
fn none() -> *mut PyObject {
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
fn guarded(slow: impl Fn(Python<'_>) -> PyResult<Py<PyAny>>) -> *mut PyObject {
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
unsafe fn borrowed<'py>(py: Python<'py>, object: &*mut PyObject) -> Bound<'py, PyAny> {
    // SAFETY: the caller's promise.
    unsafe { Bound::from_borrowed_ptr(py, *object) }
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
    unsafe fn new(py: Python<'py>, (args, positional): (Args<'_>, usize), names: *mut PyObject) -> PyResult<Call<'py>> {
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
        let refused = |what: String| Err(pyo3::exceptions::PyTypeError::new_err(format!("{function}() {what}")));
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
enum Number {
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
unsafe fn number(object: *mut PyObject) -> Number {
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

// ---- counters, gauges, histograms, summaries -----------------------------------------------------------------------------

impl Counter {
    #[inline(always)]
    pub(crate) fn add_whole(series: &engine::Counter, n: u64) {
        record!(|shard| series.add_on(shard, n), series.add(n));
    }

    #[inline(always)]
    pub(crate) fn add_float(series: &engine::Counter, v: f64) {
        record!(|shard| series.add_f64_on(shard, v), series.add_f64(v));
    }
}

impl Histogram {
    #[inline(always)]
    pub(crate) fn observe(series: &engine::Histogram, v: f64) {
        record!(|shard| series.observe_on(shard, v), series.observe(v));
    }
}

impl Summary {
    #[inline(always)]
    pub(crate) fn observe(series: &engine::Summary, v: f64) {
        record!(|shard| series.observe_on(shard, v), series.observe(v));
    }
}

/// A hot method: a C function named `$name` that tries `$fast`, and gives the call to `$slow` if that declines.
macro_rules! hot {
    ($name:ident, $class:ty, |$this:ident, $args:ident| $fast:expr, $slow:path) => {
        unsafe extern "C" fn $name(
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

hot!(
    counter_inc,
    Counter,
    |this, args| match (this.inner.series.get(), args) {
        (Some(series), []) => {
            Counter::add_whole(series, 1);
            Some(none())
        }
        // SAFETY: the argument is alive.
        (Some(series), [amount]) => match unsafe { number(*amount) } {
            Number::Whole(n) => {
                Counter::add_whole(series, n);
                Some(none())
            }
            // Not so of a NaN, which is counted as invalid.
            Number::Float(v) if !(v < 0.0) => {
                Counter::add_float(series, v);
                Some(none())
            }
            _ => None,
        },
        _ => None,
    },
    Counter::inc_slowly
);

/// A method of a gauge with one number: what it does with it, and the number without argument.
macro_rules! hot_gauge {
    ($name:ident, $without:expr, $sets:literal, |$series:ident, $v:ident| $act:expr, $slow:path) => {
        hot!(
            $name,
            Gauge,
            |this, args| {
                let given = match args {
                    [] => $without,
                    // SAFETY: the argument is alive.
                    [value] => match unsafe { number(*value) } {
                        Number::Float(v) => Some(v),
                        Number::Whole(n) => Some(n as f64),
                        Number::Other => None,
                    },
                    _ => None,
                };
                match (this.inner.series.get(), given) {
                    (Some($series), Some($v)) if $sets || !this.inner.only_sets() => {
                        $act;
                        Some(none())
                    }
                    _ => None,
                }
            },
            $slow
        );
    };
}

hot_gauge!(gauge_set, None, true, |series, v| series.set(v), Gauge::set_slowly);
hot_gauge!(gauge_inc, Some(1.0), false, |series, v| series.add(v), Gauge::inc_slowly);
hot_gauge!(gauge_dec, Some(1.0), false, |series, v| series.sub(v), Gauge::dec_slowly);

/// `observe` of a class.
macro_rules! hot_observe {
    ($name:ident, $class:ident) => {
        hot!(
            $name,
            $class,
            |this, args| match (this.inner.series.get(), args) {
                // SAFETY: the argument is alive.
                (Some(series), [value]) => match unsafe { number(*value) } {
                    // Whether an infinity is meant is not decided here.
                    Number::Float(v) if v != f64::INFINITY => {
                        $class::observe(series, v);
                        Some(none())
                    }
                    Number::Whole(n) => {
                        $class::observe(series, n as f64);
                        Some(none())
                    }
                    _ => None,
                },
                _ => None,
            },
            $class::observe_slowly
        );
    };
}

hot_observe!(histogram_observe, Histogram);
hot_observe!(summary_observe, Summary);

// ---- labels ---------------------------------------------------------------------------------------------------------------

/// The children of a metric by the very objects that were given as label values: most programs give the same constants
/// again and again. An entry holds references, so the objects at its addresses are what they were.
#[derive(Default)]
pub(crate) struct Identities {
    /// Entries of `stride` pointers: the child, the tuple of keywords or null, and the values.
    places: Vec<*mut PyObject>,
    stride: usize,
}

// SAFETY: only reached with the global lock, or on a free-threaded build in the critical section of its owner.
unsafe impl Send for Identities {}
// SAFETY: as above.
unsafe impl Sync for Identities {}

/// Entries there are at first, and at most: 4096 of three labels are 160 KB.
const FEW: usize = 16;
const MANY: usize = 4096;

impl Identities {
    #[inline(always)]
    fn place(&self, names: *mut PyObject, values: Args<'_>) -> usize {
        // An odd number without pattern, from the golden ratio. Objects lie at multiples of 16.
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let add = |hash: u64, object: &*mut PyObject| (hash ^ (*object as u64 >> 4)).wrapping_mul(MIX).rotate_left(29);
        let hash = values.iter().fold(add(0, &names), add);
        (hash as usize & (self.places.len() / self.stride - 1)) * self.stride
    }

    /// The child for these objects, borrowed.
    #[inline(always)]
    fn find(&self, names: *mut PyObject, values: Args<'_>) -> Option<*mut PyObject> {
        if self.stride != values.len() + 2 {
            return None;
        }
        let at = self.place(names, values);
        let entry = &self.places[at..at + self.stride];
        (!entry[0].is_null() && entry[1] == names && entry[2..] == *values).then_some(entry[0])
    }

    /// Keeps a child. Gives what it replaces, to be let go of when nobody looks at the table.
    fn keep(&mut self, child: *mut PyObject, names: *mut PyObject, values: Args<'_>) -> Vec<*mut PyObject> {
        if self.stride != values.len() + 2 {
            self.stride = values.len() + 2;
            self.places = vec![std::ptr::null_mut(); FEW * self.stride];
        }
        let mut at = self.place(names, values);
        if !self.places[at].is_null() && self.places.len() < MANY * self.stride {
            let before = std::mem::take(&mut self.places);
            self.places = vec![std::ptr::null_mut(); before.len() * 2];
            let mut gone = Vec::new();
            for entry in before.chunks_exact(self.stride).filter(|entry| !entry[0].is_null()) {
                let to = self.place(entry[1], &entry[2..]);
                match self.places[to].is_null() {
                    true => self.places[to..to + self.stride].copy_from_slice(entry),
                    false => gone.extend_from_slice(entry),
                }
            }
            at = self.place(names, values);
            gone.extend(self.replace(at, child, names, values));
            return gone;
        }
        self.replace(at, child, names, values)
    }

    fn replace(
        &mut self,
        at: usize,
        child: *mut PyObject,
        names: *mut PyObject,
        values: Args<'_>,
    ) -> Vec<*mut PyObject> {
        let entry = &mut self.places[at..at + self.stride];
        let before = entry.to_vec();
        entry[0] = child;
        entry[1] = names;
        entry[2..].copy_from_slice(values);
        // SAFETY: all of them are alive, as arguments of the call or held by it.
        entry.iter().for_each(|object| unsafe { ffi::Py_XINCREF(*object) });
        before
    }

    fn children(&self) -> impl Iterator<Item = *mut PyObject> {
        self.places.chunks_exact(self.stride.max(1)).map(|entry| entry[0]).filter(|child| !child.is_null())
    }
}

/// Lets go of what a table held.
fn let_go(objects: Vec<*mut PyObject>) {
    for object in objects {
        // SAFETY: called attached; the table's references are given up here and nowhere else. This may run the user's
        // code, so no table is borrowed.
        unsafe { ffi::Py_XDECREF(object) };
    }
}

/// The memory of a metric's `labels`: who was given for what.
#[derive(Default)]
pub(crate) struct Memory(std::cell::UnsafeCell<Identities>, std::cell::Cell<u8>);

// SAFETY: only reached with the global lock, or on a free-threaded build in the critical section of its owner.
unsafe impl Sync for Memory {}

impl Memory {
    /// Keeps one child in a few: constants come again and are known soon, strings that are made anew for every call do
    /// not push them out.
    fn keep_now_and_then(&self, child: *mut PyObject, names: *mut PyObject, values: Args<'_>) {
        self.1.set(self.1.get().wrapping_add(1));
        if self.1.get() % 8 == 0 {
            self.keep(child, names, values);
        }
    }

    #[inline(always)]
    fn find(&self, names: *mut PyObject, values: Args<'_>) -> Option<*mut PyObject> {
        // SAFETY: alone, and nothing below runs the user's code.
        unsafe { &*self.0.get() }.find(names, values)
    }

    fn keep(&self, child: *mut PyObject, names: *mut PyObject, values: Args<'_>) {
        // SAFETY: as above.
        let gone = unsafe { &mut *self.0.get() }.keep(child, names, values);
        let_go(gone);
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        // SAFETY: as above.
        let gone = std::mem::take(unsafe { &mut *self.0.get() });
        let_go(gone.places);
    }

    /// Shows the garbage collector what is held.
    pub(crate) fn traverse(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        // SAFETY: the collector runs with every other thread stopped or kept out.
        for child in unsafe { &*self.0.get() }.children() {
            // SAFETY: the table holds a reference. The handle is only looked at, so it is not dropped.
            let child = std::mem::ManuallyDrop::new(unsafe { std::mem::transmute::<*mut PyObject, Py<PyAny>>(child) });
            visit.call(&*child)?;
        }
        Ok(())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // An owner dies attached.
        self.clear();
    }
}

/// Label values that are looked up by text without an allocation, at most.
const FEW_LABELS: usize = 8;

/// The texts of plain strings, and how many there are. `None` if there are many, or something else is among them.
///
/// # Safety
/// Called attached, with objects that outlive the texts.
#[inline]
unsafe fn texts<'a>(objects: Args<'a>) -> Option<([&'a str; FEW_LABELS], usize)> {
    if objects.len() > FEW_LABELS {
        return None;
    }
    let mut texts = [""; FEW_LABELS];
    for (text, object) in texts.iter_mut().zip(objects) {
        let mut len = 0;
        // SAFETY: a plain string keeps its UTF-8 for as long as it lives, and says how long it is.
        unsafe {
            if ffi::PyUnicode_CheckExact(*object) == 0 {
                return None;
            }
            let start = ffi::PyUnicode_AsUTF8AndSize(*object, &mut len);
            if start.is_null() {
                // A lone surrogate has no UTF-8. Safe code finds it again, and raises.
                ffi::PyErr_Clear();
                return None;
            }
            *text = std::str::from_utf8_unchecked(std::slice::from_raw_parts(start.cast(), len as usize));
        }
    }
    Some((texts, objects.len()))
}

/// True of a label value whose text cannot change while it is the same object.
///
/// # Safety
/// Called attached, with an object that is alive.
unsafe fn is_constant(object: *mut PyObject) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        ffi::PyUnicode_CheckExact(object) != 0
            || ffi::PyLong_CheckExact(object) != 0
            || ffi::PyBool_Check(object) != 0
            || ffi::PyFloat_CheckExact(object) != 0
            || object == ffi::Py_None()
    }
}

/// `labels` of a class.
unsafe extern "C" fn labels<C: Kind>(
    this: *mut PyObject,
    args: *const *mut PyObject,
    positional: isize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called by the interpreter, on an instance of the class, with as many arguments as it says.
    let (inner, given) = unsafe { (half::<C>(this).inner(), arguments(args, positional, names)) };
    #[cfg(Py_GIL_DISABLED)]
    // SAFETY: attached; the section ends below.
    let _section = unsafe { Section::begin(this) };
    let children = inner.children.get();
    if let Some(child) = children.and_then(|children| children.memory.find(names, given.0)) {
        // SAFETY: the table holds the child.
        unsafe { ffi::Py_INCREF(child) };
        return child;
    }
    if names.is_null()
        && let Some(children) = children
        // SAFETY: arguments are alive, and the texts are not used after the call.
        && let Some((texts, len)) = unsafe { texts(given.0) }
        && let Some(child) = children.contents.find(&texts[..len], |child| {
            // SAFETY: the table holds the child.
            unsafe { ffi::Py_INCREF(child.as_ptr()) };
            child.as_ptr()
        })
    {
        children.memory.keep_now_and_then(child, names, given.0);
        return child;
    }
    guarded(|py| {
        // SAFETY: as above.
        let (object, call) = unsafe { (borrowed(py, &this), Call::new(py, given, names)?) };
        // SAFETY: as above.
        let child = C::labels_slowly(unsafe { object.cast_unchecked::<C>() }, &call)?;
        // SAFETY: arguments are alive.
        if let Some(children) = inner.children.get()
            && given.0.iter().all(|object| unsafe { is_constant(*object) })
        {
            children.memory.keep_now_and_then(child.as_ptr(), names, given.0);
        }
        Ok(child)
    })
}

/// The critical section of an object, on builds where the global lock does not keep others out.
#[cfg(Py_GIL_DISABLED)]
struct Section(Box<ffi::PyCriticalSection>);

#[cfg(Py_GIL_DISABLED)]
impl Section {
    /// # Safety
    /// Called attached, with an object that is alive until the section is dropped.
    unsafe fn begin(object: *mut PyObject) -> Section {
        // SAFETY: zeroes are what the interpreter wants before it begins.
        let mut section = Box::new(unsafe { std::mem::zeroed::<ffi::PyCriticalSection>() });
        // SAFETY: as above; the box stays where it is.
        unsafe { ffi::PyCriticalSection_Begin(&mut *section, object) };
        Section(section)
    }
}

#[cfg(Py_GIL_DISABLED)]
impl Drop for Section {
    fn drop(&mut self) {
        // SAFETY: begun, and ended once.
        unsafe { ffi::PyCriticalSection_End(&mut *self.0) };
    }
}

// ---- requests --------------------------------------------------------------------------------------------------------------

/// The requests that were recorded before, by the very objects of the call.
pub(crate) struct Requested<T> {
    places: std::cell::UnsafeCell<Vec<Option<Known<T>>>>,
    /// The tuples of keywords that calls had, each with the parameter of each argument.
    orders: std::cell::UnsafeCell<Vec<(*mut PyObject, [u8; 6])>>,
}

struct Known<T> {
    objects: [*mut PyObject; 4],
    status: u64,
    value: std::sync::Arc<T>,
}

// SAFETY: only reached with the global lock, or on a free-threaded build in the critical section of its owner.
unsafe impl<T: Send + Sync> Send for Requested<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Requested<T> {}

/// Requests that are known by identity at most: 1024 of 56 bytes.
const REQUESTS: usize = 1024;
/// Orders of keywords that are known at most; programs have one or two.
const ORDERS: usize = 8;

impl<T> Default for Requested<T> {
    fn default() -> Self {
        let places = (0..REQUESTS).map(|_| None).collect::<Vec<_>>();
        Requested { places: places.into(), orders: Vec::new().into() }
    }
}

impl<T> Requested<T> {
    #[inline(always)]
    fn place(objects: &[*mut PyObject; 4], status: u64) -> usize {
        // As in `Identities::place`.
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let add = |hash: u64, object: &*mut PyObject| (hash ^ (*object as u64 >> 4)).wrapping_mul(MIX).rotate_left(29);
        objects.iter().fold(status.wrapping_mul(MIX), add) as usize % REQUESTS
    }

    #[inline(always)]
    fn find(&self, objects: &[*mut PyObject; 4], status: u64) -> Option<&T> {
        // SAFETY: alone, and nothing below runs the user's code.
        let places = unsafe { &*self.places.get() };
        let known = places[Self::place(objects, status)].as_ref()?;
        (known.objects == *objects && known.status == status).then_some(&*known.value)
    }

    fn keep(&self, objects: [*mut PyObject; 4], status: u64, value: std::sync::Arc<T>) {
        // SAFETY: all of them are arguments of the call under way, or null.
        objects.iter().for_each(|object| unsafe { ffi::Py_XINCREF(*object) });
        // SAFETY: alone until the borrow ends, which is before the one before is let go of.
        let place = &mut unsafe { &mut *self.places.get() }[Self::place(&objects, status)];
        if let Some(before) = place.replace(Known { objects, status, value }) {
            let_go(before.objects.into());
        }
    }

    /// Where each argument of a call with these keywords goes, if such a call was seen.
    #[inline(always)]
    fn order(&self, names: *mut PyObject) -> Option<&[u8; 6]> {
        // SAFETY: as in `find`.
        let orders = unsafe { &*self.orders.get() };
        orders.iter().find(|(known, _)| *known == names).map(|(_, order)| order)
    }

    fn keep_order(&self, names: *mut PyObject, order: [u8; 6]) {
        // SAFETY: alone, and nothing below runs the user's code.
        let orders = unsafe { &mut *self.orders.get() };
        if orders.len() < ORDERS {
            // SAFETY: the names are an argument of the call under way.
            unsafe { ffi::Py_INCREF(names) };
            orders.push((names, order));
        }
    }
}

impl<T> Drop for Requested<T> {
    fn drop(&mut self) {
        let places = std::mem::take(self.places.get_mut());
        let orders = std::mem::take(self.orders.get_mut());
        places.into_iter().flatten().for_each(|known| let_go(known.objects.into()));
        let_go(orders.into_iter().map(|(names, _)| names).collect());
    }
}

/// The parameters of `record_request`.
pub(crate) const REQUEST: [&str; 6] = ["endpoint", "method", "latency_seconds", "status_code", "provider", "model"];

unsafe extern "C" fn record_request(
    this: *mut PyObject,
    args: *const *mut PyObject,
    positional: isize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called by the interpreter, on an instance of the class, with as many arguments as it says.
    let (requests, given) = unsafe { (half::<Requests>(this), arguments(args, positional, names)) };
    #[cfg(Py_GIL_DISABLED)]
    // SAFETY: as in `labels`.
    let _section = unsafe { Section::begin(this) };
    let mut by_parameter = [std::ptr::null_mut::<PyObject>(); 6];
    let placed = match names.is_null() {
        true if given.0.len() <= 6 => {
            by_parameter[..given.0.len()].copy_from_slice(given.0);
            true
        }
        true => false,
        false => requests.known.order(names).is_some_and(|order| {
            // The order is of calls with as many arguments before the keywords: of one place in a program.
            let places = &order[given.1.min(6)..];
            let fits = given.0.len() <= 6 && order[..given.1].iter().enumerate().all(|(at, to)| usize::from(*to) == at);
            if fits {
                by_parameter[..given.1].copy_from_slice(&given.0[..given.1]);
                given.0[given.1..].iter().zip(places).for_each(|(value, to)| by_parameter[usize::from(*to)] = *value);
            }
            fits
        }),
    };
    if placed && !by_parameter[..4].contains(&std::ptr::null_mut()) {
        let [endpoint, method, latency, status, provider, model] = by_parameter;
        // SAFETY: the arguments are alive.
        if let (Some(seconds), Number::Whole(status)) = unsafe {
            let seconds = match number(latency) {
                Number::Float(v) => Some(v),
                Number::Whole(n) => Some(n as f64),
                Number::Other => None,
            };
            (seconds, number(status))
        } && let Some(outcome) = requests.known.find(&[endpoint, method, provider, model], status)
        {
            record!(|shard| outcome.record_on(shard, seconds), outcome.record(seconds));
            return none();
        }
    }
    guarded(|py| {
        // SAFETY: as above.
        let call = unsafe { Call::new(py, given, names)? };
        let bound = call.bind("record_request", REQUEST, 4)?;
        let (outcome, seconds, status) = requests.resolve(&bound)?;
        record!(|shard| outcome.record_on(shard, seconds), outcome.record(seconds));
        // What is kept is what the fast path sees: null where nothing was given.
        let seen = |at: usize| bound[at].map_or(std::ptr::null_mut(), |object| object.as_ptr());
        let objects = [seen(0), seen(1), seen(4), seen(5)];
        // SAFETY: arguments are alive.
        if objects.iter().all(|object| object.is_null() || unsafe { is_constant(*object) }) {
            requests.known.keep(objects, status, outcome);
        }
        if !names.is_null() && requests.known.order(names).is_none() {
            let mut order = [0; 6];
            for (at, to) in order.iter_mut().enumerate().take(call.values.len()) {
                *to = match at.checked_sub(call.positional) {
                    None => at as u8,
                    Some(named) => REQUEST.iter().position(|name| *name == call.names[named]).unwrap_or(0) as u8,
                };
            }
            requests.known.keep_order(names, order);
        }
        Ok(py.None())
    })
}

// ---- routes ----------------------------------------------------------------------------------------------------------------

unsafe extern "C" fn route_begin(_route: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    match clock::perf_counter_ns() {
        // SAFETY: called attached.
        Some(nanos) => unsafe { ffi::PyLong_FromLongLong(nanos) },
        None => guarded(|py| Ok(clock::patched_perf_counter_ns(py)?.into_pyobject(py)?.into_any().unbind())),
    }
}

hot!(
    route_end,
    Route,
    |this, args| match args {
        [begin, status] => {
            // SAFETY: the arguments are alive.
            match unsafe { (number(*begin), number(*status), clock::perf_counter_ns()) } {
                (Number::Whole(begin), Number::Whole(status), Some(now)) => {
                    let seconds = (now as u64).saturating_sub(begin) as f64 / 1e9;
                    this.known(status).map(|outcome| {
                        record!(|shard| outcome.record_on(shard, seconds), outcome.record(seconds));
                        none()
                    })
                }
                _ => None,
            }
        }
        _ => None,
    },
    Route::end_slowly
);

/// Records an outcome from safe code.
pub(crate) fn record(outcome: &engine::Outcome, seconds: f64) {
    record!(|shard| outcome.record_on(shard, seconds), outcome.record(seconds));
}

// ---- the clock -------------------------------------------------------------------------------------------------------------

/// The dictionary of Python's `time`, and what `perf_counter` was in it when the module was made.
struct Time {
    dict: *mut PyObject,
    name: *mut PyObject,
    original: *mut PyObject,
}

// SAFETY: pointers to objects that are never let go of, only used attached.
unsafe impl Send for Time {}
// SAFETY: as above.
unsafe impl Sync for Time {}

static TIME: std::sync::OnceLock<Time> = std::sync::OnceLock::new();

/// True while `time.perf_counter` is the function that came with the interpreter.
#[inline(always)]
pub(crate) fn is_perf_counter_original() -> bool {
    TIME.get().is_some_and(|time| {
        // SAFETY: called attached; the dictionary and the name are held for good, and looking up a plain string runs no
        // code of the user's.
        unsafe { ffi::PyDict_GetItemWithError(time.dict, time.name) == time.original }
    })
}

// ---- setting up ------------------------------------------------------------------------------------------------------------

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

/// Opens the interpreter's shard and remembers its clock. Called once, when the module is made.
pub(crate) fn set_up(py: Python<'_>) -> PyResult<()> {
    #[cfg(not(Py_GIL_DISABLED))]
    shard::open();
    let time = py.import("time")?;
    let original = time.getattr("perf_counter")?;
    let name = pyo3::types::PyString::intern(py, "perf_counter");
    TIME.get_or_init(|| Time { dict: time.dict().into_ptr(), name: name.into_ptr(), original: original.into_ptr() });
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
        Err(pyo3::exceptions::PyTypeError::new_err(format!("{class} is no class of metrics")))
    }
}

/// Bytes of Python's with this content, copied while the interpreter is free.
pub(crate) fn bytes<'py>(py: Python<'py>, body: &[u8]) -> PyResult<Bound<'py, pyo3::types::PyBytes>> {
    struct Target(*mut u8);
    // SAFETY: only the thread that made the object knows it.
    unsafe impl Send for Target {}
    // SAFETY: a null pointer asks for room that is not filled.
    let object = unsafe {
        Bound::from_owned_ptr_or_err(py, ffi::PyBytes_FromStringAndSize(std::ptr::null(), body.len() as isize))?
    };
    // SAFETY: a bytes object.
    let target = Target(unsafe { ffi::PyBytes_AsString(object.as_ptr()) }.cast());
    py.detach(|| {
        let target = target;
        // SAFETY: as much room as was asked for, in an object that nobody else has seen.
        unsafe { std::ptr::copy_nonoverlapping(body.as_ptr(), target.0, body.len()) };
    });
    // SAFETY: a bytes object.
    Ok(unsafe { object.cast_into_unchecked() })
}

//! `labels`: the children of a metric by the very objects that were given as label values, and by their text.

use super::REMEMBERS;
use super::call::{Args, Call, arguments, borrowed, guarded, half};
use crate::metric::Kind;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use std::cell::{Cell, UnsafeCell};

/// The children of a metric by the very objects that were given as label values: most programs give the same constants
/// again and again. An entry holds references, so the objects at its addresses are what they were.
#[derive(Default)]
pub(crate) struct Identities {
    /// Entries of `stride` pointers: the child, the tuple of keywords or null, and the values.
    places: Vec<*mut PyObject>,
    stride: usize,
}

// SAFETY: only changed with the global lock held; where there is none it stays empty.
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
pub(super) fn let_go(objects: Vec<*mut PyObject>) {
    for object in objects {
        // SAFETY: called attached; the table's references are given up here and nowhere else. This may run the user's
        // code, so no table is borrowed.
        unsafe { ffi::Py_XDECREF(object) };
    }
}

/// The memory of a metric's `labels`: who was given for what.
#[derive(Default)]
pub(crate) struct Memory(UnsafeCell<Identities>, Cell<u8>);

// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// Keeps one child in a few: constants come again and are known soon, strings that are made anew for every call do
    /// not push them out.
    fn keep_now_and_then(&self, child: *mut PyObject, names: *mut PyObject, values: Args<'_>) {
        if !REMEMBERS {
            return;
        }
        self.1.set(self.1.get().wrapping_add(1));
        if self.1.get().is_multiple_of(8) {
            self.keep(child, names, values);
        }
    }

    #[inline(always)]
    fn find(&self, names: *mut PyObject, values: Args<'_>) -> Option<*mut PyObject> {
        // SAFETY: alone, and nothing below runs the user's code.
        if REMEMBERS { unsafe { &*self.0.get() }.find(names, values) } else { None }
    }

    fn keep(&self, child: *mut PyObject, names: *mut PyObject, values: Args<'_>) {
        // SAFETY: as above.
        let gone = unsafe { &mut *self.0.get() }.keep(child, names, values);
        let_go(gone);
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        if !REMEMBERS {
            return;
        }
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
pub(super) unsafe fn is_constant(object: *mut PyObject) -> bool {
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
pub(super) unsafe extern "C" fn labels<C: Kind>(
    this: *mut PyObject,
    args: *const *mut PyObject,
    positional: isize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called by the interpreter, on an instance of the class, with as many arguments as it says.
    let (inner, given) = unsafe { (half::<C>(this).inner(), arguments(args, positional, names)) };
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
        if let Some(children) = inner.children.get()
            // SAFETY: arguments are alive.
            && given.0.iter().all(|object| unsafe { is_constant(*object) })
        {
            children.memory.keep_now_and_then(child.as_ptr(), names, given.0);
        }
        Ok(child)
    })
}

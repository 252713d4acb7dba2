//! The one file in which raw pointers become references and boxes, and back.
//!
//! Everything C holds is either a pointer to a type that C does not see into, or to a [`Held`]: a part that C may read,
//! first, and what stands behind it. Every function here takes NULL for what it is: an error that names the argument.

use engine::{Error, ErrorCode, Result};
use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;

/// The part of a handle that C may read.
pub(crate) trait View: Sized {
    /// What stands behind it.
    type Behind;
}

/// A handle as it lies in memory.
#[repr(C)]
pub(crate) struct Held<V: View> {
    pub(crate) view: V,
    pub(crate) behind: V::Behind,
}

/// Lists longer than this are no lists: a negative length that was made unsigned, or memory that was never written. What
/// Rust calls a slice is at most `isize::MAX` bytes.
fn too_long(count: usize, size: usize, name: &str) -> Option<Error> {
    let fits = count.checked_mul(size).is_some_and(|bytes| bytes <= isize::MAX as usize);
    (!fits)
        .then(|| Error::new(ErrorCode::InvalidOption, format!("`{name}` cannot have {count} members; give its length")))
}

fn null(name: &str) -> Error {
    Error::new(ErrorCode::NullPointer, format!("argument `{name}` is NULL, and must not be"))
}

/// What `pointer` points to.
///
/// # Safety
/// `pointer` is NULL, or valid for reads as long as `'a`.
#[inline(always)]
pub(crate) unsafe fn given<'a, T>(pointer: *const T, name: &str) -> Result<&'a T> {
    // SAFETY: passed on to the caller.
    unsafe { pointer.as_ref() }.ok_or_else(|| null(name))
}

/// What `pointer` points to, which may be nothing.
///
/// # Safety
/// As for [`given`].
pub(crate) unsafe fn optional<'a, T>(pointer: *const T) -> Option<&'a T> {
    // SAFETY: passed on to the caller.
    unsafe { pointer.as_ref() }
}

/// What may be changed through `pointer`.
///
/// # Safety
/// `pointer` is NULL, or valid for reads and writes by nobody else as long as `'a`.
pub(crate) unsafe fn given_mut<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut T> {
    // SAFETY: passed on to the caller.
    unsafe { pointer.as_mut() }.ok_or_else(|| null(name))
}

/// Where a result goes: to be written once the function has succeeded.
///
/// # Safety
/// `out` is NULL, or valid for a write as long as `'a`.
pub(crate) unsafe fn place<'a, T>(out: *mut T, name: &str) -> Result<&'a mut MaybeUninit<T>> {
    // SAFETY: passed on to the caller; nothing is read through it.
    unsafe { out.cast::<MaybeUninit<T>>().as_mut() }.ok_or_else(|| null(name))
}

/// `count` things in a row. NULL is an empty list.
///
/// # Safety
/// `first` is NULL, or valid for reads of `count` things as long as `'a`.
#[inline]
pub(crate) unsafe fn list<'a, T>(first: *const T, count: usize, name: &str) -> Result<&'a [T]> {
    match (first.is_null(), count) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(null(name)),
        (false, _) => match too_long(count, size_of::<T>(), name) {
            Some(error) => Err(error),
            // SAFETY: passed on to the caller.
            None => Ok(unsafe { std::slice::from_raw_parts(first, count) }),
        },
    }
}

/// Room for `count` things in a row.
///
/// # Safety
/// `first` is NULL, or valid for writes of `count` things by nobody else as long as `'a`.
pub(crate) unsafe fn room<'a, T>(first: *mut T, count: usize, name: &str) -> Result<&'a mut [MaybeUninit<T>]> {
    match (first.is_null(), count) {
        (_, 0) => Ok(&mut []),
        (true, _) => Err(null(name)),
        (false, _) => match too_long(count, size_of::<T>(), name) {
            Some(error) => Err(error),
            // SAFETY: passed on to the caller; nothing is read through it.
            None => Ok(unsafe { std::slice::from_raw_parts_mut(first.cast(), count) }),
        },
    }
}

/// A text that ends in NUL.
///
/// # Safety
/// `text` is NULL, or a text that ends in NUL and lives as long as `'a`.
pub(crate) unsafe fn text<'a>(text: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: passed on to the caller.
    unsafe { optional_text(text, name) }?.ok_or_else(|| null(name))
}

/// As [`text`], if there is one.
///
/// # Safety
/// As for [`text`].
pub(crate) unsafe fn optional_text<'a>(text: *const c_char, name: &str) -> Result<Option<&'a str>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: passed on to the caller.
    let bytes = unsafe { CStr::from_ptr(text) };
    match bytes.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(Error::new(
            ErrorCode::InvalidText,
            format!("argument `{name}` is not UTF-8 ({error}): {:?}; give UTF-8", bytes.to_string_lossy()),
        )),
    }
}

/// As [`optional_text`], of what may hold secrets: an error does not show it.
///
/// # Safety
/// As for [`text`].
pub(crate) unsafe fn optional_secret<'a>(text: *const c_char, name: &str) -> Result<Option<&'a str>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: passed on to the caller.
    let bytes = unsafe { CStr::from_ptr(text) };
    bytes.to_str().map(Some).map_err(|error| {
        Error::new(ErrorCode::InvalidText, format!("argument `{name}` is not UTF-8 ({error}); give UTF-8"))
    })
}

/// A structure that begins with its own size, as a caller of this or an earlier version has it: members it does not have
/// are zero.
///
/// # Safety
/// `pointer` is NULL, or points to a size and as many bytes as it says, of a structure that is valid as zeroes.
pub(crate) unsafe fn sized<T: Copy>(pointer: *const T, name: &str) -> Result<T> {
    if pointer.is_null() {
        return Err(null(name));
    }
    // SAFETY: the size is the first member.
    let size = unsafe { pointer.cast::<usize>().read() };
    if size < size_of::<usize>() || size > size_of::<T>() {
        let message = format!(
            "`{name}->size` is {size}, and {} is the most that this library knows: set it to the structure's sizeof, \
             and use the header that came with the library",
            size_of::<T>()
        );
        return Err(Error::new(ErrorCode::Abi, message));
    }
    let mut whole = MaybeUninit::<T>::zeroed();
    // SAFETY: `size` bytes can be read, as promised, and fit; zeroes are valid for the rest, as promised.
    unsafe {
        std::ptr::copy_nonoverlapping(pointer.cast::<u8>(), whole.as_mut_ptr().cast::<u8>(), size);
        Ok(whole.assume_init())
    }
}

/// Gives a thing to C.
pub(crate) fn give<T>(thing: T) -> *mut T {
    Box::into_raw(Box::new(thing))
}

/// Gives a handle to C.
pub(crate) fn hold<V: View>(view: V, behind: V::Behind) -> *mut V {
    give(Held { view, behind }).cast()
}

/// What stands behind a handle.
///
/// # Safety
/// `handle` is NULL, or was made by [`hold`] and not freed as long as `'a`.
#[inline(always)]
pub(crate) unsafe fn behind<'a, V: View>(handle: *const V, name: &str) -> Result<&'a V::Behind> {
    if handle.is_null() {
        return Err(null(name));
    }
    // SAFETY: as promised; a reference to this part alone, since the other one may be written.
    Ok(unsafe { &(*handle.cast::<Held<V>>()).behind })
}

/// As [`behind`], for the record path: NULL is `None`.
///
/// # Safety
/// As for [`behind`].
#[inline(always)]
pub(crate) unsafe fn behind_or_none<'a, V: View>(handle: *const V) -> Option<&'a V::Behind> {
    // SAFETY: as in `behind`.
    (!handle.is_null()).then(|| unsafe { &(*handle.cast::<Held<V>>()).behind })
}

/// Takes a thing back from C, whose pointer becomes NULL.
///
/// # Safety
/// `handle` is NULL, or points to NULL or to what [`give`] gave, which nobody uses any more.
pub(crate) unsafe fn take<T>(handle: *mut *mut T) -> Option<Box<T>> {
    // SAFETY: as promised.
    let handle = unsafe { handle.as_mut() }?;
    let taken = std::mem::replace(handle, std::ptr::null_mut());
    // SAFETY: as promised.
    (!taken.is_null()).then(|| unsafe { Box::from_raw(taken) })
}

/// As [`take`], for a handle that [`hold`] gave.
///
/// # Safety
/// As for [`take`].
pub(crate) unsafe fn take_held<V: View>(handle: *mut *mut V) -> Option<Box<Held<V>>> {
    // SAFETY: as promised; `hold` gave the address of a whole `Held`.
    unsafe { take(handle.cast::<*mut Held<V>>()) }
}

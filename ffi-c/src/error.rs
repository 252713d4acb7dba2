//! `tyk_error`: what went wrong, as an object with a code, a name and a sentence.

use crate::{guard, handle};
use engine::Error;
use std::ffi::{CStr, CString, c_char};

/// What went wrong. Freed with tyk_error_free.
pub struct tyk_error {
    code: u32,
    name: CString,
    message: CString,
}

/// A text without the NULs that C would take for its end.
pub(crate) fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

impl tyk_error {
    pub(crate) fn new(error: &Error) -> *mut tyk_error {
        let (code, name, message) = (error.code() as u32, c_text(error.code().as_str()), c_text(error.message()));
        handle::give(tyk_error { code, name, message })
    }
}

const NOTHING: &CStr = c"";

/// The stable number of the error, a TYK_ERROR_…; 0 for NULL, which is success.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_error_code(error: *const tyk_error) -> u32 {
    // SAFETY: the rules of the header.
    guard::or(0, || unsafe { handle::optional(error) }.map_or(0, |error| error.code))
}

/// The name of its code, such as "invalid_name"; "" for NULL. Lives as long as the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_error_name(error: *const tyk_error) -> *const c_char {
    // SAFETY: the rules of the header.
    guard::or(NOTHING.as_ptr(), || unsafe { handle::optional(error) }.map_or(NOTHING, |error| &error.name).as_ptr())
}

/// A sentence that says what, which rule and what to do; "" for NULL. Lives as long as the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_error_message(error: *const tyk_error) -> *const c_char {
    // SAFETY: the rules of the header.
    guard::or(NOTHING.as_ptr(), || unsafe { handle::optional(error) }.map_or(NOTHING, |error| &error.message).as_ptr())
}

/// Frees an error and writes NULL to `*error`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_error_free(error: *mut *mut tyk_error) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take(error) }));
}

/// How many calls of hot functions were ignored so far because an argument was NULL or of the wrong kind.
#[unsafe(no_mangle)]
pub extern "C" fn tyk_ignored() -> u64 {
    guard::or(0, guard::ignored)
}

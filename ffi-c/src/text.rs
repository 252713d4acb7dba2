//! Text with a length: label names and values.

use crate::handle;
use engine::{Error, ErrorCode, Result};
use std::borrow::Cow;
use std::ffi::c_char;

/// Text with a length. It need not end in NUL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tyk_str {
    /// The first byte; may be NULL if len is 0.
    pub data: *const c_char,
    /// How many bytes there are.
    pub len: usize,
}

/// A label: a name and a value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tyk_label {
    /// The name.
    pub name: tyk_str,
    /// The value.
    pub value: tyk_str,
}

/// The longest text that is taken: far above any label value, so that a length that was never set is an error and not a
/// walk through memory.
const LONGEST: usize = 1 << 20;

fn check_length(len: usize, name: &str) -> Result<()> {
    if len <= LONGEST {
        return Ok(());
    }
    let message = format!("`{name}` is a text of {len} bytes, and {LONGEST} are allowed; give the length in bytes");
    Err(Error::new(ErrorCode::InvalidText, message))
}

impl From<&str> for tyk_str {
    fn from(text: &str) -> Self {
        tyk_str { data: text.as_ptr().cast(), len: text.len() }
    }
}

impl tyk_str {
    /// The text, with what is not UTF-8 replaced.
    ///
    /// # Safety
    /// It is NULL, or valid as long as `'a`.
    #[inline]
    pub(crate) unsafe fn lossy<'a>(&self, name: &str) -> Result<Cow<'a, str>> {
        check_length(self.len, name)?;
        // SAFETY: passed on to the caller.
        let bytes = unsafe { handle::list(self.data.cast::<u8>(), self.len, name) }?;
        Ok(match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(String::from_utf8_lossy(bytes).into_owned()),
        })
    }

    /// The text, which must be UTF-8: a name.
    ///
    /// # Safety
    /// As for [`lossy`](Self::lossy).
    pub(crate) unsafe fn strict<'a>(&self, name: &str) -> Result<&'a str> {
        check_length(self.len, name)?;
        // SAFETY: passed on to the caller.
        let bytes = unsafe { handle::list(self.data.cast::<u8>(), self.len, name) }?;
        std::str::from_utf8(bytes).map_err(|error| {
            let shown = String::from_utf8_lossy(bytes);
            Error::new(ErrorCode::InvalidText, format!("`{name}` is not UTF-8 ({error}): {shown:?}; give UTF-8"))
        })
    }
}

/// Label values that are kept on the stack; families with more labels pay for a list.
const FEW: usize = 12;

/// Calls `then` with the texts of a list of values.
///
/// # Safety
/// `values` is NULL, or valid for `count` texts during the call.
#[inline]
pub(crate) unsafe fn with_values<R>(
    values: *const tyk_str,
    count: usize,
    then: impl FnOnce(&[&str]) -> Result<R>,
) -> Result<R> {
    // SAFETY: passed on to the caller.
    let values = unsafe { handle::list(values, count, "values") }?;
    let mut few = [""; FEW];
    if values.len() <= FEW {
        let mut plain = true;
        for (text, value) in few.iter_mut().zip(values) {
            // SAFETY: passed on to the caller.
            match unsafe { value.lossy("values[].data") }? {
                Cow::Borrowed(borrowed) => *text = borrowed,
                Cow::Owned(_) => plain = false,
            }
        }
        if plain {
            return then(&few[..values.len()]);
        }
    }
    // SAFETY: passed on to the caller.
    let all: Vec<Cow<'_, str>> = values.iter().map(|v| unsafe { v.lossy("values[].data") }).collect::<Result<_>>()?;
    then(&all.iter().map(AsRef::as_ref).collect::<Vec<_>>())
}

/// A list of labels whose names are UTF-8, owned.
///
/// # Safety
/// `labels` is NULL, or valid for `count` labels during the call.
pub(crate) unsafe fn labels(labels: *const tyk_label, count: usize) -> Result<Vec<(String, String)>> {
    // SAFETY: passed on to the caller.
    unsafe { handle::list(labels, count, "labels") }?
        .iter()
        .map(|label| {
            // SAFETY: passed on to the caller.
            let (name, value) = unsafe { (label.name.strict("labels[].name")?, label.value.lossy("labels[].value")?) };
            Ok((name.to_owned(), value.into_owned()))
        })
        .collect()
}

/// The same, borrowed.
pub(crate) fn pairs(labels: &[(String, String)]) -> Vec<(&str, &str)> {
    labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

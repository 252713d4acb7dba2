//! Families as text, byte for byte as `prometheus_client` 0.26 prints them.
//!
//! [`render`](crate::render) serves scrapes; this is for what comes in as samples, from collectors in a host's language or
//! from a text that was read, and for whoever compares bytes. The dialect differs from `render`'s: labels are sorted by
//! name, values are floats with a point, every family has a `HELP` line, and names are escaped in that library's ways.

mod names;
mod openmetrics;
mod text;

pub use openmetrics::write_openmetrics;
pub use text::write_text;

use super::{Family, Labels};
use crate::render::Escaping;
use crate::render::escape;
use std::borrow::Cow;
use std::fmt;

/// A version of OpenMetrics, as far as the writer tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Version {
    /// 1.0.0: native histograms are left out.
    #[default]
    V1,
    /// 2.0.0 or newer: with native histograms.
    V2,
}

impl Version {
    /// The version that a text stands for: numbers between dots. What is below 2.0.0 or is no version is the first.
    ///
    /// ```
    /// use tykmetrics::samples::Version;
    /// assert_eq!(Version::from_name("2.0.0"), Version::V2);
    /// assert_eq!(Version::from_name("1.9"), Version::V1);
    /// ```
    pub fn from_name(text: &str) -> Version {
        let numbers: Vec<u64> = text.split('.').map_while(|part| part.parse().ok()).collect();
        if numbers.as_slice() >= [2, 0, 0].as_slice() { Version::V2 } else { Version::V1 }
    }
}

/// Why a family could not be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteError {
    family: usize,
    message: String,
}

impl WriteError {
    /// The place of the family among those that were to be written.
    pub fn family(&self) -> usize {
        self.family
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for WriteError {}

type Label<'s, 'a> = &'s (Cow<'a, str>, Cow<'a, str>);

/// Calls `print` with each label, by rising name. Most sets are short, and many come sorted.
fn by_name<'s, 'a>(labels: &'s Labels<'a>, mut print: impl FnMut(Label<'s, 'a>)) {
    if labels.is_sorted() {
        return labels.iter().for_each(print);
    }
    let mut sorted: Vec<_> = labels.iter().collect();
    sorted.sort_unstable();
    sorted.into_iter().for_each(&mut print);
}

/// Appends the labels by name, without braces.
fn labels(out: &mut Vec<u8>, labels: &Labels<'_>, escaping: Escaping) {
    let mut first = true;
    by_name(labels, |(name, value)| {
        out.extend_from_slice(if first { b"" } else { b"," });
        first = false;
        names::label(out, name, escaping);
        out.extend_from_slice(b"=\"");
        escape::label_value(out, value);
        out.push(b'"');
    });
}

/// Appends `# WORD name rest`.
fn metadata(out: &mut Vec<u8>, word: &str, name: &str, escaping: Escaping, rest: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"# ");
    out.extend_from_slice(word.as_bytes());
    out.push(b' ');
    names::metric(out, name, escaping);
    out.push(b' ');
    rest(out);
    out.push(b'\n');
}

/// Runs `write` for each family, and says which one it was that could not be written.
fn each(families: &[Family<'_>], mut write: impl FnMut(&Family<'_>) -> Result<(), String>) -> Result<(), WriteError> {
    for (family, what) in families.iter().enumerate() {
        write(what).map_err(|message| WriteError { family, message })?;
    }
    Ok(())
}

//! Reading text expositions.
//!
//! Three ways to read, one set of tools: [`scan`] finds what stands outside quotes and takes quotes and backslashes off,
//! [`labels`] reads what stands between braces, [`number`] reads values and moments. [`lenient`] is the classic format as
//! `prometheus_client` takes it, [`strict`] the same format as expfmt insists on it, [`openmetrics`] is OpenMetrics 1.0. All
//! of them go over a text once, line by line, and hold no more than its samples; nothing recurses. What is read borrows
//! from the text. A text that breaks a rule gives no families and one error, the first.

mod labels;
mod lenient;
mod number;
mod openmetrics;
mod scan;
mod strict;

use super::Family;
use std::fmt;

/// A format, and how closely a text must keep to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// `text/plain` of versions 0.0.4 and 1.0.0, read as `prometheus_client.parser` reads it: what can be understood is.
    Text,
    /// The same, read as Prometheus' own expfmt does: what its grammar does not have is refused.
    StrictText,
    /// As [`StrictText`](Self::StrictText), and told as it is written: a counter is called what the text calls it, whether that
    /// ends in `_total` or not. For whoever judges names.
    TextAsWritten,
    /// OpenMetrics 1.0, with quoted names and native histograms, read as `prometheus_client.openmetrics.parser` does.
    OpenMetrics,
}

/// How a text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reading {
    /// The format.
    pub dialect: Dialect,
    /// Refuse names that are not of the classic kind, quoted or not.
    pub legacy_names: bool,
}

impl From<Dialect> for Reading {
    fn from(dialect: Dialect) -> Self {
        Reading { dialect, legacy_names: false }
    }
}

/// Why a text was refused: where, what was found, and what is allowed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    line: usize,
    message: String,
}

impl ParseError {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What was found and what is allowed, without the line.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

/// Within a line: a sentence. Whoever knows the line makes a [`ParseError`] of it.
type Result<T> = std::result::Result<T, String>;

fn at(line: usize) -> impl FnOnce(String) -> ParseError {
    move |message| ParseError { line, message }
}

/// Reads a text.
///
/// # Errors
/// Where the text breaks a rule of the format.
///
/// ```
/// use tykmetrics::samples::{Dialect, parse};
///
/// let families = parse("# TYPE hits counter\nhits_total{route=\"/a\"} 3\n# EOF\n", Dialect::OpenMetrics)?;
/// assert_eq!(families[0].samples[0].value, 3.0);
/// assert!(parse("hits_total{route=/a} 3\n", Dialect::Text).is_err());
/// # Ok::<(), tykmetrics::samples::ParseError>(())
/// ```
pub fn parse(text: &str, reading: impl Into<Reading>) -> std::result::Result<Vec<Family<'_>>, ParseError> {
    let reading = reading.into();
    match reading.dialect {
        Dialect::Text => lenient::read(text, reading.legacy_names),
        Dialect::StrictText => strict::read(text, reading.legacy_names, false),
        Dialect::TextAsWritten => strict::read(text, reading.legacy_names, true),
        Dialect::OpenMetrics => openmetrics::read(text, reading.legacy_names),
    }
}

/// Reads a text that is not known to be UTF-8.
///
/// # Errors
/// As [`parse`], and where it is not UTF-8.
pub fn parse_bytes(bytes: &[u8], reading: impl Into<Reading>) -> std::result::Result<Vec<Family<'_>>, ParseError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text, reading),
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = 1 + before.iter().filter(|b| **b == b'\n').count();
            let found = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
            Err(at(line)(format!("found the byte {found:#04x}, which is not UTF-8: an exposition is UTF-8 throughout")))
        }
    }
}

/// The lines of a text, counted from 1, and whether each ended in a line feed. A text that ends in one has no line behind it.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str, bool)> {
    text.split_inclusive('\n').enumerate().map(|(index, line)| match line.strip_suffix('\n') {
        Some(line) => (index + 1, line, true),
        None => (index + 1, line, false),
    })
}

/// How many characters of what was found are shown.
const SHOWN: usize = 60;

/// What was found, between quotes, escaped, and cut if it is long.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

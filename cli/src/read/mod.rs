//! Reading an exposition of any format into one model: the families and samples of [`tykmetrics::samples`].
//!
//! `check`, `top` and `serve --textfile` call [`read`]. Texts are read by the engine's own parsers; this folder adds what the engine only
//! writes: `protobuf`, `json` (on `syntax`) and `openmetrics2`. `guess` finds out which format it is, `place` where in the
//! input something stands. Promised: no input makes a reader panic, recurse or hold more than a small multiple of its size.
//! Absent: protobuf's own text forms, which nothing but people reads.

mod guess;
mod json;
mod openmetrics2;
mod place;
mod protobuf;
mod syntax;

pub use guess::Format;
pub use place::{Place, Places};

use std::borrow::Cow;
use tykmetrics::samples::{Dialect, Family, Labels, Reading, Sample, parse_bytes};

/// An exposition as it was read.
#[derive(Debug)]
pub struct Document<'a> {
    /// What it was read as.
    pub format: Format,
    /// Its families, called as the input calls them.
    pub families: Vec<Family<'a>>,
    /// Where they stand.
    pub places: Places<'a>,
}

/// Why an input is none of its format.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Where.
    pub place: Place,
    /// What was found and what is allowed there.
    pub message: String,
}

impl Refusal {
    fn new(place: Place, message: impl Into<String>) -> Self {
        Refusal { place, message: message.into() }
    }
}

/// Reads an exposition of this format.
///
/// # Errors
/// The first rule of the format that the input breaks.
pub fn read(bytes: &[u8], format: Format) -> Result<Document<'_>, Refusal> {
    read_names(bytes, format, false)
}

/// As [`read`]; with `legacy_names`, texts may have no names but those of the classic kind.
///
/// # Errors
/// As [`read`].
pub fn read_names(bytes: &[u8], format: Format, legacy_names: bool) -> Result<Document<'_>, Refusal> {
    let dialect = match format {
        Format::Text => Dialect::TextAsWritten,
        Format::OpenMetrics => Dialect::OpenMetrics,
        Format::OpenMetrics2 => return openmetrics2::read(bytes),
        Format::Protobuf => return protobuf::read(bytes),
        Format::Json => return json::read(bytes),
    };
    match (parse_bytes(bytes, Reading { dialect, legacy_names }), std::str::from_utf8(bytes)) {
        (Ok(families), Ok(text)) => Ok(Document { format, families, places: Places::text(text) }),
        (_, Err(error)) => Err(not_utf8(bytes, error)),
        (Err(error), Ok(text)) => {
            let place = place::of_found(text, error.line(), error.message());
            Err(Refusal::new(place, error.message()))
        }
    }
}

fn not_utf8(bytes: &[u8], error: std::str::Utf8Error) -> Refusal {
    let at = error.valid_up_to();
    let found = bytes.get(at).copied().unwrap_or_default();
    let message = format!("found the byte {found:#04x}, which is not UTF-8: an exposition is UTF-8 throughout");
    Refusal::new(place::line_and_column(bytes, at), message)
}

/// How many labels the samples of an input may have together. A histogram is one thing in protobuf, JSON and OpenMetrics 2.0,
/// and each of its buckets is a sample with all labels here: without a bound, a small input could ask for any amount of memory.
struct Budget(usize);

impl Budget {
    /// A label takes more than a byte of an input that is what it seems.
    const PER_BYTE: usize = 2;
    /// Small inputs may be as odd as they like.
    const FREE: usize = 100_000;
    /// Bytes of text that weigh as much as a label.
    const WORD: usize = 16;

    fn of(input: &[u8]) -> Self {
        Budget(input.len() * Self::PER_BYTE + Self::FREE)
    }

    /// Takes what so many samples like `base` need.
    fn take(&mut self, base: &Sample<'_>, samples: usize) -> Result<(), String> {
        // What is copied weighs by its length; what is borrowed does not. A suffix makes a copy of every name.
        let copied = |text: &Cow<'_, str>| if matches!(text, Cow::Owned(_)) { text.len() / Self::WORD } else { 0 };
        let labels: usize = base.labels.iter().map(|(name, value)| 1 + copied(name) + copied(value)).sum();
        let weight = labels + base.name.len() / Self::WORD;
        match weight.checked_mul(samples).and_then(|wanted| self.0.checked_sub(wanted)) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => {
                let (labels, name) = (base.labels.len(), shown(&base.name));
                Err(format!(
                    "found {labels} labels on {samples} samples of {name}: too much for an exposition of this size"
                ))
            }
        }
    }
}

/// The label that tells the samples of one series apart, for samples of this name: none of the series' own.
pub(crate) fn inner_label<'n>(family: &'n Family<'_>, sample: &str) -> Option<&'n str> {
    use tykmetrics::samples::Kind;
    match (family.kind, sample.strip_prefix(&*family.name)) {
        (Kind::Summary, Some("")) => Some("quantile"),
        (Kind::Histogram | Kind::GaugeHistogram, Some("_bucket")) => Some("le"),
        (Kind::StateSet, _) => Some(&family.name),
        _ => None,
    }
}

/// The value of a label.
pub(crate) fn label<'s>(labels: &'s Labels<'_>, name: &str) -> Option<&'s str> {
    labels.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
}

/// The labels of a sample but one, by name.
pub(crate) fn sorted<'s>(sample: &'s Sample<'_>, inner: Option<&str>) -> Vec<(&'s str, &'s str)> {
    let own = sample.labels.iter().filter(|(name, _)| Some(&**name) != inner);
    let mut own: Vec<(&str, &str)> = own.map(|(name, value)| (&**name, &**value)).collect();
    own.sort_unstable();
    own
}

/// A sample of a series that was told in one piece: its name has a suffix, and one label more says which it is.
fn with<'a>(base: &Sample<'a>, suffix: &str, label: Option<(&'static str, f64)>, value: f64) -> Sample<'a> {
    let mut sample = base.clone();
    sample.value = value;
    if !suffix.is_empty() {
        sample.name.to_mut().push_str(suffix);
    }
    if let Some((name, number)) = label {
        let number = if number == f64::INFINITY { "+Inf".to_owned() } else { number.to_string() };
        sample.labels.push((Cow::Borrowed(name), Cow::Owned(number)));
    }
    sample
}

/// What was found, between quotes, escaped, and cut if it is long.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

//! The classic text format by its grammar, as Prometheus' expfmt reads it: what a server would refuse is refused.
//!
//! A family's samples may stand anywhere in the text and are gathered; what is given back is told as [`lenient`] tells it.
//! That quotes stand around a name is only understood between braces and in comments.

use super::lenient::NAMES;
use super::{ParseError, Result, at, labels, lines, number, scan, shown};
use crate::render::escape;
use crate::samples::{Family, Kind, Labels, Sample, Timestamp};
use std::borrow::Cow;
use std::collections::HashMap;

#[derive(Debug)]
struct Open<'a> {
    name: Cow<'a, str>,
    help: Option<Cow<'a, str>>,
    /// Said by a `TYPE` line, or unknown from the first sample on.
    kind: Option<Kind>,
    samples: Vec<Sample<'a>>,
}

impl<'a> Open<'a> {
    fn close(self, as_written: bool) -> Family<'a> {
        let kind = self.kind.unwrap_or_default();
        let (mut name, mut samples) = (self.name, self.samples);
        if kind == Kind::Counter && !as_written {
            match name.strip_suffix("_total").filter(|stem| !stem.is_empty()) {
                Some(stem) => name = Cow::Owned(stem.to_owned()),
                None => samples.iter_mut().for_each(|sample| sample.name.to_mut().push_str("_total")),
            }
        }
        Family { name, help: self.help.unwrap_or_default(), kind, unit: Cow::Borrowed(""), samples }
    }
}

struct Reader<'a> {
    families: Vec<Open<'a>>,
    /// Where each family is in the list.
    places: HashMap<Cow<'a, str>, usize>,
    legacy_names: bool,
}

pub(super) fn read(
    text: &str,
    legacy_names: bool,
    as_written: bool,
) -> std::result::Result<Vec<Family<'_>>, ParseError> {
    let mut reader = Reader { families: Vec::new(), places: HashMap::new(), legacy_names };
    for (line, text, ended) in lines(text) {
        let mut cursor = Cursor { rest: text };
        cursor.skip_blanks();
        if cursor.rest.is_empty() {
            continue;
        }
        match cursor.rest.strip_prefix('#') {
            Some(comment) => reader.comment(Cursor { rest: comment }),
            None => reader.sample(cursor),
        }
        .map_err(at(line))?;
        if !ended {
            return Err(at(line)("found the end of the text: the last line must end in a line feed".into()));
        }
    }
    Ok(reader.families.into_iter().map(|open| open.close(as_written)).collect())
}

/// What is left of a line.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Takes the text up to the next blank.
    fn word(&mut self) -> &'a str {
        let (word, rest) = self.rest.split_at(self.rest.find([' ', '\t']).unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    /// Takes a byte if it is the next one.
    fn take(&mut self, byte: char) -> bool {
        let found = self.rest.strip_prefix(byte);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    /// Takes the letters, digits and underscores (for a metric, colons) that come next: a name, or nothing.
    fn bare_name(&mut self, metric: bool) -> &'a str {
        let fits = |(at, c): (usize, char)| {
            c == '_' || c.is_ascii_alphabetic() || (metric && c == ':') || (at > 0 && c.is_ascii_digit())
        };
        let end = self.rest.char_indices().find(|next| !fits(*next)).map_or(self.rest.len(), |(at, _)| at);
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        name
    }

    /// Takes a text between quotes, if one begins here.
    fn quoted(&mut self) -> Result<Option<Cow<'a, str>>> {
        let Some(inner) = self.rest.strip_prefix('"') else { return Ok(None) };
        let mut escaped = false;
        for (at, byte) in inner.bytes().enumerate() {
            if byte == b'"' && !escaped {
                self.rest = &inner[at + 1..];
                return scan::strictly_unescaped(&inner[..at]).map(Some);
            }
            escaped = byte == b'\\' && !escaped;
        }
        // Backslashes before the end of the line are told of first, as the reason for its being missed.
        scan::strictly_unescaped(inner)?;
        Err(format!("found {}: the quote is not closed on its line, and a line feed within is \\n", shown(self.rest)))
    }
}

impl<'a> Reader<'a> {
    /// The family of this name, made if it is not there.
    fn named(&mut self, name: Cow<'a, str>) -> Result<&mut Open<'a>> {
        if name.is_empty() || (self.legacy_names && !escape::is_classic_name(&name)) {
            return Err(format!("found the metric name {}: {NAMES}", shown(&name)));
        }
        let place = *self.places.entry(name.clone()).or_insert_with(|| {
            self.families.push(Open { name, help: None, kind: None, samples: Vec::new() });
            self.families.len() - 1
        });
        Ok(&mut self.families[place])
    }

    /// The family of a sample: one of its name, or the summary or histogram that it is a part of.
    fn of_sample(&mut self, name: &Cow<'a, str>) -> Result<&mut Open<'a>> {
        let parts: [(&str, &[Kind]); 3] = [
            ("_count", &[Kind::Summary, Kind::Histogram, Kind::GaugeHistogram]),
            ("_sum", &[Kind::Summary, Kind::Histogram, Kind::GaugeHistogram]),
            ("_bucket", &[Kind::Histogram, Kind::GaugeHistogram]),
        ];
        let whole = |(suffix, kinds): &(&str, &[Kind])| {
            let place = *self.places.get(name.strip_suffix(suffix)?)?;
            self.families[place].kind.is_some_and(|kind| kinds.contains(&kind)).then_some(place)
        };
        match self.places.contains_key(name) {
            false => match parts.iter().find_map(whole) {
                Some(place) => Ok(&mut self.families[place]),
                None => self.named(name.clone()),
            },
            true => self.named(name.clone()),
        }
    }

    fn comment(&mut self, mut cursor: Cursor<'a>) -> Result<()> {
        cursor.skip_blanks();
        let keyword = cursor.word();
        if !matches!(keyword, "HELP" | "TYPE") {
            return Ok(());
        }
        cursor.skip_blanks();
        if cursor.rest.is_empty() {
            return Ok(());
        }
        let found = cursor.rest;
        let name = match cursor.quoted()? {
            Some(name) => name,
            None => Cow::Borrowed(cursor.bare_name(true)),
        };
        if !(cursor.rest.is_empty() || cursor.rest.starts_with([' ', '\t'])) {
            return Err(format!("found the metric name {} in a comment: {NAMES}", shown(found)));
        }
        let family = self.named(name)?;
        cursor.skip_blanks();
        if cursor.rest.is_empty() {
            return Ok(());
        }
        match keyword {
            "HELP" => match &family.help {
                None => family.help = Some(scan::strictly_unescaped(cursor.rest)?),
                Some(_) => return Err(format!("found a second HELP line for {}: one is allowed", shown(&family.name))),
            },
            _ if family.kind.is_some() => {
                let why = "there is one, and it stands before the samples";
                return Err(format!("found a TYPE line for {} too many, or too late: {why}", shown(&family.name)));
            }
            _ => family.kind = Some(kind(cursor.rest)?),
        }
        Ok(())
    }

    fn sample(&mut self, mut cursor: Cursor<'a>) -> Result<()> {
        let line = cursor.rest;
        let mut name = None;
        if !line.starts_with('{') {
            let found = cursor.bare_name(true);
            if found.is_empty() {
                return Err(format!("found {} where a metric name must stand: {NAMES}", shown(line)));
            }
            name = Some(Cow::Borrowed(found));
            cursor.skip_blanks();
        }
        let mut labels = Vec::new();
        if cursor.take('{') {
            self.labels(&mut cursor, &mut name, &mut labels)?;
        }
        let Some(name) = name else {
            let why = "it stands before the braces, or between quotes in them";
            return Err(format!("found {} without a metric name: {why}", shown(line)));
        };
        let family = self.of_sample(&name)?;
        let kind = *family.kind.get_or_insert(Kind::Unknown);
        check_bounds(kind, &labels)?;
        cursor.skip_blanks();
        let value = number::go_float(cursor.word())?;
        let timestamp = timestamp(&mut cursor)?;
        if kind == Kind::Histogram && value < 0.0 && (name.ends_with("_bucket") || name.ends_with("_count")) {
            return Err(format!("found {} with the value {value}: a count is not negative", shown(&name)));
        }
        family.samples.push(Sample { name, labels, value, timestamp, ..Sample::default() });
        Ok(())
    }

    /// Reads up to the closing brace.
    fn labels(&self, cursor: &mut Cursor<'a>, name: &mut Option<Cow<'a, str>>, labels: &mut Labels<'a>) -> Result<()> {
        let mut unique = labels::Unique::default();
        loop {
            cursor.skip_blanks();
            if cursor.take('}') {
                return Ok(());
            }
            let found = cursor.rest;
            let quoted = cursor.quoted()?;
            let (label, quoted) = match quoted {
                Some(label) => (label, true),
                None => (Cow::Borrowed(cursor.bare_name(false)), false),
            };
            if label.is_empty() {
                return Err(format!("found {} where a label name must stand", shown(found)));
            }
            cursor.skip_blanks();
            if cursor.take('=') {
                let refused = self.legacy_names && !escape::is_classic_label(&label);
                if refused || label == "__name__" {
                    return Err(format!("found the label name {}: it is reserved or not a name", shown(&label)));
                }
                if !unique.is_new(labels, &label) {
                    return Err(format!("found the label {} twice", shown(&label)));
                }
                cursor.skip_blanks();
                let start = cursor.rest;
                let value = cursor.quoted()?;
                let value =
                    value.ok_or_else(|| format!("found {}: a label's value stands between quotes", shown(start)))?;
                labels.push((label, value));
            } else if !quoted {
                return Err(format!("found {} behind a label name: an equals sign must follow", shown(cursor.rest)));
            } else if name.replace(label).is_some() {
                return Err(format!("found a second metric name, {}: one is allowed", shown(found)));
            }
            cursor.skip_blanks();
            if !cursor.take(',') && !cursor.rest.starts_with('}') {
                return Err(format!("found {}: a comma or the closing brace must follow", shown(cursor.rest)));
            }
        }
    }
}

fn kind(word: &str) -> Result<Kind> {
    Ok(match word.to_ascii_lowercase().as_str() {
        "counter" => Kind::Counter,
        "gauge" => Kind::Gauge,
        "summary" => Kind::Summary,
        "histogram" => Kind::Histogram,
        "gauge_histogram" => Kind::GaugeHistogram,
        "untyped" => Kind::Unknown,
        _ => {
            let kinds = "counter, gauge, histogram, summary, gauge_histogram or untyped";
            return Err(format!("found the type {}: it must be {kinds}", shown(word)));
        }
    })
}

/// The labels that are numbers.
fn check_bounds(kind: Kind, labels: &Labels<'_>) -> Result<()> {
    let name = match kind {
        Kind::Summary => "quantile",
        Kind::Histogram | Kind::GaugeHistogram => "le",
        _ => return Ok(()),
    };
    match labels.iter().find(|(known, _)| known == name) {
        Some((_, text)) if number::go_float(text).is_err() => {
            Err(format!("found the {name} {}: it must be a number", shown(text)))
        }
        _ => Ok(()),
    }
}

/// Milliseconds in a second.
const MILLIS: f64 = 1000.0;

fn timestamp(cursor: &mut Cursor<'_>) -> Result<Option<Timestamp>> {
    if cursor.rest.is_empty() {
        return Ok(None);
    }
    // Behind a blank, expfmt waits for a timestamp.
    cursor.skip_blanks();
    let word = cursor.word();
    let millis: i64 = word
        .parse()
        .map_err(|_| format!("found the timestamp {}: it must be an integer of milliseconds", shown(word)))?;
    if !cursor.rest.is_empty() {
        return Err(format!("found {} behind the timestamp: nothing may follow", shown(cursor.rest)));
    }
    Ok(Some(Timestamp::Seconds(millis as f64 / MILLIS)))
}

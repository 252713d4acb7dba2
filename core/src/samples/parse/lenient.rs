//! The classic text format as `prometheus_client.parser` takes it: white space anywhere, comments of any form, metadata
//! in any order, values followed by anything as long as the last of it is a timestamp.
//!
//! A sample that does not belong to the family above it is a family of its own, of unknown kind. A counter's family is
//! named without `_total` and its samples with it, whichever way the text has them.

use super::scan::{self, is_blank, trim};
use super::{ParseError, Result, at, labels, lines, number, shown};
use crate::render::escape;
use crate::samples::{Family, Kind, Sample, Timestamp};
use std::borrow::Cow;

/// The family that lines are added to.
#[derive(Debug)]
struct Open<'a> {
    /// Where it began: its name and kind are refused there.
    line: usize,
    name: Cow<'a, str>,
    help: Cow<'a, str>,
    /// The word of the `TYPE` line.
    word: &'a str,
    samples: Vec<Sample<'a>>,
    /// What the names of its samples end in, behind its own.
    suffixes: &'static [&'static str],
}

/// A family whose type is not said, or has no lines of other names, has samples of its own name alone.
const PLAIN: &[&str] = &[""];

fn suffixes(word: &str) -> &'static [&'static str] {
    match word {
        "summary" => &["_count", "_sum", ""],
        "histogram" => &["_count", "_sum", "_bucket"],
        _ => PLAIN,
    }
}

impl<'a> Open<'a> {
    fn new(line: usize, name: Cow<'a, str>) -> Self {
        Open { line, name, help: Cow::Borrowed(""), word: "untyped", samples: Vec::new(), suffixes: PLAIN }
    }

    fn takes(&self, sample: &str) -> bool {
        sample.strip_prefix(&*self.name).is_some_and(|suffix| self.suffixes.contains(&suffix))
    }

    fn close(self, legacy_names: bool) -> Result<Family<'a>> {
        let Some(kind) = Kind::from_name(self.word) else {
            return Err(format!("found the type {}: it must be {KINDS}", shown(self.word)));
        };
        let mut samples = self.samples;
        let mut name = self.name;
        if kind == Kind::Counter {
            match name.strip_suffix("_total") {
                Some(stem) => {
                    let length = stem.len();
                    match &mut name {
                        Cow::Borrowed(text) => *text = &text[..length],
                        Cow::Owned(text) => text.truncate(length),
                    }
                }
                None => samples.iter_mut().for_each(|sample| sample.name.to_mut().push_str("_total")),
            }
        }
        if name.is_empty() || (legacy_names && !escape::is_classic_name(&name)) {
            return Err(format!("found the metric name {}: {NAMES}", shown(&name)));
        }
        Ok(Family { name, help: self.help, kind, unit: Cow::Borrowed(""), samples })
    }
}

const KINDS: &str = "counter, gauge, histogram, summary, gaugehistogram, info, stateset, unknown or untyped";
pub(super) const NAMES: &str = "it must be [a-zA-Z_:][a-zA-Z0-9_:]*, or stand between quotes and not be empty";

struct Reader<'a> {
    families: Vec<Family<'a>>,
    /// None before the first family, and after a sample that belonged to none.
    open: Option<Open<'a>>,
    legacy_names: bool,
}

pub(super) fn read(text: &str, legacy_names: bool) -> std::result::Result<Vec<Family<'_>>, ParseError> {
    let mut reader = Reader { families: Vec::new(), open: None, legacy_names };
    for (line, text, _) in lines(text) {
        let text = trim(text);
        if text.starts_with('#') {
            reader.comment(line, text)?;
        } else if !text.is_empty() {
            reader.sample(line, text)?;
        }
    }
    reader.close()?;
    Ok(reader.families)
}

impl<'a> Reader<'a> {
    fn close(&mut self) -> std::result::Result<(), ParseError> {
        // A family without a name cannot have been meant.
        if let Some(open) = self.open.take().filter(|open| !open.name.is_empty()) {
            let line = open.line;
            self.families.push(open.close(self.legacy_names).map_err(at(line))?);
        }
        Ok(())
    }

    /// The family of this name: the open one, or a new one in its place.
    fn family(&mut self, line: usize, name: Cow<'a, str>) -> std::result::Result<(&mut Open<'a>, bool), ParseError> {
        let same = self.open.as_ref().is_some_and(|open| open.name == name);
        if !same {
            self.close()?;
        }
        Ok((self.open.get_or_insert_with(|| Open::new(line, name)), !same))
    }

    fn comment(&mut self, line: usize, text: &'a str) -> std::result::Result<(), ParseError> {
        let ([_, keyword, name, rest], count) = scan::words(text, is_blank);
        if count < 2 || !matches!(keyword, "HELP" | "TYPE") {
            return Ok(());
        }
        let name = match count {
            2 => Cow::Borrowed(""),
            _ => comment_name(name).map_err(at(line))?,
        };
        if keyword == "TYPE" && count < 4 {
            let found = format!("found {}: a TYPE line is `# TYPE name type`", shown(text));
            return Err(at(line)(found));
        }
        let (open, new) = self.family(line, name)?;
        match keyword {
            "HELP" => open.help = scan::unescaped(rest, false),
            _ => {
                if !new {
                    open.line = line;
                }
                open.word = rest;
                open.suffixes = suffixes(rest);
            }
        }
        Ok(())
    }

    fn sample(&mut self, line: usize, text: &'a str) -> std::result::Result<(), ParseError> {
        let sample = sample(text, self.legacy_names).map_err(at(line))?;
        match self.open.as_mut().filter(|open| open.takes(&sample.name)) {
            Some(open) => open.samples.push(sample),
            None => {
                self.close()?;
                let mut single = Open::new(line, sample.name.clone());
                single.samples.push(sample);
                self.families.push(single.close(self.legacy_names).map_err(at(line))?);
            }
        }
        Ok(())
    }
}

/// The name in a comment.
pub(super) fn comment_name(text: &str) -> Result<Cow<'_, str>> {
    let (name, quoted) = scan::unquoted_name(text)?;
    if !quoted && !escape::is_classic_name(&name) {
        return Err(format!("found the metric name {}: {NAMES}", shown(text)));
    }
    Ok(name)
}

/// Whether the braces that begin at `brace` are those of an exemplar, so that the sample has none.
pub(super) fn is_exemplar(text: &str, brace: usize) -> bool {
    text[..brace].contains(" # ")
}

fn sample(text: &str, legacy_names: bool) -> Result<Sample<'_>> {
    let (name, labels, rest) = match scan::unquoted(text, |b| b == b'{').filter(|brace| !is_exemplar(text, *brace)) {
        None => {
            let blank = scan::unquoted(text, |b| b == b' ' || b == b'\t');
            let Some(end) = blank else { return Err(format!("found {}: a sample is `name value`", shown(text))) };
            let name = trim(&text[..end]);
            if !escape::is_classic_name(name) {
                return Err(format!("found the metric name {}: {NAMES}", shown(name)));
            }
            (Cow::Borrowed(name), Vec::new(), &text[end + 1..])
        }
        Some(start) => {
            let inner = &text[start + 1..];
            let Some(end) = scan::unquoted(inner, |b| b == b'}') else {
                return Err(format!("found {}: the brace is not closed", shown(&text[start..])));
            };
            let block = labels::read(&inner[..end], false, legacy_names)?;
            let name = sample_name(trim(&text[..start]), block.name)?;
            (name, block.labels, &inner[end + 1..])
        }
    };
    let (value, timestamp) = value_and_timestamp(rest)?;
    Ok(Sample { name, labels, value, timestamp, ..Sample::default() })
}

/// The name of a sample with braces: before them or in them.
pub(super) fn sample_name<'a>(before: &'a str, inside: Option<Cow<'a, str>>) -> Result<Cow<'a, str>> {
    match (before, inside) {
        ("", Some(name)) => Ok(name),
        ("", None) => Err("found no metric name: it stands before the braces, or between quotes in them".into()),
        (name, None) => Ok(Cow::Borrowed(name)),
        (name, Some(_)) => Err(format!("found the metric name twice, {} being the first", shown(name))),
    }
}

/// Milliseconds in a second.
const MILLIS: f64 = 1000.0;

/// The first word is the value, and the last of several the timestamp in milliseconds. Tabs only separate where there is
/// no space.
fn value_and_timestamp(text: &str) -> Result<(f64, Option<Timestamp>)> {
    let text = scan::trim_start(text);
    let separator = if text.contains(' ') { ' ' } else { '\t' };
    let mut words = text.split(separator).map(trim).filter(|word| !word.is_empty());
    let Some(first) = words.next() else { return Err("found no value behind the name".into()) };
    let value = number::value(first)?.number;
    let timestamp = match words.next_back() {
        Some(last) => match number::value(last) {
            Ok(millis) => Some(Timestamp::Seconds(millis.number / MILLIS)),
            Err(_) => return Err(format!("found the timestamp {}: it must be a number of milliseconds", shown(last))),
        },
        None => None,
    };
    Ok((value, timestamp))
}

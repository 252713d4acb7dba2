//! A native histogram in the place of a value: `name{labels} {count:24,sum:100,schema:0,…}`.
//!
//! The form is OpenMetrics 2.0's as prometheus_client 0.26 has it, experimental there too. What follows the closing brace is
//! not looked at, and unknown fields are passed over.

use crate::render::escape;
use crate::samples::parse::lenient::{NAMES, sample_name};
use crate::samples::parse::{Result, labels, scan, shown};
use crate::samples::{NativeHistogram, Number, Sample};
use std::borrow::Cow;

/// What the name of a native histogram does not end in: these are samples of a classic one.
const SUFFIXES: [&str; 4] = ["_count", "_sum", "_bucket", "_created"];

/// Reads a line if it has a native histogram; `None` if it is another sample of a histogram.
pub(super) fn read(text: &str, legacy_names: bool) -> Result<Option<Sample<'_>>> {
    let Some(first) = scan::unquoted(text, |b| b == b' ' || b == b'{') else { return Ok(None) };
    let unclosed = |text: &str| format!("found {}: the brace is not closed", shown(text));
    let has_labels = text.as_bytes()[first] == b'{';
    let end = match has_labels {
        true => first + scan::unquoted(&text[first..], |b| b == b'}').ok_or_else(|| unclosed(&text[first..]))?,
        false => first,
    };
    // A hash that comes first begins an exemplar, which has braces too.
    let behind = &text[end + 1..];
    let Some(start) = scan::unquoted(behind, |b| b == b'{' || b == b'#') else { return Ok(None) };
    if behind.as_bytes()[start] == b'#' {
        return Ok(None);
    }
    let (before, fields) = behind.split_at(start);
    let close = scan::unquoted(fields, |b| b == b'}').ok_or_else(|| unclosed(fields))?;

    let mut labels = Vec::new();
    let mut name = Cow::Borrowed(&text[..first]);
    if has_labels {
        let block = labels::read(&text[first + 1..end], true, legacy_names)?;
        name = sample_name(&text[..first], block.name)?;
        labels = block.labels;
    }
    let quoted = has_labels && first == 0;
    if (!quoted && !escape::is_classic_name(&name)) || !before.chars().all(|c| c == ' ') {
        return Err(format!("found the metric name {}: {NAMES}", shown(&text[..end + 1 + start])));
    }
    if SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
        return Err(format!("found a native histogram called {}: its name has no suffix", shown(&name)));
    }
    let native = Some(Box::new(histogram(&fields[1..close])?));
    Ok(Some(Sample { name, labels, value: f64::NAN, native_histogram: native, ..Sample::default() }))
}

/// The fields that are lists.
const LISTS: [&str; 4] = ["positive_spans", "negative_spans", "positive_deltas", "negative_deltas"];

fn histogram(text: &str) -> Result<NativeHistogram<'static>> {
    let mut native = NativeHistogram::default();
    let mut missing = vec!["count", "sum", "schema", "zero_threshold", "zero_count"];
    let mut rest = text;
    while !rest.is_empty() {
        let (key, value) =
            rest.split_once(':').ok_or_else(|| format!("found {}: a field is `key:value`", shown(rest)))?;
        let key = scan::trim(key);
        let value = scan::trim_start(value);
        missing.retain(|wanted| *wanted != key);
        if LISTS.contains(&key) && !value.starts_with('[') {
            return Err(format!("found {key} without a list behind it: it is `[a,b,…]`"));
        }
        let (value, behind) = match value.strip_prefix('[') {
            Some(list) => {
                list.split_once(']').ok_or_else(|| format!("found {}: the list is not closed", shown(value)))?
            }
            None => value.split_at(value.find(',').unwrap_or(value.len())),
        };
        rest = match behind.strip_prefix(',') {
            Some(rest) => rest,
            None if scan::trim(behind).is_empty() => "",
            None => return Err(format!("found {} behind a field: a comma separates two", shown(behind))),
        };
        match key {
            "count" => native.count = Number::Whole(integer(value)?),
            "sum" => native.sum = Number::Float(float(value)?),
            "schema" => native.schema = integer(value)?,
            "zero_threshold" => native.zero_threshold = Number::Float(float(value)?),
            "zero_count" => native.zero_count = Number::Whole(integer(value)?),
            "positive_spans" => native.positive_spans = spans(value)?,
            "negative_spans" => native.negative_spans = spans(value)?,
            "positive_deltas" => native.positive_deltas = deltas(value)?,
            "negative_deltas" => native.negative_deltas = deltas(value)?,
            _ => {}
        }
    }
    match missing.first() {
        Some(field) => Err(format!("found a native histogram without {field}, which it must have")),
        None => Ok(native),
    }
}

fn integer(text: &str) -> Result<i64> {
    scan::trim(text).parse().map_err(|_| format!("found {} in a native histogram: it must be an integer", shown(text)))
}

fn float(text: &str) -> Result<f64> {
    scan::trim(text).parse().map_err(|_| format!("found {} in a native histogram: it must be a number", shown(text)))
}

fn spans(text: &str) -> Result<Option<Vec<(i64, i64)>>> {
    let span = |pair: &str| match pair.split_once(':') {
        Some((offset, length)) => Ok((integer(offset)?, integer(length)?)),
        None => Err(format!("found the span {}: it is `offset:length`", shown(pair))),
    };
    if text.is_empty() { Ok(None) } else { text.split(',').map(span).collect::<Result<_>>().map(Some) }
}

fn deltas(text: &str) -> Result<Option<Vec<Number>>> {
    let delta = |text: &str| integer(text).map(Number::Whole);
    if text.is_empty() { Ok(None) } else { text.split(',').map(delta).collect::<Result<_>>().map(Some) }
}

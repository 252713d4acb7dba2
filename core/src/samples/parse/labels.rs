//! What stands between braces: labels, and the name of a metric if it is quoted there.

use super::scan::{self, trim};
use super::{Result, shown};
use crate::render::escape;
use crate::samples::Labels;
use std::borrow::Cow;
use std::collections::HashSet;

/// What was read between braces.
#[derive(Debug, Default)]
pub(super) struct Block<'a> {
    /// The metric's name, if it stood there.
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) labels: Labels<'a>,
}

/// Labels of which there may be more than this are looked up by hash.
const FEW: usize = 16;

/// Refuses the second of two equal names, however many there are.
#[derive(Debug, Default)]
pub(super) struct Unique {
    seen: HashSet<String>,
}

impl Unique {
    /// Whether `name` is none of `labels`, which are all that were asked about before.
    pub(super) fn is_new(&mut self, labels: &Labels<'_>, name: &str) -> bool {
        if labels.len() < FEW {
            return labels.iter().all(|(known, _)| known != name);
        }
        if self.seen.is_empty() {
            self.seen.extend(labels.iter().map(|(known, _)| known.clone().into_owned()));
        }
        self.seen.insert(name.to_owned())
    }
}

/// The name that a metric's own name has among labels.
const METRIC_NAME: &str = "__name__";

/// Reads labels, the braces taken off. `open`: with the commas that OpenMetrics allows, which is between two and nowhere else.
pub(super) fn read(block: &str, open: bool, legacy_names: bool) -> Result<Block<'_>> {
    read_terms(block, open, legacy_names).map_err(|why| format!("{why} (in the labels {{{}}})", shown(block)))
}

fn read_terms(block: &str, open: bool, legacy_names: bool) -> Result<Block<'_>> {
    let mut found = Block::default();
    let mut unique = Unique::default();
    let mut rest = trim(block);
    if open && rest.starts_with(',') {
        return Err("found a comma before the first label".into());
    }
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix(',') {
            match behind.as_bytes().first() {
                None if open => return Err("found a comma behind the last label".into()),
                None => break,
                Some(b',') => return Err("found two commas: one separates two labels".into()),
                Some(_) => rest = behind,
            }
        }
        let (name, value, behind) = term(rest);
        if behind.len() == rest.len() || (open && trim(value).is_empty()) {
            return Err(format!("found {}: a label is name=\"value\"", shown(rest)));
        }
        rest = trim(behind);
        let value = trim(value);
        if value.is_empty() {
            continue;
        }
        let value = quoted(value)?;
        let name = match name {
            Some(name) => label_name(name)?,
            None => Cow::Borrowed(METRIC_NAME),
        };
        if name == METRIC_NAME {
            if found.name.replace(value).is_some() {
                return Err("found the metric's name twice".into());
            }
            continue;
        }
        check_name(&name, legacy_names)?;
        if !unique.is_new(&found.labels, &name) {
            return Err(format!("found the label {} twice", shown(&name)));
        }
        found.labels.push((name, value));
    }
    Ok(found)
}

/// The first term: its name if it has an equals sign, its value, and what is behind it from the comma on.
fn term(text: &str) -> (Option<&str>, &str, &str) {
    let ends = |b| b == b',' || b == b'}';
    let first = scan::unquoted(text, |b| b == b'=' || ends(b)).unwrap_or(text.len());
    if text.as_bytes().get(first) != Some(&b'=') {
        return (None, &text[..first], &text[first..]);
    }
    let behind = &text[first + 1..];
    let end = scan::unquoted(behind, ends).unwrap_or(behind.len());
    (Some(&text[..first]), &behind[..end], &behind[end..])
}

fn label_name(text: &str) -> Result<Cow<'_, str>> {
    let (name, quoted) = scan::unquoted_name(text)?;
    if !quoted && !escape::is_classic_name(&name) {
        let rule = "[a-zA-Z_][a-zA-Z0-9_]*, or stand between quotes";
        return Err(format!("found the label name {}: it must be {rule}", shown(text)));
    }
    Ok(name)
}

/// The rules for a name that was read: two underscores are for Prometheus itself.
pub(super) fn check_name(name: &str, legacy_names: bool) -> Result<()> {
    if name.starts_with("__") {
        return Err(format!("found the label name {}: names with __ in front are reserved", shown(name)));
    }
    if legacy_names && !escape::is_classic_label(name) {
        return Err(format!("found the label name {}: it must be [a-zA-Z_][a-zA-Z0-9_]*", shown(name)));
    }
    Ok(())
}

/// A value that is one text between quotes.
fn quoted(text: &str) -> Result<Cow<'_, str>> {
    let refused = |why: &str| Err(format!("found the value {}: {why}", shown(text)));
    let Some(inner) = text.strip_prefix('"') else { return refused("it must stand between quotes") };
    let mut escaped = false;
    for (at, byte) in inner.bytes().enumerate() {
        if byte == b'"' && !escaped {
            if at + 1 != inner.len() {
                return refused("nothing but a comma may follow the closing quote");
            }
            return Ok(scan::unescaped(&inner[..at], true));
        }
        escaped = byte == b'\\' && !escaped;
    }
    refused("the quote at its start is not closed")
}

//! The grammar of a sample: name, labels, value, perhaps a timestamp, perhaps an exemplar, one space between each.

use crate::render::escape;
use crate::samples::parse::lenient::{NAMES, is_exemplar, sample_name};
use crate::samples::parse::{Result, labels, number, scan, shown};
use crate::samples::{Exemplar, Sample, Timestamp};
use std::borrow::Cow;

/// Reads a line, and says whether the value was written as an integer.
pub(super) fn read(text: &str, legacy_names: bool) -> Result<(Sample<'_>, bool)> {
    let (name, labels, rest) = match scan::unquoted(text, |b| b == b'{').filter(|brace| !is_exemplar(text, *brace)) {
        None => {
            let Some((name, rest)) = text.split_once(' ') else {
                return Err(format!("found {}: a sample is `name value`", shown(text)));
            };
            (Cow::Borrowed(name), Vec::new(), rest)
        }
        Some(start) => {
            let (block, behind) = braces(&text[start..], legacy_names)?;
            let Some(rest) = behind.strip_prefix(' ') else {
                return Err(format!("found {} behind the labels: one space and a value must follow", shown(behind)));
            };
            (sample_name(&text[..start], block.name)?, block.labels, rest)
        }
    };
    if text.as_bytes().first() != Some(&b'{') && !escape::is_classic_name(&name) {
        return Err(format!("found the metric name {}: {NAMES}", shown(&name)));
    }
    let (value, rest) = word(rest);
    let value = number::value(value)?;
    let (timestamp, exemplar) = match rest {
        Some(rest) => timestamp_and_exemplar(rest, legacy_names)?,
        None => (None, None),
    };
    let exemplar = exemplar.map(Box::new);
    Ok((Sample { name, labels, value: value.number, timestamp, exemplar, native_histogram: None }, value.integer))
}

/// Reads the labels that begin with this text, and gives what is behind them.
fn braces(text: &str, legacy_names: bool) -> Result<(labels::Block<'_>, &str)> {
    let Some(end) = scan::unquoted(text, |b| b == b'}') else {
        return Err(format!("found {}: the brace is not closed", shown(text)));
    };
    Ok((labels::read(&text[1..end], true, legacy_names)?, &text[end + 1..]))
}

/// The text up to the first space, and what is behind it if there is one.
fn word(text: &str) -> (&str, Option<&str>) {
    text.split_once(' ').map_or((text, None), |(word, rest)| (word, Some(rest)))
}

type Extras<'a> = (Option<Timestamp>, Option<Exemplar<'a>>);

fn timestamp_and_exemplar(text: &str, legacy_names: bool) -> Result<Extras<'_>> {
    if let Some(exemplar) = text.strip_prefix('#') {
        return Ok((None, Some(read_exemplar(exemplar, legacy_names)?)));
    }
    let (stamp, rest) = word(text);
    // Two spaces before an exemplar are one too many, and prometheus_client takes them.
    let timestamp = match (stamp, rest) {
        ("", Some(_)) => None,
        _ => Some(number::timestamp(stamp)?),
    };
    let exemplar = match rest {
        None => None,
        Some(rest) => match rest.strip_prefix('#') {
            Some(exemplar) => Some(read_exemplar(exemplar, legacy_names)?),
            None => return Err(format!("found {} behind the timestamp: only an exemplar may follow", shown(rest))),
        },
    };
    Ok((timestamp, exemplar))
}

/// OpenMetrics 1.0, "Exemplars": names and values of the labels together, in characters.
const LONGEST: usize = 128;

/// Reads what follows the hash.
fn read_exemplar(text: &str, legacy_names: bool) -> Result<Exemplar<'_>> {
    let refused =
        || format!("found the exemplar {}: it is `# {{labels}} value` or `# {{labels}} value timestamp`", shown(text));
    let block = text.strip_prefix(' ').filter(|rest| rest.starts_with('{')).ok_or_else(refused)?;
    let (block, behind) = braces(block, legacy_names)?;
    let mut labels = block.labels;
    if let Some(name) = block.name {
        // A text without a name is the metric's name elsewhere, and a label like others here.
        labels.insert(0, (Cow::Borrowed("__name__"), name));
    }
    let length: usize = labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if length > LONGEST {
        return Err(format!("found an exemplar of {length} characters of labels: {LONGEST} are allowed"));
    }
    let (value, timestamp) = word(behind.strip_prefix(' ').ok_or_else(refused)?);
    let value = number::value(value)?.number;
    let timestamp = timestamp.map(number::timestamp).transpose()?;
    Ok(Exemplar { labels, value, timestamp })
}

//! OpenMetrics 1.0 as `prometheus_client.openmetrics.parser` reads it: a family after the other, each with its metadata
//! first, and `# EOF` at the end.
//!
//! This file has the lines and the rules of a family's metadata; `group` the rules for its samples, one after the other,
//! `histogram` what the samples of a histogram must come to, `line` and `native` the grammar of a sample.

mod group;
mod histogram;
mod line;
mod native;

use super::lenient::comment_name;
use super::{ParseError, Result, at, lines, scan, shown};
use crate::render::escape;
use crate::samples::{Family, Kind, Sample};
use group::Groups;
use std::borrow::Cow;
use std::collections::HashSet;

/// What the names of a family's samples end in. The family takes these names, and its own, from all others.
fn suffixes(kind: Option<Kind>) -> &'static [&'static str] {
    match kind {
        Some(Kind::Counter) => &["_total", "_created"],
        Some(Kind::Summary) => &["", "_count", "_sum", "_created"],
        Some(Kind::Histogram) => &["_count", "_sum", "_bucket", "_created"],
        Some(Kind::GaugeHistogram) => &["_gcount", "_gsum", "_bucket"],
        Some(Kind::Info) => &["_info"],
        _ => &[""],
    }
}

/// The family that lines are added to.
#[derive(Debug)]
struct Open<'a> {
    /// Where it began: what is wrong with all of it is told there.
    line: usize,
    name: Cow<'a, str>,
    help: Option<Cow<'a, str>>,
    kind: Option<Kind>,
    unit: Option<&'a str>,
    samples: Vec<Sample<'a>>,
    groups: Groups<'a>,
}

impl<'a> Open<'a> {
    fn new(line: usize, name: Cow<'a, str>) -> Self {
        let groups = Groups::default();
        Open { line, name, help: None, kind: None, unit: None, samples: Vec::new(), groups }
    }

    fn takes(&self, sample: &str) -> bool {
        sample.strip_prefix(&*self.name).is_some_and(|suffix| suffixes(self.kind).contains(&suffix))
    }

    fn close(self, taken: &mut HashSet<String>, legacy_names: bool) -> Result<Family<'a>> {
        let Open { name, kind, samples, .. } = self;
        let extra = suffixes(kind).iter().filter(|suffix| !suffix.is_empty());
        for suffix in extra.copied().chain([""]) {
            let whole = format!("{name}{suffix}");
            if taken.contains(&whole) {
                return Err(format!("found {} in two families: a name belongs to one", shown(&whole)));
            }
            taken.insert(whole);
        }
        let kind = kind.unwrap_or_default();
        let unit = self.unit.unwrap_or("");
        if !unit.is_empty() {
            if !name.strip_suffix(unit).is_some_and(|stem| stem.ends_with('_')) {
                let why = format!("a metric's name ends with _ and its unit, and {} does not", shown(&name));
                return Err(format!("found the unit {}: {why}", shown(unit)));
            }
            if matches!(kind, Kind::Info | Kind::StateSet) {
                return Err(format!("found the unit {}: an info or a stateset has none", shown(unit)));
            }
        }
        if matches!(kind, Kind::Histogram | Kind::GaugeHistogram) {
            histogram::check(&samples, &name)?;
        }
        if name.is_empty() || (legacy_names && !escape::is_classic_name(&name)) {
            return Err(format!("found the metric name {}: {}", shown(&name), super::lenient::NAMES));
        }
        Ok(Family { name, help: self.help.unwrap_or_default(), kind, unit: Cow::Borrowed(unit), samples })
    }
}

struct Reader<'a> {
    families: Vec<Family<'a>>,
    open: Option<Open<'a>>,
    /// The names that families took.
    taken: HashSet<String>,
    legacy_names: bool,
}

pub(super) fn read(text: &str, legacy_names: bool) -> std::result::Result<Vec<Family<'_>>, ParseError> {
    let mut reader = Reader { families: Vec::new(), open: None, taken: HashSet::new(), legacy_names };
    let mut ended = false;
    let mut last = 1;
    for (line, text, _) in lines(text) {
        last = line;
        if ended {
            return Err(at(line)(format!("found {} behind # EOF, which must be the last line", shown(text))));
        }
        match text {
            "" => return Err(at(line)("found a blank line, which OpenMetrics does not have".into())),
            "# EOF" => ended = true,
            _ if text.starts_with('#') => reader.metadata(line, text)?,
            _ => reader.sample(line, text)?,
        }
    }
    reader.close()?;
    if !ended {
        return Err(at(last)("found no # EOF: it must be the last line".into()));
    }
    Ok(reader.families)
}

/// Sets what may be said once.
fn once<T>(place: &mut Option<T>, value: T, line: &str) -> Result<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("found {}: a family has one such line", shown(line))),
    }
}

impl<'a> Reader<'a> {
    fn close(&mut self) -> std::result::Result<(), ParseError> {
        if let Some(open) = self.open.take() {
            let line = open.line;
            self.families.push(open.close(&mut self.taken, self.legacy_names).map_err(at(line))?);
        }
        Ok(())
    }

    fn metadata(&mut self, line: usize, text: &'a str) -> std::result::Result<(), ParseError> {
        let ([_, keyword, name, rest], count) = scan::words(text, |b| b == b' ');
        if count < 4 {
            let found = format!(
                "found {}: metadata is `# HELP name text`, `# TYPE name type` or `# UNIT name unit`",
                shown(text)
            );
            return Err(at(line)(found));
        }
        let name = comment_name(name).map_err(at(line))?;
        let same = self.open.as_ref().filter(|open| open.name == name);
        if same.is_some_and(|open| !open.samples.is_empty()) {
            return Err(at(line)(format!("found {}: metadata stands before the samples", shown(text))));
        }
        if same.is_none() {
            self.close()?;
        }
        let open = self.open.get_or_insert_with(|| Open::new(line, name));
        let result = match keyword {
            "HELP" => once(&mut open.help, scan::unescaped(rest, true), text),
            "UNIT" => once(&mut open.unit, rest, text),
            "TYPE" => match Kind::from_name(rest).filter(|_| rest != "untyped") {
                Some(kind) => once(&mut open.kind, kind, text),
                None => {
                    let kinds = "counter, gauge, histogram, summary, gaugehistogram, info, stateset or unknown";
                    Err(format!("found the type {}: it must be {kinds}", shown(rest)))
                }
            },
            _ => Err(format!("found {}: a comment is HELP, TYPE, UNIT or EOF", shown(text))),
        };
        result.map_err(at(line))
    }

    fn sample(&mut self, line: usize, text: &'a str) -> std::result::Result<(), ParseError> {
        if self.open.as_ref().is_some_and(|open| open.kind == Some(Kind::Histogram))
            && let Some(sample) = native::read(text, self.legacy_names).map_err(at(line))?
            && let Some(open) = &mut self.open
        {
            // Its name is not held against the family's, as it is not by prometheus_client.
            open.samples.push(sample);
            return Ok(());
        }
        let (sample, integer) = line::read(text, self.legacy_names).map_err(at(line))?;
        if !self.open.as_ref().is_some_and(|open| open.takes(&sample.name)) {
            self.close()?;
            if !escape::is_classic_name(&sample.name) {
                let why = "a name that stands between quotes needs a TYPE, HELP or UNIT line before it";
                return Err(at(line)(format!("found the metric name {}: {why}", shown(&sample.name))));
            }
        }
        let open = self.open.get_or_insert_with(|| {
            let mut open = Open::new(line, sample.name.clone());
            open.kind = Some(Kind::Unknown);
            open
        });
        open.groups.check(&open.name, open.kind.unwrap_or_default(), &sample, integer).map_err(at(line))?;
        if open.groups.is_new(&open.name, open.kind.unwrap_or_default(), &sample).map_err(at(line))? {
            open.samples.push(sample);
        }
        Ok(())
    }
}

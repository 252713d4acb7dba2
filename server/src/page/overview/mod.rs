//! The overview: a whole registry in less than 200 KB of JSON, however many series it has (`docs/overview.md`).
//!
//! One walk over the parts of a registry, whose memory is bounded by what is kept per family, and not by its series.
//! The page calls this through its route. Promised: the same parts give the same bytes, and all numbers are cumulative.
//! Absent: rates, which need two of them.

mod cells;
mod distinct;
mod json;
mod requests;
pub mod roles;
mod tally;
#[cfg(test)]
mod tests;

use super::escape;
use distinct::Distinct;
use requests::Requests;
use std::cell::OnceCell;
use std::sync::Arc;
use tykmetrics::snapshot::{Family, Kind, Meta, Row};

/// Bytes that the rows of endpoints may take together, the list of families, and the plain numbers. The sum of them, with
/// what stands around, stays below 200 KB.
const ENDPOINT_BYTES: usize = 90_000;
const FAMILY_BYTES: usize = 80_000;
const NUMBER_BYTES: usize = 16_000;

/// Counters and gauges that are drawn: more than anybody looks through, and few enough to draw every two seconds.
const NUMBERS: usize = 60;

/// Bytes of a name or a text in the overview; longer ones are cut.
const TEXT: usize = 120;

/// The engine's own families, which are listed and otherwise left to themselves.
const OWN: &str = "tykmetrics_";

/// A family, as the list has it.
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) help: String,
    pub(super) series: usize,
    /// The label with the most values.
    pub(super) grows: Option<Grows>,
}

/// The label that makes a family grow.
pub(super) struct Grows {
    pub(super) label: String,
    pub(super) values: u64,
    /// False if the number is an estimate.
    pub(super) exact: bool,
}

/// A counter or a gauge: the sum of its series, or the largest of them where a sum means nothing.
struct Number {
    name: String,
    kind: Kind,
    value: f64,
    series: usize,
    sum: bool,
}

/// Words of a gauge's name whose series do not add up: averages, quantiles, shares, moments.
const APART: [&str; 14] =
    ["avg", "average", "mean", "min", "max", "p50", "p90", "p95", "p99", "p999", "rate", "ratio", "percent", "seconds"];

/// Whether the series of a family may be added up.
fn adds_up(meta: &Meta) -> bool {
    meta.kind == Kind::Counter || !meta.name.split('_').any(|word| APART.contains(&word))
}

/// A registry, as it gives itself to a function: in parts, as [`Registry::snapshot_in_parts`](tykmetrics::Registry::snapshot_in_parts)
/// has them.
pub type Parts<'a> = &'a dyn Fn(&mut dyn FnMut(&Family));

/// The family whose parts come.
struct Current {
    meta: Arc<Meta>,
    series: usize,
    /// What its series come to, if they are numbers.
    number: Option<f64>,
    /// The values of each label.
    labels: Vec<Distinct>,
    requests: Option<requests::Source>,
}

/// What a registry comes to, family by family.
pub(super) struct Walk {
    pub(super) series: usize,
    pub(super) listed: Vec<Listed>,
    numbers: Vec<Number>,
    requests: Requests,
    /// When the process began, and when the oldest series did, Unix time in milliseconds; 0 if not known.
    began_ms: (u64, u64),
}

impl Walk {
    pub(super) fn over(parts: Parts<'_>) -> Walk {
        let mut walk = Walk {
            series: 0,
            listed: Vec::new(),
            numbers: Vec::new(),
            requests: Requests::default(),
            began_ms: (0, 0),
        };
        let mut current: Option<Current> = None;
        parts(&mut |part| {
            if let Some(family) = current.take_if(|family| !Arc::ptr_eq(&family.meta, &part.meta)) {
                walk.end(family);
            }
            let family = current.get_or_insert_with(|| walk.begin(&part.meta));
            walk.part(family, part);
        });
        if let Some(family) = current {
            walk.end(family);
        }
        // The largest first, since they are what one looks for, and what is left out is then the smallest.
        walk.listed.sort_by(|a, b| b.series.cmp(&a.series).then_with(|| a.name.cmp(&b.name)));
        walk
    }

    fn begin(&self, meta: &Arc<Meta>) -> Current {
        let own = meta.name.starts_with(OWN);
        Current {
            meta: Arc::clone(meta),
            series: 0,
            number: None,
            labels: meta.label_names.iter().map(|_| Distinct::default()).collect(),
            requests: if own { None } else { self.requests.begin(meta) },
        }
    }

    fn part(&mut self, family: &mut Current, part: &Family) {
        let (sum, oldest) = (adds_up(&family.meta), &mut self.began_ms.1);
        family.series += part.len();
        part.for_each_row(|row| {
            if row.created_ms > 0 && (*oldest == 0 || row.created_ms < *oldest) {
                *oldest = row.created_ms;
            }
            if let Some(value) = row.value.as_f64() {
                let before = family.number;
                family.number =
                    before.map(|before| if sum { before + value } else { before.max(value) }).or(Some(value));
            }
            count_values(&part.meta, row, &mut family.labels);
            if let Some(requests) = &mut family.requests {
                requests.row(row);
            }
        });
    }

    fn end(&mut self, family: Current) {
        let Current { meta, series, number, labels, requests } = family;
        if let Some(requests) = requests {
            self.requests.end(requests);
        }
        if let Some(seconds) = number.filter(|_| meta.name == "process_start_time_seconds") {
            self.began_ms.0 = (seconds * 1e3) as u64;
        }
        self.series += series;
        if let Some(value) = number.filter(|_| !meta.name.starts_with(OWN)) {
            self.numbers.push(Number { name: cut(&meta.name), kind: meta.kind, value, series, sum: adds_up(&meta) });
        }
        let (name, help) = (cut(&meta.name), cut(&meta.help));
        self.listed.push(Listed { name, kind: meta.kind, help, series, grows: grows(&meta, &labels) });
    }

    /// When what was counted began: the process if it says so, then `started_ms`, then the oldest series.
    fn started_ms(&self, started_ms: u64) -> u64 {
        [self.began_ms.0, started_ms, self.began_ms.1].into_iter().find(|ms| *ms > 0).unwrap_or(0)
    }
}

fn count_values(meta: &Meta, row: &Row<'_>, labels: &mut [Distinct]) {
    // A series with labels of its own (the overflow series) says nothing about those of the family.
    if row.names.len() != meta.label_names.len() {
        return;
    }
    for (label, value) in labels.iter_mut().zip(row.values) {
        label.add(value.raw);
    }
}

/// The label with the most values; the first of those that are equal.
fn grows(meta: &Meta, labels: &[Distinct]) -> Option<Grows> {
    let counted = meta.label_names.iter().zip(labels).map(|(name, label)| (name, label.count()));
    let (label, values) = counted.rev().max_by_key(|(_, values)| values.count)?;
    Some(Grows { label: cut(label), values: values.count, exact: values.exact })
}

/// At most [`TEXT`] bytes of `text`. A cut one ends in a hash of the whole, so that two do not become one.
fn cut(text: &str) -> String {
    escape::shortened(text, TEXT)
}

/// What a registry comes to, as JSON (`docs/overview.md`). `now` is asked once, when the first part comes: what is before it
/// may have waited. It tells the moment, and when the server began, for a registry that does not say when its process did (0 if
/// not known), both as Unix time in milliseconds.
pub fn overview(parts: Parts<'_>, now: &dyn Fn() -> (u64, u64)) -> Vec<u8> {
    let seen = OnceCell::new();
    let walk = Walk::over(&|part| {
        parts(&mut |one| {
            seen.get_or_init(now);
            part(one);
        });
    });
    let (at_ms, started_ms) = *seen.get_or_init(now);
    let mut out = json::Object::new();
    out.integer("version", 1);
    out.integer("at_ms", at_ms);
    out.integer("started_ms", walk.started_ms(started_ms));
    out.integer("series", walk.series as u64);
    out.integer("families_total", walk.listed.len() as u64);
    walk.requests.write(&mut out, ENDPOINT_BYTES);
    write_numbers(&walk.numbers, &mut out);
    write_families(&walk.listed, &mut out);
    out.finish()
}

fn write_numbers(numbers: &[Number], out: &mut json::Object) {
    let mut rows = numbers.iter().take(NUMBERS).map(|number| {
        let mut row = json::Object::new();
        row.text("name", &number.name);
        row.text("kind", number.kind.as_str());
        row.number("value", number.value);
        row.integer("series", number.series as u64);
        row.text("by", if number.sum { "sum" } else { "max" });
        row.finish()
    });
    let written = out.rows("numbers", NUMBER_BYTES, &mut rows);
    out.integer("numbers_left_out", (numbers.len() - written) as u64);
}

fn write_families(listed: &[Listed], out: &mut json::Object) {
    let mut rows = listed.iter().map(|family| {
        let mut row = json::Object::new();
        row.text("name", &family.name);
        row.text("kind", family.kind.as_str());
        row.text("help", &family.help);
        row.integer("series", family.series as u64);
        if let Some(grows) = &family.grows {
            row.text("label", &grows.label);
            row.integer("values", grows.values);
            row.boolean("exact", grows.exact);
        }
        row.finish()
    });
    let written = out.rows("families", FAMILY_BYTES, &mut rows);
    out.integer("families_left_out", (listed.len() - written) as u64);
}

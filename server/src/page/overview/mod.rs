//! The overview: a whole registry in less than 200 KB of JSON, however many series it has (`docs/overview.md`).
//!
//! One walk over the rows of a snapshot, whose memory is bounded by what is kept per family, and not by its series.
//! The page calls this through its route; `tykmetrics top` may too. Promised: the same snapshot gives the same bytes, and
//! all numbers are cumulative. Absent: rates, which need two of them.

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
use tykmetrics::Snapshot;
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

/// What a snapshot comes to, family by family.
pub(super) struct Walk {
    pub(super) series: usize,
    pub(super) listed: Vec<Listed>,
    numbers: Vec<Number>,
    requests: Requests,
    /// When the process began, and when the oldest series did, Unix time in milliseconds; 0 if not known.
    began_ms: (u64, u64),
}

impl Walk {
    pub(super) fn over(snapshot: &Snapshot) -> Walk {
        let mut walk = Walk {
            series: 0,
            listed: Vec::new(),
            numbers: Vec::new(),
            requests: Requests::default(),
            began_ms: (0, 0),
        };
        snapshot.families.iter().for_each(|family| walk.family(family));
        // The largest first, since they are what one looks for, and what is left out is then the smallest.
        walk.listed.sort_by(|a, b| b.series.cmp(&a.series).then_with(|| a.name.cmp(&b.name)));
        walk
    }

    fn family(&mut self, family: &Family) {
        let meta = &*family.meta;
        let own = meta.name.starts_with(OWN);
        let mut labels: Vec<Distinct> = meta.label_names.iter().map(|_| Distinct::default()).collect();
        let (sum, mut number) = (adds_up(meta), None);
        let (mut group, oldest) = (if own { None } else { self.requests.begin(meta) }, &mut self.began_ms.1);
        family.for_each_row(|row| {
            if row.created_ms > 0 && (*oldest == 0 || row.created_ms < *oldest) {
                *oldest = row.created_ms;
            }
            if let Some(value) = row.value.as_f64() {
                number = number.map(|before: f64| if sum { before + value } else { before.max(value) }).or(Some(value));
            }
            count_values(meta, row, &mut labels);
            if let Some(group) = &mut group {
                group.row(row);
            }
        });
        if let Some(group) = group {
            self.requests.end(group);
        }
        if let Some(seconds) = number.filter(|_| meta.name == "process_start_time_seconds") {
            self.began_ms.0 = (seconds * 1e3) as u64;
        }
        self.series += family.len();
        if let Some(value) = number.filter(|_| !own) {
            self.numbers.push(Number { name: cut(&meta.name), kind: meta.kind, value, series: family.len(), sum });
        }
        let name = cut(&meta.name);
        let help = cut(&meta.help);
        self.listed.push(Listed { name, kind: meta.kind, help, series: family.len(), grows: grows(meta, &labels) });
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

/// What a registry comes to, as JSON (`docs/overview.md`). `started_ms` is when the server began, Unix time in
/// milliseconds, for a registry that does not say when its process did; 0 if not known.
pub fn overview(snapshot: &Snapshot, started_ms: u64) -> Vec<u8> {
    let walk = Walk::over(snapshot);
    let mut out = json::Object::new();
    out.integer("version", 1);
    out.integer("at_ms", snapshot.at_ms);
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

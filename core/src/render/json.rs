//! JSON: one document, for programs and people that do not speak Prometheus.
//!
//! The layout is described in `docs/json.md`. Integers are written with all their digits; NaN and the infinities, which
//! JSON does not have, are the strings the text formats use. Families stream as all formats do.

use super::number;
use super::text::family;
use crate::merge::distribution::Distribution;
use crate::merge::snapshot::{Exemplar, Kind, Meta, Quantiles, Row, Value};

/// The quantiles of a histogram that are shown.
const QUANTILES: [f64; 5] = [0.5, 0.9, 0.95, 0.99, 0.999];

/// The writer of the JSON document.
#[derive(Debug, Default)]
pub(super) struct Document {
    empty_families: bool,
    /// The document's opening was printed.
    opened: bool,
    families: usize,
    /// What a family says before its series, until it is printed.
    header: Vec<u8>,
    kind: Kind,
    constant: Vec<(String, String)>,
    states: Vec<String>,
    series: usize,
}

impl Document {
    pub(super) fn new(empty_families: bool) -> Self {
        Document { empty_families, ..Document::default() }
    }

    pub(super) fn begin(&mut self, out: &mut Vec<u8>, meta: &Meta) {
        self.kind = meta.kind;
        self.constant.clone_from(&meta.const_labels);
        self.states.clone_from(&meta.states);
        self.series = 0;
        let header = &mut self.header;
        header.clear();
        header.extend_from_slice(b"{\"name\":");
        string(header, &family::with_suffix(meta));
        header.extend_from_slice(b",\"help\":");
        string(header, &meta.help);
        header.extend_from_slice(b",\"type\":");
        string(header, meta.kind.as_str());
        header.extend_from_slice(b",\"unit\":");
        string(header, &meta.unit);
        header.extend_from_slice(b",\"series\":[");
        if self.empty_families {
            self.open_family(out);
        }
    }

    pub(super) fn row(&mut self, out: &mut Vec<u8>, row: &Row<'_>) {
        if !fits(self.kind, row.value) {
            return;
        }
        self.open_family(out);
        out.extend_from_slice(if self.series > 0 { b"," } else { b"" });
        self.series += 1;
        out.extend_from_slice(b"{\"labels\":{");
        let own = row.names.iter().zip(row.values).map(|(name, value)| (name.as_str(), value.raw));
        let constant = self.constant.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        members(out, own.chain(constant));
        out.push(b'}');
        self.value(out, row.value);
        if row.created_ms != 0 {
            out.extend_from_slice(b",\"created_ms\":");
            number::integer(out, row.created_ms);
        }
        if !row.exemplars.is_empty() {
            exemplars(out, row.exemplars);
        }
        out.push(b'}');
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        // The header is still there if nothing was printed.
        if self.header.is_empty() {
            out.extend_from_slice(b"]}");
        }
        self.header.clear();
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.open(out);
        out.extend_from_slice(b"]}\n");
        *self = Document::new(self.empty_families);
    }

    fn open(&mut self, out: &mut Vec<u8>) {
        if !self.opened {
            self.opened = true;
            out.extend_from_slice(b"{\"families\":[");
        }
    }

    fn open_family(&mut self, out: &mut Vec<u8>) {
        if !self.header.is_empty() {
            self.open(out);
            out.extend_from_slice(if self.families > 0 { b"," } else { b"" });
            self.families += 1;
            out.append(&mut self.header);
        }
    }

    fn value(&self, out: &mut Vec<u8>, value: &Value) {
        match value {
            Value::Counter { whole, part } => {
                out.extend_from_slice(b",\"value\":");
                match *part == 0.0 {
                    true => number::integer(out, *whole),
                    false => float(out, *whole as f64 + part),
                }
            }
            Value::Gauge(value) | Value::Unknown(value) => {
                out.extend_from_slice(b",\"value\":");
                float(out, *value);
            }
            Value::Histogram(value) => histogram(out, value),
            Value::Summary(value) => summary(out, value),
            Value::Info(labels) => {
                out.extend_from_slice(b",\"info\":{");
                members(out, labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                out.push(b'}');
            }
            Value::StateSet(holds) => {
                out.extend_from_slice(b",\"states\":{");
                for (i, state) in self.states.iter().enumerate() {
                    out.extend_from_slice(if i > 0 { b"," } else { b"" });
                    string(out, state);
                    let holds = holds.get(i).copied().unwrap_or(false);
                    out.extend_from_slice(if holds { b":true" } else { b":false" });
                }
                out.push(b'}');
            }
        }
    }
}

/// True if a value of this kind belongs into a family of that kind.
fn fits(kind: Kind, value: &Value) -> bool {
    match value {
        Value::Counter { .. } | Value::Gauge(_) | Value::Unknown(_) => {
            matches!(kind, Kind::Counter | Kind::Gauge | Kind::Unknown)
        }
        Value::Histogram(_) => kind == Kind::Histogram,
        Value::Summary(_) => kind == Kind::Summary,
        Value::Info(_) => kind == Kind::Info,
        Value::StateSet(_) => kind == Kind::StateSet,
    }
}

fn histogram(out: &mut Vec<u8>, histogram: &Distribution) {
    count_and_sum(out, histogram.count(), histogram.sum());
    out.extend_from_slice(b",\"buckets\":[");
    for (bound, count) in histogram.cumulative().chain([(f64::INFINITY, histogram.count())]) {
        out.extend_from_slice(if out.last() == Some(&b'}') { b",{\"le\":" } else { b"{\"le\":" });
        float(out, bound);
        out.extend_from_slice(b",\"count\":");
        number::integer(out, count);
        out.push(b'}');
    }
    out.push(b']');
    quantiles(out, QUANTILES.iter().map(|&q| (q, histogram.quantile(q))));
}

fn summary(out: &mut Vec<u8>, summary: &Quantiles) {
    count_and_sum(out, summary.count, summary.sum);
    quantiles(out, summary.values.iter().copied());
}

fn count_and_sum(out: &mut Vec<u8>, count: u64, sum: f64) {
    out.extend_from_slice(b",\"count\":");
    number::integer(out, count);
    out.extend_from_slice(b",\"sum\":");
    float(out, sum);
}

fn quantiles(out: &mut Vec<u8>, values: impl Iterator<Item = (f64, f64)>) {
    out.extend_from_slice(b",\"quantiles\":{");
    for (i, (quantile, value)) in values.enumerate() {
        out.extend_from_slice(if i > 0 { b",\"" } else { b"\"" });
        number::value(out, quantile);
        out.extend_from_slice(b"\":");
        float(out, value);
    }
    out.push(b'}');
}

fn exemplars(out: &mut Vec<u8>, exemplars: &[Exemplar]) {
    out.extend_from_slice(b",\"exemplars\":[");
    for (i, exemplar) in exemplars.iter().enumerate() {
        out.extend_from_slice(if i > 0 { b",{\"labels\":{" } else { b"{\"labels\":{" });
        members(out, exemplar.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        out.extend_from_slice(b"},\"value\":");
        float(out, exemplar.value);
        if exemplar.at_ms != 0 {
            out.extend_from_slice(b",\"at_ms\":");
            number::integer(out, exemplar.at_ms);
        }
        out.push(b'}');
    }
    out.push(b']');
}

/// Appends the members of an object, without its braces.
fn members<'a>(out: &mut Vec<u8>, members: impl Iterator<Item = (&'a str, &'a str)>) {
    for (i, (name, value)) in members.enumerate() {
        out.extend_from_slice(if i > 0 { b"," } else { b"" });
        string(out, name);
        out.push(b':');
        string(out, value);
    }
}

/// Appends a number, as a string if JSON has no number for it.
fn float(out: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        number::value(out, number);
    } else {
        out.push(b'"');
        number::value(out, number);
        out.push(b'"');
    }
}

/// Appends a string between quotes.
fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut kept = 0;
    for (i, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[kept..i]);
        kept = i + 1;
        match byte {
            b'"' => out.extend_from_slice(br#"\""#),
            b'\\' => out.extend_from_slice(br"\\"),
            b'\n' => out.extend_from_slice(br"\n"),
            b'\r' => out.extend_from_slice(br"\r"),
            b'\t' => out.extend_from_slice(br"\t"),
            _ => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(&bytes[kept..]);
    out.push(b'"');
}

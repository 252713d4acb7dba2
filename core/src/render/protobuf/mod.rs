//! Protobuf: `io.prometheus.client.MetricFamily` messages, each behind its length, and their two text forms.
//!
//! A message says its length first, so a family is gathered in a buffer and given out when it ends; all other formats
//! stream. Info and state sets are shown as gauges, as the schema has no type for them. `metric` knows the fields,
//! `message` how they are written. There is no decoder here.

mod message;
mod metric;

use super::escape;
use super::exposition::{Exposition, Format};
use super::text::family;
use crate::merge::snapshot::{Kind, Meta, Row, Value};
use message::{Field, Message, Readable, Wire};

const METRIC: Field = Field(4, "metric");

/// The writer of the protobuf formats.
#[derive(Debug)]
pub(super) struct Messages {
    exposition: Exposition,
    to: To,
    family: Family,
}

/// Where the family that is being written goes.
#[derive(Debug)]
enum To {
    Wire(Wire),
    Readable(Readable),
}

/// What is kept of a family until it ends.
#[derive(Debug, Default)]
struct Family {
    kind: Kind,
    unit: String,
    own_names: Vec<String>,
    /// The label names as they are shown.
    own: Vec<String>,
    constant: Vec<(String, String)>,
    states: Vec<String>,
    state_label: String,
    rows: usize,
}

impl Messages {
    pub(super) fn new(exposition: Exposition) -> Self {
        let to = match exposition.format {
            Format::ProtobufText => To::Readable(Readable::new(false)),
            Format::ProtobufCompact => To::Readable(Readable::new(true)),
            _ => To::Wire(Wire::default()),
        };
        Messages { exposition, to, family: Family::default() }
    }

    pub(super) fn begin(&mut self, meta: &Meta) {
        let escaping = self.exposition.escaping;
        let shown = |name: &String| escape::label_name(name, escaping).into_owned();
        let name = escape::metric_name(&family::with_suffix(meta), escaping).into_owned();
        self.family = Family {
            kind: meta.kind,
            unit: meta.unit.clone(),
            own_names: meta.label_names.clone(),
            own: meta.label_names.iter().map(shown).collect(),
            constant: meta.const_labels.iter().map(|(name, value)| (shown(name), value.clone())).collect(),
            states: meta.states.clone(),
            state_label: escape::label_name(&name, escaping).into_owned(),
            rows: 0,
        };
        match &mut self.to {
            To::Wire(to) => describe(to, meta, &name),
            To::Readable(to) => describe(to, meta, &name),
        }
    }

    pub(super) fn row(&mut self, row: &Row<'_>) {
        let before = self.family.rows;
        let written = match &mut self.to {
            To::Wire(to) => metrics(to, &self.family, row, &self.exposition),
            To::Readable(to) => metrics(to, &self.family, row, &self.exposition),
        };
        self.family.rows = before + written;
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        let shown = self.family.rows > 0 || self.exposition.empty_families;
        match &mut self.to {
            To::Wire(to) => {
                unit(to, &self.family.unit);
                if shown {
                    message::varint(out, to.out.len() as u64);
                    out.append(&mut to.out);
                }
                to.out.clear();
            }
            To::Readable(to) => {
                unit(to, &self.family.unit);
                if shown {
                    out.append(&mut to.out);
                    out.push(b'\n');
                }
                to.out.clear();
            }
        }
    }
}

fn describe(to: &mut impl Message, meta: &Meta, name: &str) {
    to.string(Field(1, "name"), name);
    if !meta.help.is_empty() {
        to.string(Field(2, "help"), &meta.help);
    }
    let (number, word) = match meta.kind {
        Kind::Counter => (0, "COUNTER"),
        Kind::Gauge | Kind::Info | Kind::StateSet => (1, "GAUGE"),
        Kind::Summary => (2, "SUMMARY"),
        Kind::Unknown => (3, "UNTYPED"),
        Kind::Histogram => (4, "HISTOGRAM"),
    };
    to.choice(Field(3, "type"), number, word);
}

fn unit(to: &mut impl Message, unit: &str) {
    if !unit.is_empty() {
        to.string(Field(5, "unit"), unit);
    }
}

/// Writes the metrics of a row, and says how many: one, or one for each state, or none if the value is of another kind.
fn metrics<M: Message>(to: &mut M, family: &Family, row: &Row<'_>, exposition: &Exposition) -> usize {
    let (created, exemplars, escaping) = (row.created_ms, row.exemplars, exposition.escaping);
    let labels = |to: &mut M| {
        let known = row.names == family.own_names;
        for (i, (name, value)) in row.names.iter().zip(row.values).enumerate() {
            match family.own.get(i) {
                Some(name) if known => metric::label(to, name, value.raw),
                _ => metric::label(to, &escape::label_name(name, escaping), value.raw),
            }
        }
        for (name, value) in &family.constant {
            metric::label(to, name, value);
        }
    };
    let mut one = |body: &dyn Fn(&mut M)| {
        to.message(METRIC, |to| {
            labels(to);
            body(to);
        });
        1
    };
    match (family.kind, row.value) {
        (Kind::Histogram, Value::Histogram(value)) => {
            one(&|to| metric::histogram(to, value, created, exemplars, exposition))
        }
        (Kind::Summary, Value::Summary(value)) => one(&|to| metric::summary(to, value, created)),
        (Kind::Info, Value::Info(info)) => one(&|to| {
            for (name, value) in info {
                metric::label(to, &escape::label_name(name, escaping), value);
            }
            metric::gauge(to, 1.0);
        }),
        (Kind::StateSet, Value::StateSet(holds)) => {
            for (i, state) in family.states.iter().enumerate() {
                one(&|to| {
                    metric::label(to, &family.state_label, state);
                    metric::gauge(to, f64::from(u8::from(holds.get(i).copied().unwrap_or(false))));
                });
            }
            family.states.len()
        }
        (kind, value) => match (kind, metric::plain(value)) {
            (Kind::Counter, Some(value)) => one(&|to| metric::counter(to, value, created, exemplars, escaping)),
            (Kind::Gauge, Some(value)) => one(&|to| metric::gauge(to, value)),
            (Kind::Unknown, Some(value)) => one(&|to| metric::untyped(to, value)),
            _ => 0,
        },
    }
}

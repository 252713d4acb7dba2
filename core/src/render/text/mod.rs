//! The text formats: classic (0.0.4 and 1.0.0), OpenMetrics 1.0 (and 0.0.1), OpenMetrics 2.0.
//!
//! [`Lines`] is told when a family begins and ends and is given its rows in between. The rules are those of expfmt and
//! prometheus_client: `family` knows names and metadata lines, `fast` the lines of counters and gauges,
//! `distribution` and `composite` those of histograms and summaries, `exemplar` what may follow a value. Constant labels
//! follow a series' own, `le` and `quantile` come last. No line is printed for a value that is not of its family's kind.

mod composite;
mod distribution;
pub(crate) mod exemplar;
pub(crate) mod family;
mod fast;

use super::buffer;
use super::escape::{self, Escaping};
use super::exposition::{Exposition, Format, Style};
use super::number;
use crate::merge::snapshot::{Kind, Meta, Row, Text, Value};
use family::Names;

/// The text formats that differ by more than their version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    Classic,
    Open1,
    Open2,
}

impl Style {
    /// Appends a series' value.
    fn value(self, out: &mut Vec<u8>, number: f64) {
        match self {
            Style::Prometheus => number::value(out, number),
            Style::PromClient => number::script(out, number),
        }
    }
}

/// The writer of the text formats.
#[derive(Debug)]
pub(super) struct Lines {
    exposition: Exposition,
    flavour: Flavour,
    names: Names,
    /// The sample name and the stem are of the classic kind, so that they stand before the brace.
    classic_name: bool,
    kind: Kind,
    /// The metadata lines, until they are printed.
    header: Vec<u8>,
    /// The family's label names as they are shown, with `="` behind each.
    own: Vec<Vec<u8>>,
    own_names: Vec<String>,
    /// The constant labels as they are shown, without braces.
    constant: Vec<u8>,
    states: Vec<String>,
    /// The label of a state set that names the state.
    state_label: String,
    line: fast::Line,
    bounds: distribution::Bounds,
    /// The labels of the row that is being printed, without braces.
    labels: Vec<u8>,
    start: Vec<u8>,
    /// `_created` lines of the classic format, where they are a family of their own.
    created: Vec<u8>,
}

impl Lines {
    pub(super) fn new(exposition: Exposition) -> Self {
        let flavour = match exposition.format {
            Format::OpenMetrics0 | Format::OpenMetrics => Flavour::Open1,
            Format::OpenMetrics2 => Flavour::Open2,
            _ => Flavour::Classic,
        };
        Lines {
            exposition,
            flavour,
            names: Names::default(),
            classic_name: true,
            kind: Kind::Unknown,
            header: Vec::new(),
            own: Vec::new(),
            own_names: Vec::new(),
            constant: Vec::new(),
            states: Vec::new(),
            state_label: String::new(),
            line: fast::Line::default(),
            bounds: distribution::Bounds::default(),
            labels: Vec::new(),
            start: Vec::new(),
            created: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self, out: &mut Vec<u8>, meta: &Meta) {
        let escaping = self.exposition.escaping;
        self.names = Names::new(meta, self.flavour, escaping);
        self.classic_name = escape::is_classic_name(&self.names.stem);
        self.kind = meta.kind;
        self.header.clear();
        family::header(&mut self.header, meta, &self.names, (self.flavour, self.exposition.style));
        if self.exposition.empty_families {
            out.append(&mut self.header);
        }

        self.own.clear();
        self.own.extend(meta.label_names.iter().map(|name| label_start(name, escaping)));
        self.own_names.clone_from(&meta.label_names);
        self.constant.clear();
        for (i, (name, value)) in meta.const_labels.iter().enumerate() {
            self.constant.extend_from_slice(if i > 0 { b"," } else { b"" });
            label(&mut self.constant, name, value, escaping);
        }
        self.states.clone_from(&meta.states);
        self.state_label.clear();
        self.state_label.push_str(&self.names.family);
        self.bounds.clear();
        match meta.kind {
            Kind::Counter | Kind::Gauge | Kind::Unknown => {
                self.line.prepare(&self.names, &meta.label_names, &self.own, &self.constant, self.exposition.style);
            }
            _ => self.line.disable(),
        }
    }

    #[inline]
    pub(super) fn row(&mut self, out: &mut Vec<u8>, row: &Row<'_>) {
        if !self.header.is_empty() {
            out.append(&mut self.header);
        }
        let plain = (row.exemplars.is_empty() || self.flavour == Flavour::Classic)
            && (row.created_ms == 0 || !(self.exposition.created || self.flavour == Flavour::Open2));
        if !(plain && self.line.print(out, row)) {
            self.any_row(out, row);
        }
    }

    #[inline(never)]
    fn any_row(&mut self, out: &mut Vec<u8>, row: &Row<'_>) {
        self.label_block(row);
        let style = self.exposition.style;
        match (self.kind, row.value) {
            (Kind::Counter | Kind::Gauge | Kind::Unknown, Value::Counter { whole, part }) => {
                self.scalar(out, row, |out| match *part == 0.0 {
                    true => number::integer(out, *whole),
                    false => style.value(out, *whole as f64 + part),
                });
            }
            (Kind::Counter | Kind::Gauge | Kind::Unknown, Value::Gauge(value) | Value::Unknown(value)) => {
                self.scalar(out, row, |out| style.value(out, *value));
            }
            (Kind::Histogram, Value::Histogram(histogram)) => match self.flavour {
                Flavour::Open2 => self.composite_histogram(out, row, histogram),
                _ => self.histogram(out, row, histogram),
            },
            (Kind::Summary, Value::Summary(summary)) => match self.flavour {
                Flavour::Open2 => self.composite_summary(out, row, summary),
                _ => self.summary(out, summary),
            },
            (Kind::Info, Value::Info(labels)) => {
                for (name, value) in labels {
                    self.add_label(name, value);
                }
                self.value_line(out, |out| out.push(b'1'));
            }
            (Kind::StateSet, Value::StateSet(states)) => self.state_set(out, states),
            _ => return,
        }
        if self.exposition.created
            && row.created_ms != 0
            && self.flavour != Flavour::Open2
            && matches!(self.kind, Kind::Counter | Kind::Histogram | Kind::Summary)
        {
            self.created_line(out, row.created_ms);
        }
    }

    /// Prints many counters at once, where their lines are plain; see [`Renderer`](super::Renderer).
    pub(super) fn counters(&mut self, out: &mut Vec<u8>, names: &[String], columns: (&[Text<'_>], &[u64])) -> bool {
        if self.exposition.created || self.flavour == Flavour::Open2 {
            return false;
        }
        if !self.header.is_empty() {
            out.append(&mut self.header);
        }
        self.line.print_counters(out, names, columns)
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        self.header.clear();
        self.line.disable();
        if !self.created.is_empty() {
            let name = format!("{}_created", self.names.stem);
            family::line(out, b"# TYPE ", &name, |out| out.extend_from_slice(b"gauge"));
            out.append(&mut self.created);
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.flavour != Flavour::Classic {
            out.extend_from_slice(b"# EOF\n");
        }
    }

    /// Writes the row's labels and the constant ones into `self.labels`.
    fn label_block(&mut self, row: &Row<'_>) {
        self.labels.clear();
        let known = row.names == self.own_names;
        for (i, (name, value)) in row.names.iter().zip(row.values).enumerate() {
            self.labels.extend_from_slice(if i > 0 { b"," } else { b"" });
            match self.own.get(i) {
                Some(start) if known => self.labels.extend_from_slice(start),
                _ => self.labels.extend_from_slice(&label_start(name, self.exposition.escaping)),
            }
            escape::label_value(&mut self.labels, value.raw);
            self.labels.push(b'"');
        }
        if !self.labels.is_empty() && !self.constant.is_empty() {
            self.labels.push(b',');
        }
        self.labels.extend_from_slice(&self.constant);
    }

    fn add_label(&mut self, name: &str, value: &str) {
        self.labels.extend_from_slice(if self.labels.is_empty() { b"" } else { b"," });
        label(&mut self.labels, name, value, self.exposition.escaping);
    }

    fn scalar(&mut self, out: &mut Vec<u8>, row: &Row<'_>, print: impl FnOnce(&mut Vec<u8>)) {
        self.open_named(out, &self.names.sample, "");
        print(out);
        if self.kind == Kind::Counter {
            let all = (f64::NEG_INFINITY, f64::INFINITY);
            match self.flavour {
                Flavour::Classic => {}
                Flavour::Open1 => exemplar::one(out, row.exemplars, all, self.flavour, self.exposition.escaping),
                Flavour::Open2 => {
                    self.start_timestamp(out, row.created_ms);
                    exemplar::all(out, row.exemplars, self.flavour, self.exposition.escaping);
                }
            }
        }
        out.push(b'\n');
    }

    fn state_set(&mut self, out: &mut Vec<u8>, holds: &[bool]) {
        let kept = self.labels.len();
        for index in 0..self.states.len() {
            self.labels.extend_from_slice(if kept > 0 { b"," } else { b"" });
            label(&mut self.labels, &self.state_label, &self.states[index], self.exposition.escaping);
            let holds = holds.get(index).copied().unwrap_or(false);
            self.value_line(out, |out| out.push(if holds { b'1' } else { b'0' }));
            self.labels.truncate(kept);
        }
    }

    fn created_line(&mut self, out: &mut Vec<u8>, created_ms: u64) {
        match self.flavour {
            Flavour::Classic => {
                let mut created = std::mem::take(&mut self.created);
                self.part(&mut created, "_created", |out| number::seconds(out, created_ms));
                self.created = created;
            }
            _ => self.part(out, "_created", |out| number::seconds(out, created_ms)),
        }
    }

    /// Prints a line that is called as the family's values are, with the labels of `self.labels`.
    fn value_line(&self, out: &mut Vec<u8>, print: impl FnOnce(&mut Vec<u8>)) {
        self.open_named(out, &self.names.sample, "");
        print(out);
        out.push(b'\n');
    }

    /// Prints a line whose name is the family's stem and a suffix.
    fn part(&self, out: &mut Vec<u8>, suffix: &str, print: impl FnOnce(&mut Vec<u8>)) {
        self.open(out, suffix);
        print(out);
        out.push(b'\n');
    }

    /// Appends `stem_suffix{labels} `.
    fn open(&self, out: &mut Vec<u8>, suffix: &str) {
        self.open_named(out, &self.names.stem, suffix);
    }

    /// Appends `stem_suffix{labels,last="`, or without the labels where they come behind.
    fn open_with(&self, out: &mut Vec<u8>, suffix: &str, last: &str) {
        self.name_and_brace(out, &self.names.stem, suffix, true);
        if self.exposition.style == Style::Prometheus {
            out.extend_from_slice(&self.labels);
            out.extend_from_slice(if self.labels.is_empty() { b"" } else { b"," });
        }
        out.extend_from_slice(last.as_bytes());
        out.extend_from_slice(b"=\"");
    }

    /// What follows the text of the label that `open_with` began: its end, the labels that are not there yet, a space.
    fn close_with(&self) -> Vec<u8> {
        match self.exposition.style {
            Style::PromClient if !self.labels.is_empty() => [b"\",", &self.labels[..], b"} "].concat(),
            _ => b"\"} ".to_vec(),
        }
    }

    fn open_named(&self, out: &mut Vec<u8>, name: &str, suffix: &str) {
        let any = !self.labels.is_empty();
        self.name_and_brace(out, name, suffix, any);
        out.extend_from_slice(&self.labels);
        out.extend_from_slice(if any || !self.classic_name { b"} " } else { b" " });
    }

    /// Appends the name and the opening brace: `name{` or `{"name",`. Without labels there is no more than is needed.
    fn name_and_brace(&self, out: &mut Vec<u8>, name: &str, suffix: &str, labels: bool) {
        if self.classic_name {
            buffer::append(out, [name.as_bytes(), suffix.as_bytes(), if labels { b"{" } else { b"" }]);
        } else {
            out.extend_from_slice(b"{\"");
            escape::label_value(out, name);
            buffer::append(out, [suffix.as_bytes(), if labels { b"\"," } else { b"\"" }]);
        }
    }
}

/// A label name as it is shown, with `="` behind it.
fn label_start(name: &str, escaping: Escaping) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + 4);
    escape::quoted_label(&mut out, &escape::label_name(name, escaping));
    out.extend_from_slice(b"=\"");
    out
}

/// Appends `name="value"`.
fn label(out: &mut Vec<u8>, name: &str, value: &str, escaping: Escaping) {
    escape::quoted_label(out, &escape::label_name(name, escaping));
    out.extend_from_slice(b"=\"");
    escape::label_value(out, value);
    out.push(b'"');
}

//! A family of the engine as samples.
//!
//! Names, help and label texts are borrowed from the snapshot; only the names that it does not have (`_bucket`, `_count`) and the
//! text of bounds are made. A sample costs the allocation of its labels, which is why scrapes do not come this way.

use super::{Exemplar, Family, Kind, Labels, Sample, Timestamp};
use crate::merge::distribution::Distribution;
use crate::merge::snapshot::{self, Meta, Series, Value};
use crate::render::{newest_exemplar, number};
use std::borrow::Cow;

/// Milliseconds in a second.
const MILLIS: f64 = 1000.0;

/// `family` as `prometheus_client` has it: counters are named without `_total`, infos without `_info`, and each number of a
/// series is a sample, in the order in which that library makes them. Labels are the series' own, then the family's
/// constant ones, then `le`, `quantile`, a state or the labels of an info.
///
/// With `created`, each counter, histogram and summary whose beginning is known has a `_created` sample.
pub fn of(family: &snapshot::Family, created: bool) -> Family<'_> {
    let meta = &*family.meta;
    let (kind, suffix) = match meta.kind {
        snapshot::Kind::Counter => (Kind::Counter, "_total"),
        snapshot::Kind::Gauge => (Kind::Gauge, ""),
        snapshot::Kind::Histogram => (Kind::Histogram, ""),
        snapshot::Kind::Summary => (Kind::Summary, ""),
        snapshot::Kind::Info => (Kind::Info, "_info"),
        snapshot::Kind::StateSet => (Kind::StateSet, ""),
        snapshot::Kind::Unknown => (Kind::Unknown, ""),
    };
    let name = meta.name.strip_suffix(suffix).filter(|stem| !stem.is_empty()).unwrap_or(&meta.name);
    let mut view = View { meta, name, created, labels: Vec::new(), bounds: Vec::new(), samples: Vec::new() };
    view.samples.reserve(family.len());
    for series in family.series() {
        view.add(series);
    }
    Family {
        name: Cow::Borrowed(name),
        help: Cow::Borrowed(&meta.help),
        kind,
        unit: Cow::Borrowed(&meta.unit),
        samples: view.samples,
    }
}

type Label<'a> = (Cow<'a, str>, Cow<'a, str>);

struct View<'a> {
    meta: &'a Meta,
    /// The family's name.
    name: &'a str,
    created: bool,
    /// The labels of the series at hand.
    labels: Labels<'a>,
    /// The texts of the bounds, which all series of a family share.
    bounds: Vec<(f64, String)>,
    samples: Vec<Sample<'a>>,
}

impl<'a> View<'a> {
    fn add(&mut self, series: Series<'a>) {
        let constant = &self.meta.const_labels;
        self.labels.clear();
        self.labels.extend(series.labels().map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value))));
        self.labels.extend(constant.iter().map(|(name, value)| (Cow::Borrowed(&**name), Cow::Borrowed(&**value))));
        let mut has_beginning = true;
        match series.value() {
            Value::Counter { whole, part } => {
                let exemplar = newest_exemplar(series.exemplars(), f64::NEG_INFINITY, f64::INFINITY);
                let counter = self.meta.kind == snapshot::Kind::Counter;
                let name = if counter { self.named("_total") } else { Cow::Borrowed(self.name) };
                has_beginning = counter;
                self.push(name, &[], *whole as f64 + part, exemplar);
            }
            Value::Gauge(value) | Value::Unknown(value) => {
                has_beginning = false;
                self.push(Cow::Borrowed(self.name), &[], *value, None);
            }
            Value::Histogram(distribution) => self.histogram(&series, distribution),
            Value::Summary(summary) => {
                for (quantile, value) in &summary.values {
                    let label = ("quantile".into(), spelled(*quantile).into());
                    self.push(Cow::Borrowed(self.name), &[label], *value, None);
                }
                self.push(self.named("_count"), &[], summary.count as f64, None);
                self.push(self.named("_sum"), &[], summary.sum, None);
            }
            Value::Info(labels) => {
                has_beginning = false;
                let labels: Labels<'a> = labels.iter().map(|(name, value)| (name.into(), value.into())).collect();
                self.push(self.named("_info"), &labels, 1.0, None);
            }
            Value::StateSet(holds) => {
                has_beginning = false;
                for (at, state) in self.meta.states.iter().enumerate() {
                    let value = f64::from(u8::from(holds.get(at).copied().unwrap_or(false)));
                    self.push(Cow::Borrowed(self.name), &[(self.name.into(), state.into())], value, None);
                }
            }
        }
        if self.created && has_beginning && series.created_ms() != 0 {
            self.push(self.named("_created"), &[], series.created_ms() as f64 / MILLIS, None);
        }
    }

    fn histogram(&mut self, series: &Series<'a>, distribution: &Distribution) {
        let count = distribution.count();
        let (mut below, mut negative) = (f64::NEG_INFINITY, false);
        for (at, (bound, upto)) in distribution.cumulative().chain([(f64::INFINITY, count)]).enumerate() {
            negative |= bound < 0.0;
            if self.bounds.get(at).is_none_or(|(known, _)| *known != bound) {
                self.bounds.truncate(at);
                self.bounds.push((bound, spelled(bound)));
            }
            let label = ("le".into(), self.bounds[at].1.clone().into());
            self.push(self.named("_bucket"), &[label], upto as f64, newest_exemplar(series.exemplars(), below, bound));
            below = bound;
        }
        self.push(self.named("_count"), &[], count as f64, None);
        // A sum that negative values may lower is no counter.
        if !negative {
            self.push(self.named("_sum"), &[], distribution.sum(), None);
        }
    }

    /// The family's name with a suffix: borrowed, if the name that it was registered by is this one.
    fn named(&self, suffix: &str) -> Cow<'a, str> {
        match self.meta.name.strip_prefix(self.name) {
            Some(own) if own == suffix => Cow::Borrowed(&self.meta.name),
            _ => Cow::Owned([self.name, suffix].concat()),
        }
    }

    fn push(&mut self, name: Cow<'a, str>, more: &[Label<'a>], value: f64, exemplar: Option<&'a snapshot::Exemplar>) {
        let mut labels = Vec::with_capacity(self.labels.len() + more.len());
        labels.extend_from_slice(&self.labels);
        labels.extend_from_slice(more);
        let exemplar = exemplar.map(|exemplar| Box::new(seen(exemplar)));
        self.samples.push(Sample { name, labels, value, exemplar, ..Sample::default() });
    }
}

fn spelled(bound: f64) -> String {
    let mut text = Vec::new();
    number::go_string(&mut text, bound);
    String::from_utf8(text).unwrap_or_default()
}

fn seen(exemplar: &snapshot::Exemplar) -> Exemplar<'_> {
    Exemplar {
        labels: exemplar.labels.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        value: exemplar.value,
        timestamp: (exemplar.at_ms != 0).then(|| Timestamp::Seconds(exemplar.at_ms as f64 / MILLIS)),
    }
}

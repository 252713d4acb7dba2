//! Samples as families of the engine: what a collector tells sample by sample is rendered in every format.
//!
//! Samples of one series are put together again: the buckets, sum and count of a histogram, the quantiles of a summary, the
//! states of a state set. What does not fit (a histogram that may go down or counts in fractions, a sample under
//! a name that its family has not) is shown as it was told, each sample name a family of unknown kind. Timestamps and
//! native histograms of samples have no place in a scrape of now, and are left out.

use super::{Family, Kind, Sample};
use crate::merge::distribution::Distribution;
use crate::merge::snapshot::{self, Meta, Quantiles, Row, Text, Value};
use crate::shape::{Buckets, Shape, ShapeOptions, Store};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Milliseconds in a second.
const MILLIS: f64 = 1000.0;

/// The families that a family told sample by sample is to the engine: one, unless some of it does not fit.
pub fn gather(family: &Family<'_>) -> Vec<snapshot::Family> {
    let mut gathering = Gathering::default();
    let mut strangers = Vec::new();
    for sample in family.samples.iter().filter(|sample| sample.native_histogram.is_none()) {
        match Part::of(family, sample) {
            Some(part) => gathering.add(sample, part),
            None => strangers.push(sample),
        }
    }
    // A family of unknown kind beside it must not have its name.
    let fits = !strangers.iter().any(|sample| sample.name == family.name)
        && (strangers.is_empty() || !gathering.series.is_empty());
    let mut families = match fits.then(|| gathering.finish(family)).flatten() {
        Some(whole) => vec![whole],
        None => {
            strangers = family.samples.iter().collect();
            Vec::new()
        }
    };
    families.extend(as_told(family, &strangers));
    families
}

/// What a sample is of its series.
enum Part {
    Value,
    Created,
    Sum,
    Count,
    Bucket(f64),
    Quantile(f64),
    State(String),
}

impl Part {
    fn of(family: &Family<'_>, sample: &Sample<'_>) -> Option<Part> {
        let suffix = sample.name.strip_prefix(&*family.name)?;
        let label = |name: &str| sample.labels.iter().find(|(known, _)| known == name).map(|(_, value)| &**value);
        let number = |name: &str| label(name).and_then(number);
        match (family.kind, suffix) {
            (Kind::Counter, "") => family.name.ends_with("_total").then_some(Part::Value),
            (Kind::Counter, "_total") => (!family.name.ends_with("_total")).then_some(Part::Value),
            (Kind::Gauge | Kind::Unknown, "") | (Kind::Info, "_info") => Some(Part::Value),
            (Kind::Counter | Kind::Histogram | Kind::Summary, "_created") => Some(Part::Created),
            (Kind::Histogram | Kind::Summary, "_sum") => Some(Part::Sum),
            (Kind::Histogram | Kind::Summary, "_count") => Some(Part::Count),
            (Kind::Histogram, "_bucket") => number("le").map(Part::Bucket),
            (Kind::Summary, "") => number("quantile").map(Part::Quantile),
            (Kind::StateSet, "") => label(&family.name).map(|state| Part::State(state.to_owned())),
            _ => None,
        }
    }

    /// The label that the part is told by, which is none of the series' own.
    fn label<'a>(&self, family: &'a str) -> Option<&'a str> {
        match self {
            Part::Bucket(_) => Some("le"),
            Part::Quantile(_) => Some("quantile"),
            Part::State(_) => Some(family),
            _ => None,
        }
    }
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        other => other.parse().ok(),
    }
}

/// One series, as far as it was told.
#[derive(Default)]
struct Told {
    labels: Vec<(String, String)>,
    value: Option<f64>,
    created_ms: u64,
    sum: Option<f64>,
    count: Option<f64>,
    buckets: Vec<(f64, f64)>,
    quantiles: Vec<(f64, f64)>,
    states: Vec<(String, bool)>,
    exemplars: Vec<snapshot::Exemplar>,
}

#[derive(Default)]
struct Gathering {
    /// In the order in which they were first told of.
    series: Vec<Told>,
    by_labels: HashMap<Vec<(String, String)>, usize>,
}

type Pairs = Vec<(String, String)>;

fn owned<'a>(labels: impl Iterator<Item = &'a (Cow<'a, str>, Cow<'a, str>)>) -> Pairs {
    labels.map(|(name, value)| (name.clone().into_owned(), value.clone().into_owned())).collect()
}

impl Gathering {
    fn add(&mut self, sample: &Sample<'_>, part: Part) {
        let family = match &part {
            // A state is told by a label that is called as the family is, and so is the sample.
            Part::State(_) => &*sample.name,
            _ => "",
        };
        let aside = part.label(family);
        let labels = owned(sample.labels.iter().filter(|(name, _)| Some(&**name) != aside));
        let at = *self.by_labels.entry(labels.clone()).or_insert(self.series.len());
        if at == self.series.len() {
            self.series.push(Told { labels, ..Told::default() });
        }
        let told = &mut self.series[at];
        match part {
            Part::Value => told.value = Some(sample.value),
            Part::Created => told.created_ms = (sample.value * MILLIS).round() as u64,
            Part::Sum => told.sum = Some(sample.value),
            Part::Count => told.count = Some(sample.value),
            Part::Bucket(bound) => told.buckets.push((bound, sample.value)),
            Part::Quantile(quantile) => told.quantiles.push((quantile, sample.value)),
            Part::State(state) => told.states.push((state, sample.value != 0.0)),
        }
        if let Some(exemplar) = &sample.exemplar {
            told.exemplars.push(snapshot::Exemplar {
                labels: owned(exemplar.labels.iter()),
                value: exemplar.value,
                at_ms: exemplar.timestamp.map_or(0, |at| (at.seconds() * MILLIS).round() as u64),
            });
        }
    }

    /// The family with every series; `None` if one of them does not fit.
    fn finish(self, family: &Family<'_>) -> Option<snapshot::Family> {
        let first = self.series.first();
        let names: Vec<String> = match family.kind {
            // An info's labels are its value.
            Kind::Info => Vec::new(),
            _ => first.map(|told| told.labels.iter().map(|(name, _)| name.clone()).collect()).unwrap_or_default(),
        };
        let states: Vec<String> =
            first.map(|told| told.states.iter().map(|(state, _)| state.clone()).collect()).unwrap_or_default();
        let kind = match family.kind {
            Kind::Counter => snapshot::Kind::Counter,
            Kind::Gauge => snapshot::Kind::Gauge,
            Kind::Histogram => snapshot::Kind::Histogram,
            Kind::Summary => snapshot::Kind::Summary,
            Kind::Info => snapshot::Kind::Info,
            Kind::StateSet => snapshot::Kind::StateSet,
            Kind::Unknown => snapshot::Kind::Unknown,
            Kind::GaugeHistogram => return None,
        };
        let suffix = if family.kind == Kind::Counter && !family.name.ends_with("_total") { "_total" } else { "" };
        let values: Option<Vec<Value>> = self.series.iter().map(|told| told.value(family.kind, &states)).collect();
        let values = values?;
        let mut whole = snapshot::Family::new(Meta {
            name: format!("{}{suffix}", family.name),
            help: family.help.clone().into_owned(),
            unit: family.unit.clone().into_owned(),
            kind,
            label_names: names.clone(),
            states,
            shape: values.iter().find_map(|value| Some(Arc::clone(value.as_histogram()?.shape()))),
            ..Meta::default()
        });
        for (told, value) in self.series.iter().zip(&values) {
            let none = Vec::new();
            let labels = if family.kind == Kind::Info { &none } else { &told.labels };
            push(&mut whole, labels, value, told);
        }
        Some(whole)
    }
}

fn push(family: &mut snapshot::Family, labels: &Pairs, value: &Value, told: &Told) {
    let names: Vec<String> = labels.iter().map(|(name, _)| name.clone()).collect();
    let values: Vec<Text<'_>> = labels.iter().map(|(_, value)| Text::new(value)).collect();
    let (created_ms, exemplars) = (told.created_ms, &told.exemplars[..]);
    family.push_row(&Row { names: &names, values: &values, value, created_ms, exemplars });
}

impl Told {
    fn value(&self, kind: Kind, states: &[String]) -> Option<Value> {
        match kind {
            Kind::Counter => {
                let value = self.value?;
                let whole = value.trunc();
                // A counter of the engine is a whole number and a fraction of it.
                (value >= 0.0 && whole < u64::MAX as f64)
                    .then_some(Value::Counter { whole: whole as u64, part: value - whole })
            }
            Kind::Gauge => self.value.map(Value::Gauge),
            Kind::Unknown => self.value.map(Value::Unknown),
            Kind::Info => self.value.map(|_| Value::Info(self.labels.clone())),
            Kind::StateSet => {
                let same = self.states.len() == states.len() && self.states.iter().map(|(name, _)| name).eq(states);
                same.then(|| Value::StateSet(self.states.iter().map(|(_, holds)| *holds).collect()))
            }
            Kind::Summary => Some(Value::Summary(Quantiles {
                values: self.quantiles.clone(),
                count: whole(self.count?)?,
                sum: self.sum.unwrap_or(f64::NAN),
            })),
            Kind::Histogram => self.distribution().map(Value::Histogram),
            Kind::GaugeHistogram => None,
        }
    }

    fn distribution(&self) -> Option<Distribution> {
        let mut buckets = self.buckets.clone();
        buckets.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let all = buckets.last().filter(|(bound, _)| *bound == f64::INFINITY).map(|(_, count)| *count).or(self.count)?;
        let bounds: Vec<f64> = buckets.iter().map(|(bound, _)| *bound).filter(|bound| bound.is_finite()).collect();
        let cumulative = buckets.iter().filter(|(bound, _)| bound.is_finite()).map(|(_, count)| *count).chain([all]);
        let mut counts = Vec::with_capacity(bounds.len() + 1);
        let mut below = 0;
        for count in cumulative {
            let count = whole(count)?;
            counts.push(count.checked_sub(below)?);
            below = count;
        }
        let buckets = if bounds.is_empty() { Buckets::none() } else { Buckets::explicit(bounds) };
        let shape = Shape::new(ShapeOptions { store: Store::Compact, buckets, range: None, native: None }).ok()?;
        Some(Distribution::from_counts(Arc::new(shape), &counts, self.sum.unwrap_or(f64::NAN)))
    }
}

/// A count as an integer, if it is one.
fn whole(count: f64) -> Option<u64> {
    (count >= 0.0 && count.trunc() == count && count < u64::MAX as f64).then_some(count as u64)
}

/// Samples that fit no family, by their own names.
fn as_told(family: &Family<'_>, strangers: &[&Sample<'_>]) -> Vec<snapshot::Family> {
    let mut families: Vec<snapshot::Family> = Vec::new();
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for sample in strangers {
        let at = *by_name.entry(&sample.name).or_insert_with(|| {
            families.push(snapshot::Family::new(Meta {
                name: sample.name.clone().into_owned(),
                help: family.help.clone().into_owned(),
                label_names: sample.labels.iter().map(|(name, _)| name.clone().into_owned()).collect(),
                ..Meta::default()
            }));
            families.len() - 1
        });
        push(&mut families[at], &owned(sample.labels.iter()), &Value::Unknown(sample.value), &Told::default());
    }
    families
}

//! The metrics a recorder knows: names, kinds, descriptions, and a family for every set of label names.
//!
//! Families live in a registry of the recorder's own, because one metric may need several: our families have fixed
//! label names and the facade's metrics do not. [`Names::families`] puts those of one name together again.
//! `facade` calls `find` when its cache does not know a key; nothing here is on the record path.

use super::{Options, Rejection};
use crate::error::{ErrorCode, Result};
use crate::merge::snapshot::{Family, Kind, Meta};
use crate::record::{Counter, Gauge, Histogram, Metric as Handle};
use crate::registry::name::{check_labels, check_metric};
use crate::registry::{Builder, FamilyVec, NameRule, Registry};
use crate::shape::Buckets;
use crate::sync::{Ordering, RwLock, held};
use metrics::{Key, Unit};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) struct Names {
    options: Options,
    rule: NameRule,
    /// Takes any name, for it has names that nobody sees.
    hidden: Registry,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// In the order of their first registration.
    metrics: Vec<Metric>,
    by_name: HashMap<String, usize>,
    /// Help and unit by name, also of metrics that do not exist yet.
    described: HashMap<String, (String, &'static str)>,
}

struct Metric {
    name: String,
    kind: Kind,
    /// A histogram's, the same for all variants: their series end up in one family, which has one shape.
    buckets: Option<Buckets>,
    variants: Vec<Variant>,
}

/// A metric's series with one set of label names.
struct Variant {
    /// Sorted, each once.
    label_names: Vec<String>,
    /// What the family is called in the hidden registry.
    hidden_name: String,
    series: Series,
}

/// A family of one of the kinds the facade has.
pub(super) enum Series {
    Counter(FamilyVec<Counter>),
    Gauge(FamilyVec<Gauge>),
    Histogram(FamilyVec<Histogram>),
}

/// A handle of one of the kinds the facade has.
pub(super) trait Recorded: Sized {
    const KIND: Kind;

    /// Makes the family `name` in `hidden`.
    fn register(hidden: &Registry, name: &str, request: &Request<'_>) -> Result<Series>;

    /// The handle of one series.
    fn with(series: &Series, values: &[&str]) -> Result<Self, Rejection>;
}

impl Recorded for Counter {
    const KIND: Kind = Kind::Counter;

    fn register(hidden: &Registry, name: &str, request: &Request<'_>) -> Result<Series> {
        request.register(hidden.counter(name, "")).map(Series::Counter)
    }

    fn with(series: &Series, values: &[&str]) -> Result<Self, Rejection> {
        let Series::Counter(family) = series else { return Err(Rejection::Conflict) };
        family.with(values).map_err(rejection)
    }
}

impl Recorded for Gauge {
    const KIND: Kind = Kind::Gauge;

    fn register(hidden: &Registry, name: &str, request: &Request<'_>) -> Result<Series> {
        request.register(hidden.gauge(name, "")).map(Series::Gauge)
    }

    fn with(series: &Series, values: &[&str]) -> Result<Self, Rejection> {
        let Series::Gauge(family) = series else { return Err(Rejection::Conflict) };
        family.with(values).map_err(rejection)
    }
}

impl Recorded for Histogram {
    const KIND: Kind = Kind::Histogram;

    fn register(hidden: &Registry, name: &str, request: &Request<'_>) -> Result<Series> {
        let buckets = request.buckets.clone().unwrap_or_default();
        request.register(hidden.histogram(name, "").buckets(buckets)).map(Series::Histogram)
    }

    fn with(series: &Series, values: &[&str]) -> Result<Self, Rejection> {
        let Series::Histogram(family) = series else { return Err(Rejection::Conflict) };
        family.with(values).map_err(rejection)
    }
}

/// What a family is to be made with.
pub(super) struct Request<'a> {
    labels: &'a [&'a str],
    buckets: Option<Buckets>,
    options: &'a Options,
}

impl Request<'_> {
    /// Ends `builder` with what all kinds have in common.
    fn register<M: Handle>(&self, mut builder: Builder<M>) -> Result<FamilyVec<M>> {
        if let Some(limit) = self.options.limit {
            builder = builder.limit(limit);
        }
        if let Some(idle) = self.options.expire_after {
            builder = builder.expire_after(idle);
        }
        builder.label_names(self.labels.iter().copied()).register()
    }
}

impl Known {
    /// The handle of a series whose family exists; nothing if it has to be made.
    fn find<M: Recorded>(&self, name: &str, labels: &[&str], values: &[&str]) -> Result<Option<M>, Rejection> {
        let Some(metric) = self.by_name.get(name).and_then(|at| self.metrics.get(*at)) else { return Ok(None) };
        if metric.kind != M::KIND {
            return Err(Rejection::Conflict);
        }
        let Some(variant) = metric.variants.iter().find(|variant| variant.label_names == labels) else {
            return Ok(None);
        };
        M::with(&variant.series, values).map(Some)
    }
}

impl Names {
    /// No names yet; those to come follow the rule of `registry` and carry its constant labels.
    pub(super) fn new(registry: &Registry, options: Options) -> Self {
        let constant = registry.const_labels().iter();
        let options_of_hidden = Registry::options().cleaned_as(registry);
        let hidden = constant.fold(options_of_hidden, |with, (name, value)| with.const_label(name, value)).build();
        Names { options, rule: registry.name_rule(), hidden, known: RwLock::default() }
    }

    /// Keeps the first description of `name`.
    pub(super) fn describe(&self, name: &str, unit: Option<Unit>, help: &str) {
        let unit = match unit {
            // A count of things has no unit in any exposition format.
            None | Some(Unit::Count) => "",
            Some(unit) => unit.as_str(),
        };
        let mut known = held(self.known.write());
        known.described.entry(name.to_owned()).or_insert_with(|| (help.to_owned(), unit));
    }

    /// The handle of the series `key`, whose family is made if need be.
    pub(super) fn find<M: Recorded>(&self, key: &Key) -> Result<M, Rejection> {
        let name = key.name();
        let (labels, values) = sorted(key);
        if let Some(handle) = held(self.known.read()).find(name, &labels, &values)? {
            return Ok(handle);
        }
        let mut known = held(self.known.write());
        // Another thread may have made it while this one waited.
        if let Some(handle) = known.find(name, &labels, &values)? {
            return Ok(handle);
        }
        check_metric(name, self.rule).map_err(rejection)?;
        check_labels(name, M::KIND, labels.iter().copied(), self.rule).map_err(rejection)?;
        let at = known.by_name.get(name).copied();
        let metric = at.and_then(|at| known.metrics.get(at));
        let buckets = match metric {
            Some(metric) => metric.buckets.clone(),
            None if M::KIND == Kind::Histogram => Some(self.options.buckets.of(name, known.unit(name))),
            None => None,
        };
        // Nobody names a metric so; if somebody did, it would be refused, not mixed up.
        let hidden_name = if metric.is_none() { name.to_owned() } else { format!("{name}{{{}}}", labels.join(",")) };
        let request = Request { labels: &labels, buckets: buckets.clone(), options: &self.options };
        let series = M::register(&self.hidden, &hidden_name, &request).map_err(rejection)?;
        let handle = M::with(&series, &values)?;
        let variant =
            Variant { label_names: labels.iter().map(|label| (*label).to_owned()).collect(), hidden_name, series };
        match at.and_then(|at| known.metrics.get_mut(at)) {
            Some(metric) => metric.variants.push(variant),
            None => {
                let at = known.metrics.len();
                known.by_name.insert(name.to_owned(), at);
                known.metrics.push(Metric { name: name.to_owned(), kind: M::KIND, buckets, variants: vec![variant] });
            }
        }
        Ok(handle)
    }

    /// Lookups that were answered with an overflow series, and records that could not be counted.
    pub(super) fn lost_sight_of(&self) -> (u64, u64) {
        let families = self.hidden.families();
        // Relaxed: counts that are only shown.
        let overflowed = families.iter().map(|family| family.overflowed.load(Ordering::Relaxed)).sum();
        (overflowed, families.iter().map(|family| family.invalid.load(Ordering::Relaxed)).sum())
    }

    /// Every metric with all its series, in the order of first registration.
    pub(super) fn families(&self) -> Vec<Family> {
        let hidden = self.hidden.snapshot().families.into_iter();
        let mut hidden: HashMap<String, Family> = hidden.map(|f| (f.meta.name.clone(), f)).collect();
        let known = held(self.known.read());
        let whole = known.metrics.iter().filter_map(|metric| {
            let mut parts = metric.variants.iter().filter_map(|variant| hidden.remove(&variant.hidden_name));
            let mut family = parts.next()?;
            family.meta = Arc::new(known.meta(&metric.name, &family.meta));
            for part in parts {
                part.for_each_row(|row| family.add_row(row));
            }
            Some(family)
        });
        whole.collect()
    }
}

impl Known {
    /// The unit that `name` was described in.
    fn unit(&self, name: &str) -> &'static str {
        self.described.get(name).map_or("", |(_, unit)| *unit)
    }

    /// The first variant's meta, with the description.
    fn meta(&self, name: &str, hidden: &Meta) -> Meta {
        let (help, unit) = (self.described.get(name).map_or("", |(help, _)| help.as_str()), self.unit(name));
        let base = name.strip_suffix("_total").unwrap_or(name);
        let shown = base.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_'));
        Meta {
            name: name.to_owned(),
            help: help.to_owned(),
            unit: if shown { unit.to_owned() } else { String::new() },
            ..hidden.clone()
        }
    }
}

/// The labels of `key` by name: names, and values in their order. Of a name that comes twice the last value stays.
fn sorted(key: &Key) -> (Vec<&str>, Vec<&str>) {
    let mut labels: Vec<(&str, &str)> = key.labels().map(|label| (label.key(), label.value())).collect();
    // Stable, so that equal names stay in the order they came in.
    labels.sort_by_key(|(name, _)| *name);
    labels.reverse();
    labels.dedup_by_key(|(name, _)| *name);
    labels.reverse();
    labels.into_iter().unzip()
}

/// What the registry's refusal means for the caller of a macro.
fn rejection(error: crate::Error) -> Rejection {
    match error.code() {
        ErrorCode::InvalidLabel | ErrorCode::LabelCount => Rejection::Label,
        ErrorCode::Conflict => Rejection::Conflict,
        ErrorCode::Platform => Rejection::Memory,
        _ => Rejection::Name,
    }
}

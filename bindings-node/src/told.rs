//! Metrics that JavaScript tells sample by sample: foreign objects, those with exemplars, and whatever a registry gives labels
//! of its own. They are rendered beside the engine's in every format.

use crate::metric::Metric;
use crate::registry::Registry;
use engine::samples::{Exemplar, Family, Kind, Sample, Timestamp, gather};
use engine::snapshot::Snapshot;
use napi::bindgen_prelude::ExternalRef;
use napi_derive::napi;
use std::borrow::Cow;
use std::sync::Arc;

/// A metric, as `lib/render.js` has it of `get()`.
#[napi(object)]
pub(crate) struct Told {
    pub name: String,
    pub help: String,
    /// The word of prom-client for it.
    pub kind: String,
    pub samples: Vec<ToldSample>,
}

/// A sample of it.
#[napi(object)]
pub(crate) struct ToldSample {
    pub name: String,
    /// Names and values.
    pub labels: Vec<(String, String)>,
    pub value: f64,
    pub exemplar: Option<ToldExemplar>,
}

/// What hangs on a sample.
#[napi(object)]
pub(crate) struct ToldExemplar {
    pub labels: Vec<(String, String)>,
    pub value: f64,
    /// Unix time in seconds.
    pub timestamp: Option<f64>,
}

fn labels(pairs: Vec<(String, String)>) -> Vec<(Cow<'static, str>, Cow<'static, str>)> {
    pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// What follows the name of a counter in its sample.
const TOTAL: &str = "_total";

impl Told {
    /// The families that it is to the engine. Exemplars are cleaned as `registry` says: those of foreign metrics are not yet.
    fn families(self, registry: &engine::Registry) -> Vec<engine::snapshot::Family> {
        let kind = Kind::from_name(&self.kind).unwrap_or_default();
        let counts = kind == Kind::Counter;
        let stem = if counts { self.name.strip_suffix(TOTAL).unwrap_or(&self.name) } else { &self.name };
        let samples = self.samples.into_iter().map(|sample| {
            // prom-client calls the sample as the counter.
            let name = if counts && sample.name == self.name { format!("{stem}{TOTAL}") } else { sample.name };
            let exemplar = sample.exemplar.map(|mut exemplar| {
                registry.clean_exemplar(&mut exemplar.labels);
                let timestamp = exemplar.timestamp.map(Timestamp::Seconds);
                Box::new(Exemplar { labels: labels(exemplar.labels), value: exemplar.value, timestamp })
            });
            Sample {
                name: name.into(),
                labels: labels(sample.labels),
                value: sample.value,
                exemplar,
                ..Sample::default()
            }
        });
        let samples = samples.collect();
        gather(&Family { name: stem.into(), help: self.help.as_str().into(), kind, samples, ..Family::default() })
    }
}

/// Families that are what they are.
struct Fixed(Vec<engine::snapshot::Family>);

impl engine::Collector for Fixed {
    fn collect(&self, into: &mut Snapshot) {
        into.families.extend(self.0.iter().cloned());
    }
}

/// What a scrape shows beside the metrics that the engine has as they are.
pub(crate) struct Beside {
    /// Those that were told, and are not shown twice.
    pub(crate) except: Vec<Arc<crate::metric::Family>>,
    pub(crate) families: Vec<engine::snapshot::Family>,
    /// Labels of every series that does not have them.
    pub(crate) labels: Vec<(String, String)>,
}

impl Beside {
    pub(crate) fn new(registry: &Registry, except: Vec<ExternalRef<Metric>>, told: Vec<Told>) -> Beside {
        Beside {
            except: except.iter().map(|metric| Arc::clone(&metric.family)).collect(),
            families: told.into_iter().flat_map(|told| told.families(&registry.engine)).collect(),
            labels: Vec::new(),
        }
    }

    /// A registry to be rendered once: the given one, if there is nothing beside it.
    pub(crate) fn registry(self, registry: &Registry) -> engine::Registry {
        if self.except.is_empty() && self.families.is_empty() && self.labels.is_empty() {
            return registry.engine.clone();
        }
        let options = engine::Registry::options();
        let all = self.labels.into_iter().fold(options, |all, (name, value)| all.const_label(name, value)).build();
        let mut families = self.families;
        for family in registry.listed().iter() {
            if self.except.iter().any(|told| Arc::ptr_eq(told, family)) {
                continue;
            }
            // One that has such a label of its own keeps it, as what is told does.
            if family.series.list(&all).is_err() {
                families.push(family.series.snapshot());
            }
        }
        families.extend(registry.derived());
        all.register_collector(Fixed(families));
        all
    }
}

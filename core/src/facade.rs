//! A recorder for the `metrics` facade: what libraries record through its macros is kept and rendered here.
//!
//! The macros call [`Recorder`]; it hands out our own handles, so recording costs what it costs elsewhere in this
//! crate. Names and label names are kept as they are, dots and all; the renderer escapes them for formats that must.
//! What cannot be registered is counted and answered with a handle that does nothing: the facade has no errors.
//!
//! `facade::names` keeps the metrics, `facade::cache` remembers handles, `facade::handle` fits ours to the facade's
//! traits.

mod cache;
mod handle;
mod matcher;
mod names;

use crate::collect::Collector;
use crate::error::{Error, ErrorCode, Result};
use crate::merge::snapshot::{Family, Kind, Meta, Snapshot, Value};
use crate::registry::name::samples;
use crate::registry::{Inner as RegistryInner, Registry};
use crate::shape::Buckets;
use crate::sync::{AtomicU64, Mutex, Ordering};
use cache::Cache;
use handle::{CounterHandle, GaugeHandle, HistogramHandle};
use matcher::BucketChoice;
use metrics::{Key, KeyName, Metadata, SharedString, Unit};
use names::Names;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

pub use matcher::Matcher;

/// Records what the `metrics` macros are given into a [`Registry`].
///
/// **Labels.** A call may name any labels, in any order. The label names of a metric's first call are the family's;
/// series with other names are rows of the same family that carry their own. A label that is named twice has its
/// last value. `limit` and expiry hold for each set of label names.
///
/// **Conflicts.** The first call decides whether a name is a counter, a gauge or a histogram; a later call of another
/// kind gets a handle that does nothing and is counted in `tykmetrics_recorder_rejected_total{reason="conflict"}`, as
/// are names (`reason="name"`) and labels (`reason="label"`) that the registry does not take, and series there is no
/// memory for. Between a family of the registry and one of the recorder that would print the same samples the
/// registry's wins: the recorder's is left out of the snapshot and counted in
/// `tykmetrics_recorder_shadowed_families`.
///
/// **Descriptions.** The first description of a name stays, whether it comes before the first record or after. A unit
/// is shown if the name ends with it (`_seconds`, before `_total`), as OpenMetrics asks; names are never changed.
///
/// **Counters** take `absolute` as "at least": it adds what is missing, also between increments of other threads.
///
/// ```
/// # fn main() -> Result<(), tykmetrics::Error> {
/// let registry = tykmetrics::Registry::new();
/// let recorder = tykmetrics::facade::Recorder::new(&registry)?;
/// metrics::with_local_recorder(&recorder, || {
///     metrics::counter!("jobs.done_total", "queue" => "mail").increment(3);
/// });
/// assert!(registry.snapshot().family("jobs.done_total").is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Recorder {
    inner: Arc<Inner>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl Recorder {
    /// A recorder with standard buckets, for `metrics::with_local_recorder` or `metrics::set_global_recorder`.
    /// Its families appear in `registry`'s snapshots from now on.
    pub fn new(registry: &Registry) -> Result<Self> {
        Self::builder(registry).build()
    }

    /// Makes a recorder with standard buckets the process' global one.
    ///
    /// Fails with [`ErrorCode::Conflict`] if there is one already; `registry` is then left as it was.
    pub fn install(registry: &Registry) -> Result<Self> {
        Self::builder(registry).install()
    }

    /// A recorder to be configured.
    pub fn builder(registry: &Registry) -> RecorderBuilder {
        RecorderBuilder {
            registry: registry.clone(),
            options: Options { buckets: BucketChoice::default(), limit: None, expire_after: None },
        }
    }

    /// How many registrations were answered with a handle that does nothing.
    pub fn rejected(&self) -> u64 {
        // Relaxed: statistics that order nothing.
        self.inner.rejected.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// What every family of a recorder is registered with.
#[derive(Debug, Clone)]
struct Options {
    buckets: BucketChoice,
    limit: Option<u32>,
    expire_after: Option<Duration>,
}

/// Configures a [`Recorder`].
pub struct RecorderBuilder {
    registry: Registry,
    options: Options,
}

impl fmt::Debug for RecorderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecorderBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}

impl RecorderBuilder {
    /// The buckets of histograms that no matcher names. If not said: [`Buckets::bytes`] where the name ends with
    /// `bytes` or was described in bytes before its first record, [`Buckets::seconds`] for others.
    #[must_use]
    pub fn buckets(mut self, buckets: impl Into<Buckets>) -> Self {
        self.options.buckets.default = Some(buckets.into());
        self
    }

    /// The buckets of the histograms that `matcher` names. A full name goes before a prefix, a prefix before a
    /// suffix, and a longer text before a shorter one. Saying one twice keeps the later.
    #[must_use]
    pub fn buckets_for(mut self, matcher: Matcher, buckets: impl Into<Buckets>) -> Self {
        self.options.buckets.set(matcher, buckets.into());
        self
    }

    /// How many series a set of label names may have before further ones share the overflow series.
    #[must_use]
    pub fn limit(mut self, series: u32) -> Self {
        self.options.limit = Some(series);
        self
    }

    /// Removes series that nobody holds once they have not changed for `idle`.
    ///
    /// Handles are then looked up at every macro call instead of remembered. One that a program keeps keeps its
    /// series.
    #[must_use]
    pub fn expire_after(mut self, idle: Duration) -> Self {
        self.options.expire_after = Some(idle);
        self
    }

    /// The recorder, its families listed by the registry. Fails if a bucket list, the limit or the idle time is not
    /// one.
    pub fn build(self) -> Result<Recorder> {
        let (registry, recorder) = self.unlisted()?;
        recorder.list_in(&registry);
        Ok(recorder)
    }

    /// The recorder, made the process' global one.
    ///
    /// Fails as [`build`](Self::build) does, and with [`ErrorCode::Conflict`] if there is a global recorder already;
    /// the registry is then left as it was.
    pub fn install(self) -> Result<Recorder> {
        let (registry, recorder) = self.unlisted()?;
        metrics::set_global_recorder(recorder.clone()).map_err(|_| {
            Error::new(
                ErrorCode::Conflict,
                "the metrics facade has a global recorder already, and a process has one: install this one first, \
                 or use metrics::with_local_recorder",
            )
        })?;
        recorder.list_in(&registry);
        Ok(recorder)
    }

    fn unlisted(self) -> Result<(Registry, Recorder)> {
        self.options.check()?;
        let remember = self.options.expire_after.is_none();
        let inner = Inner {
            counters: remember.then(Cache::default),
            gauges: remember.then(Cache::default),
            histograms: remember.then(Cache::default),
            names: Names::new(&self.registry, self.options),
            raising: Arc::new(Mutex::new(())),
            rejected: Default::default(),
        };
        Ok((self.registry, Recorder { inner: Arc::new(inner) }))
    }
}

impl Options {
    /// Finds early what would have every registration refused.
    fn check(&self) -> Result<()> {
        let invalid = |what: &str| Err(Error::new(ErrorCode::InvalidOption, format!("metrics recorder: {what}")));
        if self.limit == Some(0) {
            return invalid("a limit of 0 series leaves nothing to record to; give 1 or more");
        }
        if self.expire_after.is_some_and(|idle| idle.is_zero()) {
            return invalid("series cannot expire after no time at all; give a longer time");
        }
        self.buckets.check()
    }
}

/// Why a registration was answered with a handle that does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rejection {
    Name,
    Label,
    Conflict,
    Memory,
}

impl Rejection {
    /// The text of each, in their order.
    const REASONS: [&str; 4] = ["name", "label", "conflict", "memory"];
}

struct Inner {
    names: Names,
    /// Handles by key; none if series expire, which a remembered handle would keep them from.
    counters: Option<Cache<metrics::Counter>>,
    gauges: Option<Cache<metrics::Gauge>>,
    histograms: Option<Cache<metrics::Histogram>>,
    /// Held while a counter is raised to an absolute value: two that read the same old value would both add the rest.
    raising: Arc<Mutex<()>>,
    rejected: [AtomicU64; Rejection::REASONS.len()],
}

impl Inner {
    /// The handle of `key`: the remembered one, a new one, or nothing if it is rejected.
    fn handle<H: Clone>(
        &self,
        cache: Option<&Cache<H>>,
        key: &Key,
        make: impl FnOnce() -> Result<H, Rejection>,
    ) -> Option<H> {
        if let Some(known) = cache.and_then(|cache| cache.get(key)) {
            return Some(known);
        }
        match make() {
            Ok(made) => {
                if let Some(cache) = cache {
                    cache.put(key, &made);
                }
                Some(made)
            }
            Err(why) => {
                // Relaxed: statistics that order nothing.
                self.rejected[why as usize].fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.inner.names.describe(key.as_str(), unit, &description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.inner.names.describe(key.as_str(), unit, &description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.inner.names.describe(key.as_str(), unit, &description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        let inner = &self.inner;
        let made = inner.handle(inner.counters.as_ref(), key, || {
            let counter = inner.names.find(key)?;
            Ok(metrics::Counter::from_arc(Arc::new(CounterHandle::new(counter, Arc::clone(&inner.raising)))))
        });
        made.unwrap_or_else(metrics::Counter::noop)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        let inner = &self.inner;
        let made = inner.handle(inner.gauges.as_ref(), key, || {
            inner.names.find(key).map(|gauge| metrics::Gauge::from_arc(Arc::new(GaugeHandle(gauge))))
        });
        made.unwrap_or_else(metrics::Gauge::noop)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        let inner = &self.inner;
        let made = inner.handle(inner.histograms.as_ref(), key, || {
            inner.names.find(key).map(|histogram| metrics::Histogram::from_arc(Arc::new(HistogramHandle(histogram))))
        });
        made.unwrap_or_else(metrics::Histogram::noop)
    }
}

/// The recorder as the registry sees it.
struct Families {
    recorder: Arc<Inner>,
    /// Weak: the registry owns this collector.
    registry: Weak<RegistryInner>,
}

impl Recorder {
    fn list_in(&self, registry: &Registry) {
        let families = Families { recorder: Arc::clone(&self.inner), registry: Arc::downgrade(&registry.inner) };
        registry.register_collector(families);
    }
}

impl Families {
    /// The names of the samples that others print: the registry's families and the collectors' before this one.
    fn taken(&self, before: &Snapshot) -> HashSet<String> {
        let listed = self.registry.upgrade().map(|inner| Registry { inner }.families()).unwrap_or_default();
        let listed = listed.iter().flat_map(|family| samples(&family.meta.name, family.meta.kind));
        listed.chain(before.families.iter().flat_map(|f| samples(&f.meta.name, f.meta.kind))).collect()
    }
}

impl Collector for Families {
    fn collect(&self, into: &mut Snapshot) {
        let taken = self.taken(into);
        let free =
            |family: &Family| samples(&family.meta.name, family.meta.kind).iter().all(|name| !taken.contains(name));
        let all = self.recorder.names.families();
        let before = all.len();
        let shown: Vec<Family> = all.into_iter().filter(free).collect();

        // Relaxed: statistics that order nothing.
        let rejected = self.recorder.rejected.iter().map(|count| count.load(Ordering::Relaxed));
        let mut refusals = Family::new(about(REJECTED, Kind::Counter, &["reason"]));
        for (reason, count) in Rejection::REASONS.iter().zip(rejected) {
            refusals.push(&[*reason], Value::Counter { whole: count, part: 0.0 });
        }
        let single = |(name, help), kind, value| {
            let mut family = Family::new(about((name, help), kind, &[]));
            family.push(&[], value);
            family
        };
        let (overflowed, invalid) = self.recorder.names.lost_sight_of();
        let own = [
            refusals,
            single(OVERFLOW, Kind::Counter, Value::Counter { whole: overflowed, part: 0.0 }),
            single(INVALID, Kind::Counter, Value::Counter { whole: invalid, part: 0.0 }),
            single(SHADOWED, Kind::Gauge, Value::Gauge((before - shown.len()) as f64)),
        ];
        into.families.extend(shown);
        into.families.extend(own.into_iter().filter(free));
    }
}

/// Names and help of the recorder's own families.
const REJECTED: (&str, &str) = (
    "tykmetrics_recorder_rejected_total",
    "Registrations through the metrics facade that were answered with a handle that does nothing.",
);
const OVERFLOW: (&str, &str) = (
    "tykmetrics_recorder_overflow_total",
    "Label sets from the metrics facade that were answered with an overflow series.",
);
const INVALID: (&str, &str) = (
    "tykmetrics_recorder_invalid_records_total",
    "Records through the metrics facade that were not counted: values that are not finite.",
);
const SHADOWED: (&str, &str) = (
    "tykmetrics_recorder_shadowed_families",
    "Families of the metrics facade that are not shown because others print the same samples.",
);

fn about((name, help): (&str, &str), kind: Kind, labels: &[&str]) -> Meta {
    Meta {
        name: name.to_owned(),
        help: help.to_owned(),
        kind,
        label_names: labels.iter().map(|label| (*label).to_owned()).collect(),
        ..Meta::default()
    }
}

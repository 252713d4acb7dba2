//! The cold path: names metrics, finds or makes their series, hands out handles, lists families for the merge.
//!
//! A [`Registry`] owns families; [`builder`] checks what a registration asks for; [`family`] keeps the series of one
//! family in [`rows`], with their text in [`words`]; [`recall`] is a thread's memory of lookups; [`upkeep`] takes back
//! what is no longer used. Registering is get-or-create: the same name with the same kind, labels and shape is the same
//! family, anything else is an error that changes nothing.

pub(crate) mod bound;
pub(crate) mod builder;
pub(crate) mod families;
pub(crate) mod family;
pub(crate) mod guard;
pub(crate) mod key;
pub(crate) mod limits;
mod list;
pub(crate) mod name;
#[cfg(all(loom, test))]
pub(crate) mod probe;
pub(crate) mod recall;
pub(crate) mod remove;
pub(crate) mod restart;
pub(crate) mod rows;
pub(crate) mod series;
pub(crate) mod side;
pub(crate) mod spec;
pub(crate) mod upkeep;
pub(crate) mod words;

pub use builder::{Builder, Labelled, VecOf};
#[cfg(not(loom))]
pub use families::Held;
pub use families::{Family, FamilyVec};
pub use name::{NameRule, full as full_name};

use crate::collect::Collector;
use crate::error::{Error, ErrorCode, Result};
use crate::merge::snapshot::{Kind, Meta};
use crate::record::{Counter, Gauge, Histogram, Info, StateSet, Summary, UpDown};
use crate::shard::Space;
use crate::sync::{AtomicU64, Mutex, Ordering::Relaxed, RwLock, Turn, held, made_once};
use family::Core;
use guard::Guard;
use limits::Budget;
use spec::Spec;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};
use words::Words;

/// The most series a registry has in all, unless it is told otherwise. At 90 bytes a series that is 180 MB.
const SERIES_LIMIT: u64 = 2_000_000;

/// How a registry is set up.
///
/// ```
/// use tykmetrics::{NameRule, Registry};
///
/// let registry = Registry::options().names(NameRule::Legacy).series_limit(50_000).build();
/// assert!(registry.counter("no.dots", "Refused under the legacy rule").register().is_err());
/// ```
#[derive(Debug, Clone)]
#[must_use = "a registry exists once `build` was called"]
pub struct RegistryOptions {
    names: NameRule,
    series_limit: u64,
    const_labels: Vec<(String, String)>,
    /// Another registry's, whose hygiene is this one's too.
    guard: Option<Arc<Guard>>,
}

impl RegistryOptions {
    /// Which names are taken.
    pub fn names(mut self, rule: NameRule) -> Self {
        self.names = rule;
        self
    }

    /// The most series of all families together; records of label sets beyond it go to overflow series.
    pub fn series_limit(mut self, limit: u64) -> Self {
        self.series_limit = limit;
        self
    }

    /// A label that every series of the registry carries.
    pub fn const_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.const_labels.push((name.into(), value.into()));
        self
    }

    /// The registry.
    #[must_use]
    pub fn build(mut self) -> Registry {
        let budget = Arc::new(Budget::new(self.series_limit));
        let guard = self.guard.take().unwrap_or_default();
        let inner = Arc::new(Inner {
            options: self,
            space: Space::process(),
            words: Arc::new(Words::new(Arc::clone(&guard))),
            budget,
            families: RwLock::new(Arc::default()),
            names: Mutex::new(HashMap::new()),
            collectors: RwLock::new(Vec::new()),
            collectors_made: AtomicU64::new(0),
            unlisted: Mutex::new(Vec::new()),
            keeping: Turn::new(),
            scrapes: Scrapes::default(),
        });
        guard.join(&inner);
        Registry { inner }
    }
}

/// What a registry knows of its own scrapes.
#[derive(Default)]
pub(crate) struct Scrapes {
    pub(crate) count: AtomicU64,
    pub(crate) nanos: AtomicU64,
    pub(crate) bytes: AtomicU64,
    /// Callbacks and collectors that panicked.
    pub(crate) failures: AtomicU64,
}

pub(crate) struct Inner {
    options: RegistryOptions,
    pub(crate) space: &'static Space,
    words: Arc<Words>,
    pub(crate) budget: Arc<Budget>,
    /// In the order of registration. Replaced whole, so that a scrape keeps the list it began with.
    families: RwLock<Arc<Vec<Arc<Core>>>>,
    /// The family that prints each sample name. Its lock orders registrations.
    names: Mutex<HashMap<String, Arc<Core>>>,
    pub(crate) collectors: RwLock<Vec<(u64, Arc<dyn Collector>)>>,
    collectors_made: AtomicU64,
    /// Families that were taken out and may still be used.
    unlisted: Mutex<Vec<Weak<Core>>>,
    /// Whose turn it is to do the upkeep, in which the host's callbacks are asked.
    keeping: Turn,
    pub(crate) scrapes: Scrapes,
}

impl Drop for Inner {
    /// Lookup caches must let go of families that nobody can look up any more.
    fn drop(&mut self) {
        held(self.families.read()).iter().for_each(|family| family.changed());
    }
}

/// A set of metrics that are scraped together.
///
/// Clones are the same registry. [`Registry::global`] is the process's own; others are as separate as their names, for
/// tests, tenants and parts of a program.
///
/// ```
/// use tykmetrics::{Format, Registry};
///
/// let registry = Registry::new();
/// let requests = registry.counter("http_requests_total", "Requests served").labels(["method"]).register()?;
/// let gets = requests.with(["GET"]);
/// gets.inc();
/// let text = String::from_utf8(registry.render(Format::Text))?;
/// assert!(text.contains("http_requests_total{method=\"GET\"} 1\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Registry {
    pub(crate) inner: Arc<Inner>,
}

impl Default for Registry {
    fn default() -> Self {
        Registry::new()
    }
}

impl Registry {
    /// An empty registry with the default options.
    pub fn new() -> Registry {
        Registry::options().build()
    }

    /// Options for a registry.
    pub fn options() -> RegistryOptions {
        RegistryOptions {
            names: NameRule::default(),
            series_limit: SERIES_LIMIT,
            const_labels: Vec::new(),
            guard: None,
        }
    }

    /// The registry of this process.
    pub fn global() -> &'static Registry {
        static GLOBAL: OnceLock<Registry> = OnceLock::new();
        made_once(&GLOBAL, Registry::new)
    }

    /// A counter: it only goes up.
    ///
    /// End the name in `_total`: OpenMetrics adds it where it is missing, and the same counter would have two names.
    pub fn counter(&self, name: impl Into<String>, help: impl Into<String>) -> Builder<Counter> {
        Builder::new(self, name, help)
    }

    /// A gauge: a value that is set, or moved either way.
    pub fn gauge(&self, name: impl Into<String>, help: impl Into<String>) -> Builder<Gauge> {
        Builder::new(self, name, help)
    }

    /// A gauge that is only ever moved by whole steps (requests in flight), as cheap to move as a counter.
    pub fn up_down(&self, name: impl Into<String>, help: impl Into<String>) -> Builder<UpDown> {
        Builder::new(self, name, help)
    }

    /// A histogram: exact classic buckets, native buckets and quantiles from one record.
    pub fn histogram(&self, name: impl Into<String>, help: impl Into<String>) -> Builder<Histogram> {
        Builder::new(self, name, help)
    }

    /// A summary: quantiles of all time or of a sliding window.
    pub fn summary(&self, name: impl Into<String>, help: impl Into<String>) -> Builder<Summary> {
        Builder::new(self, name, help)
    }

    /// Text that describes the target. Its series is called `name_info`, and its value is 1.
    pub fn info(&self, name: impl Into<String>, help: impl Into<String>) -> Builder<Info> {
        Builder::new(self, name, help)
    }

    /// Which of a fixed set of states hold.
    pub fn state_set<S: Into<String>>(
        &self,
        name: impl Into<String>,
        help: impl Into<String>,
        states: impl IntoIterator<Item = S>,
    ) -> Builder<StateSet> {
        Builder::new(self, name, help).states(states)
    }

    /// Adds families that are made when somebody scrapes. Tells the number that
    /// [`unregister_collector`](Self::unregister_collector) takes.
    pub fn register_collector(&self, collector: impl Collector + 'static) -> u64 {
        // Relaxed: only uniqueness matters.
        let id = self.inner.collectors_made.fetch_add(1, Relaxed);
        held(self.inner.collectors.write()).push((id, Arc::new(collector)));
        id
    }

    /// Takes a collector out. One that a scrape is asking meanwhile is dropped after that. False if there is none of
    /// that number.
    pub fn unregister_collector(&self, id: u64) -> bool {
        let mut collectors = held(self.inner.collectors.write());
        let Some(at) = collectors.iter().position(|(known, _)| *known == id) else { return false };
        let gone = collectors.remove(at);
        // The host's code: dropped where no lock is held.
        drop(collectors);
        drop(gone);
        true
    }

    /// Series in use, over all families.
    pub fn series(&self) -> u64 {
        self.inner.budget.used()
    }

    /// The families there are, in the order they were registered.
    pub(crate) fn families(&self) -> Arc<Vec<Arc<Core>>> {
        Arc::clone(&*held(self.inner.families.read()))
    }

    /// Which names the registry takes.
    pub fn name_rule(&self) -> NameRule {
        self.inner.options.names
    }

    pub(crate) fn const_labels(&self) -> &[(String, String)] {
        &self.inner.options.const_labels
    }

    /// A family of its own that no registry lists.
    pub(crate) fn create_unlisted(&self, spec: Spec, meta: Meta) -> Result<Arc<Core>> {
        let inner = &self.inner;
        let family = Core::new(spec, meta, inner.space, Arc::clone(&inner.words), Arc::clone(&inner.budget));
        let family = Arc::new(family);
        family.prepare()?;
        self.remember(&family);
        Ok(family)
    }

    /// The family of `meta`, made if there is none.
    pub(crate) fn get_or_create(&self, spec: Spec, meta: Meta) -> Result<Arc<Core>> {
        let inner = &self.inner;
        let mut names = held(inner.names.lock());
        if let Some(known) = names.get(&name::classic(&meta.name)).filter(|family| family.meta.name == meta.name) {
            return match difference(known, &spec, &meta) {
                None => Ok(Arc::clone(known)),
                Some(what) => Err(conflict(&meta.name, &what)),
            };
        }
        let family = Core::new(spec, meta, inner.space, Arc::clone(&inner.words), Arc::clone(&inner.budget));
        let family = Arc::new(family);
        family.prepare()?;
        self.enter(&mut names, &family)?;
        Ok(family)
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let families = self.families();
        let names = families.iter().map(|family| &family.meta.name);
        f.debug_struct("Registry").field("families", &names.collect::<Vec<_>>()).finish()
    }
}

fn conflict(name: &str, what: &str) -> Error {
    Error::new(
        ErrorCode::Conflict,
        format!(
            "metric {name:?} cannot be registered: {what}; use another name, or give the same options as the first time"
        ),
    )
}

/// What makes a registration another metric than the one that has its name, if anything does. Help may differ: the
/// first one stays.
fn difference(known: &Core, spec: &Spec, meta: &Meta) -> Option<String> {
    let kind = |kind: Kind| format!("{kind:?}").to_lowercase();
    if known.meta.kind != meta.kind || known.spec.cells != spec.cells {
        return Some(format!("it exists as a {}, not a {}", kind(known.meta.kind), kind(meta.kind)));
    }
    if known.meta.label_names != meta.label_names {
        let (has, asked) = (&known.meta.label_names, &meta.label_names);
        return Some(format!("it exists with the labels {has:?}, not {asked:?}"));
    }
    if known.meta.const_labels != meta.const_labels {
        let (has, asked) = (&known.meta.const_labels, &meta.const_labels);
        return Some(format!("it exists with the constant labels {has:?}, not {asked:?}"));
    }
    if known.meta.unit != meta.unit {
        return Some(format!("it exists in the unit {:?}, not {:?}", known.meta.unit, meta.unit));
    }
    if known.meta.shape != meta.shape {
        let (has, asked) = (known.meta.shape.as_deref(), meta.shape.as_deref());
        return Some(match (has, asked) {
            (Some(has), Some(asked)) if has.store() != asked.store() => {
                format!("it exists with the {:?} store, not the {:?} store", has.store(), asked.store())
            }
            (Some(has), Some(asked)) if has.bounds() != asked.bounds() => {
                format!("it exists with the buckets {:?}, not {:?}", has.bounds(), asked.bounds())
            }
            (Some(has), Some(asked)) if has.native_schema() != asked.native_schema() => {
                let (has, asked) = (has.native_schema(), asked.native_schema());
                format!("it exists with the native schema {has:?}, not {asked:?}")
            }
            (Some(has), Some(asked)) => format!("it exists with the range {:?}, not {:?}", has.range(), asked.range()),
            _ => "one has buckets and the other has not".into(),
        });
    }
    if known.meta.states != meta.states {
        return Some(format!("it exists with the states {:?}, not {:?}", known.meta.states, meta.states));
    }
    if known.spec.quantiles != spec.quantiles || known.spec.window != spec.window {
        return Some("it exists with other quantiles or another window".into());
    }
    None
}

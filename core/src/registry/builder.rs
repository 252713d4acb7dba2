//! What a registration asks for, put together call by call and checked at the end.

use super::Registry;
use super::families::{Family, FamilyVec};
use super::family::Core;
use super::name;
use super::spec::{Cells, Spec, WindowSpec};
use crate::error::{Error, ErrorCode, Result};
use crate::merge::snapshot::{Kind, Meta};
use crate::record::{Histogram, Metric, StateSet, Summary};
use crate::shape::{self, Buckets, PAGE_CELLS, Shape, ShapeOptions, Store};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// Series a family has unless it is told otherwise, as the cardinality limits of others are: far above a healthy
/// gateway's, far below what hurts a server.
const LIMIT: u32 = 10_000;
/// Series with private cells in a family of single cells.
const PRIVATE: u32 = 512;
/// The same for histograms of whole pages, which are touched by the page.
const PRIVATE_PAGED: u32 = 64;
/// The quantiles of a summary that names none: what gateways put on their dashboards.
const QUANTILES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];
/// The values a summary tells apart, by its unit: 1 us to 17 min, 1 B to 1 TiB, and as many octaves as there may be.
const SECONDS: (f64, f64) = (1.0 / 1048576.0, 1024.0);
const BYTES: (f64, f64) = (0.5, 1099511627776.0);
const ANYTHING: (f64, f64) = (1.0 / 1048576.0, 17592186044416.0);
/// Steps a summary's window slides by, as Prometheus clients have it.
const WINDOW_STEPS: u32 = 5;
/// States a state set has at most: one bit each in its cell.
const MAX_STATES: usize = 64;

/// `N` label names, fixed at compile time.
#[derive(Debug, Clone, Copy)]
pub struct Labelled<const N: usize>;

/// Label names whose number is only known at run time.
#[derive(Debug, Clone, Copy)]
pub struct VecOf;

/// The options of a metric that is about to be registered.
///
/// `labels` turns it into the builder of a [`Family`], `label_names` into that of a [`FamilyVec`]; `register` ends it.
#[must_use = "a metric exists once `register` was called"]
#[derive(Debug, Clone)]
pub struct Builder<M, L = ()> {
    registry: Registry,
    draft: Draft,
    of: PhantomData<fn() -> (M, L)>,
}

#[derive(Debug, Clone, Default)]
struct Draft {
    namespace: String,
    subsystem: String,
    name: String,
    help: String,
    unit: String,
    label_names: Vec<String>,
    const_labels: Vec<(String, String)>,
    limit: Option<u32>,
    private: Option<u32>,
    expire_after: Option<Duration>,
    buckets: Option<Buckets>,
    store: Option<Store>,
    range: Option<(f64, f64)>,
    native: Option<Option<i32>>,
    quantiles: Option<Vec<f64>>,
    window: Option<Duration>,
    states: Vec<String>,
    unlisted: bool,
}

impl<M: Metric> Builder<M> {
    pub(super) fn new(registry: &Registry, name: impl Into<String>, help: impl Into<String>) -> Self {
        let draft = Draft { name: name.into(), help: help.into(), ..Draft::default() };
        Builder { registry: registry.clone(), draft, of: PhantomData }
    }

    /// Gives the metric labels; each set of values is a series of its own.
    pub fn labels<const N: usize>(self, names: [&str; N]) -> Builder<M, Labelled<N>> {
        self.labelled(names.map(str::to_owned).into())
    }

    /// As [`labels`](Self::labels), for names whose number is only known at run time.
    pub fn label_names<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Builder<M, VecOf> {
        self.labelled(names.into_iter().map(Into::into).collect())
    }

    fn labelled<L>(mut self, names: Vec<String>) -> Builder<M, L> {
        self.draft.label_names = names;
        Builder { registry: self.registry, draft: self.draft, of: PhantomData }
    }

    /// The metric, new or the one that was registered the same way before.
    ///
    /// # Errors
    /// When a name, a label or an option is not allowed, or the name is taken by a different metric. The registry is
    /// as it was.
    pub fn register(self) -> Result<M> {
        Ok(M::of(self.core()?.bind(&[])?))
    }
}

impl<M: Metric, const N: usize> Builder<M, Labelled<N>> {
    /// The family, new or the one that was registered the same way before.
    ///
    /// # Errors
    /// As for a metric without labels.
    pub fn register(self) -> Result<Family<M, N>> {
        Ok(Family::of(self.core()?))
    }
}

impl<M: Metric> Builder<M, VecOf> {
    /// The family, new or the one that was registered the same way before.
    ///
    /// # Errors
    /// As for a metric without labels.
    pub fn register(self) -> Result<FamilyVec<M>> {
        Ok(FamilyVec::of(self.core()?))
    }
}

impl<M: Metric, L> Builder<M, L> {
    /// Goes before the name, with an underscore.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.draft.namespace = namespace.into();
        self
    }

    /// Goes between the namespace and the name.
    pub fn subsystem(mut self, subsystem: impl Into<String>) -> Self {
        self.draft.subsystem = subsystem.into();
        self
    }

    /// The base unit (`seconds`, `bytes`). The name ends in it, and is made to if it does not.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.draft.unit = unit.into();
        self
    }

    /// A label that every series carries.
    pub fn const_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.draft.const_labels.push((name.into(), value.into()));
        self
    }

    /// The most series; 10,000 without it. Records of label sets beyond it go to one series that carries
    /// `otel_metric_overflow="true"`.
    pub fn limit(mut self, series: u32) -> Self {
        self.draft.limit = Some(series);
        self
    }

    /// How many of the first series get a cell in every writer's slab: as many as are hot from the start. 512 without
    /// it, 256 for histograms of the HDR store. Later series of counters that turn out hot get one too.
    pub fn private_series(mut self, series: u32) -> Self {
        self.draft.private = Some(series);
        self
    }

    /// Removes a series that nobody holds once it has not changed for this long. Its next record begins a new one.
    pub fn expire_after(mut self, idle: Duration) -> Self {
        self.draft.expire_after = Some(idle);
        self
    }

    /// Makes a family of its own that is not rendered and takes no name, until a registry
    /// [lists](Registry::list) it.
    pub fn unlisted(mut self) -> Self {
        self.draft.unlisted = true;
        self
    }

    /// The family that the options ask for.
    fn core(self) -> Result<Arc<Core>> {
        let Builder { registry, draft, .. } = self;
        let (kind, cells) = M::FLAVOR;
        let rule = registry.name_rule();
        let name = name::full(&draft.namespace, &draft.subsystem, &draft.name, &draft.unit, kind);
        name::check_unit(&name, &draft.unit)?;
        name::check_metric(&name, rule)?;
        let const_labels: Vec<_> = draft.const_labels.iter().chain(registry.const_labels()).cloned().collect();
        let labels = draft.label_names.iter().chain(const_labels.iter().map(|(name, _)| name));
        name::check_labels(&name, kind, labels.map(String::as_str), rule)?;
        let invalid = |what: &str| Error::new(ErrorCode::InvalidOption, format!("metric {name:?}: {what}"));
        if draft.limit == Some(0) {
            return Err(invalid("a limit of 0 series leaves nothing to record to; give 1 or more"));
        }
        if draft.expire_after.is_some_and(|idle| idle.is_zero()) {
            return Err(invalid("series cannot expire after no time at all; give a longer time"));
        }
        draft.check_states(kind).map_err(|what| invalid(&what))?;
        let quantiles = draft.quantiles(kind).map_err(|what| invalid(&what))?;
        let window = draft.window.map(|length| WindowSpec { length, steps: WINDOW_STEPS });
        if window.is_some_and(|window| window.length < Duration::from_millis(100)) {
            return Err(invalid("a window under 100 ms is shorter than scrapes are apart; give a longer one"));
        }
        let shape = draft.shape(kind).map_err(|e| Error::new(e.code(), format!("metric {name:?}: {e}")))?;
        let paged = shape.as_ref().is_some_and(|shape| shape.cells() as usize >= PAGE_CELLS);
        let spec = Spec {
            kind,
            cells,
            limit: draft.limit.unwrap_or(LIMIT),
            private: draft.private.unwrap_or(if paged { PRIVATE_PAGED } else { PRIVATE }),
            names: rule,
            expire_after: draft.expire_after.filter(|_| !draft.label_names.is_empty()),
            quantiles,
            window,
        };
        let meta = Meta {
            name,
            help: draft.help,
            unit: draft.unit,
            kind,
            label_names: draft.label_names,
            const_labels,
            shape: shape.map(Arc::new),
            states: draft.states,
        };
        match draft.unlisted {
            true => registry.create_unlisted(spec, meta),
            false => registry.get_or_create(spec, meta),
        }
    }
}

impl Draft {
    fn shape(&self, kind: Kind) -> Result<Option<Shape>> {
        let buckets = self.buckets.clone();
        let options = match kind {
            Kind::Histogram => {
                let buckets = match (buckets, self.unit.as_str()) {
                    (Some(buckets), _) => buckets,
                    (None, "bytes") => Buckets::bytes(),
                    (None, _) => Buckets::seconds(),
                };
                // Bounds below zero are only exact in the compact store, and those that are very far apart only fit there,
                // so they choose it.
                let bounds = buckets.bounds()?;
                let negative = bounds.first().is_some_and(|bound| *bound < 0.0);
                let unasked = self.range.is_none() && self.native.flatten().is_none();
                let compact = negative || (unasked && shape::is_too_wide(&bounds));
                let store = self.store.unwrap_or(if compact { Store::Compact } else { Store::Hdr });
                let native = match store {
                    Store::Hdr => self.native.unwrap_or(ShapeOptions::default().native),
                    _ => self.native.flatten(),
                };
                ShapeOptions { store, buckets, range: self.range, native }
            }
            Kind::Summary => {
                let range = self.range.unwrap_or(match self.unit.as_str() {
                    "seconds" => SECONDS,
                    "bytes" => BYTES,
                    _ => ANYTHING,
                });
                // Without quantiles there is only a count and a sum to keep, for values of any size.
                let (store, range) = match self.quantiles.as_deref() {
                    Some([]) => (Store::Compact, None),
                    _ => (Store::Hdr, Some(range)),
                };
                ShapeOptions { store, buckets: Buckets::none(), range, native: None }
            }
            _ => return Ok(None),
        };
        Shape::new(options).map(Some)
    }

    fn quantiles(&self, kind: Kind) -> Result<Vec<f64>, String> {
        if kind != Kind::Summary {
            return Ok(Vec::new());
        }
        let mut quantiles = self.quantiles.clone().unwrap_or_else(|| QUANTILES.into());
        if let Some(bad) = quantiles.iter().find(|q| !(0.0..=1.0).contains(*q)) {
            return Err(format!("{bad} is not a quantile; give numbers from 0 to 1"));
        }
        quantiles.sort_by(f64::total_cmp);
        quantiles.dedup();
        Ok(quantiles)
    }

    fn check_states(&self, kind: Kind) -> Result<(), String> {
        if kind != Kind::StateSet {
            return Ok(());
        }
        let states = &self.states;
        if states.is_empty() || states.len() > MAX_STATES {
            return Err(format!("a state set has 1 to {MAX_STATES} states, not {}", states.len()));
        }
        match states.iter().enumerate().find(|(at, state)| state.is_empty() || states[..*at].contains(state)) {
            Some((at, state)) => Err(format!("state {at} ({state:?}) is empty or there twice; give each its own name")),
            None => Ok(()),
        }
    }
}

impl<L> Builder<Histogram, L> {
    /// The classic bounds. Without it, Prometheus' defaults in seconds, or powers of 4 for a unit of bytes.
    pub fn buckets(mut self, buckets: impl Into<Buckets>) -> Self {
        self.draft.buckets = Some(buckets.into());
        self
    }

    /// Keeps the classic buckets only, in one or two cache lines: for families of very many series.
    pub fn compact(self) -> Self {
        self.store(Store::Compact)
    }

    /// How the counts are kept.
    pub fn store(mut self, store: Store) -> Self {
        self.draft.store = Some(store);
        self
    }

    /// The values the HDR store tells apart; what lies outside is counted at its edges. Chosen by the bounds without it.
    pub fn range(mut self, smallest: f64, largest: f64) -> Self {
        self.draft.range = Some((smallest, largest));
        self
    }

    /// The finest native-histogram schema to be exact in (-4 to 3), or none. 3 without it.
    pub fn native(mut self, schema: impl Into<Option<i32>>) -> Self {
        self.draft.native = Some(schema.into());
        self
    }
}

impl<L> Builder<Summary, L> {
    /// The quantiles to show, each from 0 to 1; none for only count and sum.
    pub fn quantiles(mut self, quantiles: impl Into<Vec<f64>>) -> Self {
        self.draft.quantiles = Some(quantiles.into());
        self
    }

    /// Shows the quantiles of the last this long, not of all time. The window moves in five steps.
    pub fn window(mut self, length: Duration) -> Self {
        self.draft.window = Some(length);
        self
    }

    /// The values that are told apart; what lies outside is counted at its edges. Without it the unit decides: 1 µs to
    /// 17 min for seconds, 1 to 2^40 for bytes, 2^-20 to 2^44 for the rest.
    pub fn range(mut self, smallest: f64, largest: f64) -> Self {
        self.draft.range = Some((smallest, largest));
        self
    }
}

impl<L> Builder<StateSet, L> {
    pub(super) fn states<S: Into<String>>(mut self, states: impl IntoIterator<Item = S>) -> Self {
        self.draft.states = states.into_iter().map(Into::into).collect();
        self
    }
}

/// What every kind of metric is to the registry: its kind, and how its cells are read.
pub(crate) mod flavor {
    use super::*;

    pub(crate) const COUNTER: (Kind, Cells) = (Kind::Counter, Cells::Count);
    pub(crate) const GAUGE: (Kind, Cells) = (Kind::Gauge, Cells::Float);
    pub(crate) const UP_DOWN: (Kind, Cells) = (Kind::Gauge, Cells::Signed);
    pub(crate) const HISTOGRAM: (Kind, Cells) = (Kind::Histogram, Cells::Buckets);
    pub(crate) const SUMMARY: (Kind, Cells) = (Kind::Summary, Cells::Buckets);
    pub(crate) const INFO: (Kind, Cells) = (Kind::Info, Cells::Text);
    pub(crate) const STATE_SET: (Kind, Cells) = (Kind::StateSet, Cells::States);
}

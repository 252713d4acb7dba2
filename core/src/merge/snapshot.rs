//! Plain numbers: what a scrape saw.
//!
//! `merge` fills these, collectors push their own, `render` turns them into bytes. Nothing here is
//! atomic, locked or shared: a snapshot can be sent, kept, compared and taken apart.
//!
//! A [`Family`] keeps the label text of all its series in one buffer, so a snapshot of a million
//! series costs a handful of allocations instead of millions.

pub use crate::merge::value::{Quantiles, Value};
use crate::shape::Shape;
use std::collections::HashMap;
use std::sync::Arc;

/// What a family measures, as the exposition formats name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by bucket, and a sum.
    Histogram,
    /// Quantiles, a count and a sum.
    Summary,
    /// Text that describes the target.
    Info,
    /// Which of a fixed set of states hold.
    StateSet,
    /// Not said.
    #[default]
    Unknown,
}

impl Kind {
    /// Its word, as OpenMetrics has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::Summary => "summary",
            Kind::Info => "info",
            Kind::StateSet => "stateset",
            Kind::Unknown => "unknown",
        }
    }
}

/// What is true of a whole family.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meta {
    /// The name as users see it in the classic text format: a counter's ends in `_total` if it was registered so.
    pub name: String,
    /// The help text, unescaped; empty if there is none.
    pub help: String,
    /// The unit, empty if there is none. The name (before `_total`) ends with it.
    pub unit: String,
    /// What it measures.
    pub kind: Kind,
    /// The label names of its series, in the order of their values.
    pub label_names: Vec<String>,
    /// Labels that every series of the family carries, after the series' own.
    pub const_labels: Vec<(String, String)>,
    /// The bucket layout of a histogram or a summary.
    pub shape: Option<Arc<Shape>>,
    /// The states of a state set.
    pub states: Vec<String>,
}

/// One value with its moment and a few labels, usually a trace id.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exemplar {
    /// The labels, unescaped.
    pub labels: Vec<(String, String)>,
    /// The observed value, or the amount that was added.
    pub value: f64,
    /// Unix time in milliseconds; `0` if not known.
    pub at_ms: u64,
}

/// One series of a family, borrowed: what the renderers are given.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The label names: the family's own slice, or another one for a series that does not fit it (overflow, collectors).
    pub names: &'a [String],
    /// The label values, as many as names.
    pub values: &'a [Text<'a>],
    /// The value.
    pub value: &'a Value,
    /// When the series began, Unix time in milliseconds; `0` if not known.
    pub created_ms: u64,
    /// Its exemplars, in no particular order. Those of a histogram belong to the bucket their value falls in.
    pub exemplars: &'a [Exemplar],
}

/// A label value, and whether the text formats can print it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    /// The value, unescaped.
    pub raw: &'a str,
    /// True if it holds no backslash, quote or newline, so that printing is copying.
    pub plain: bool,
}

impl<'a> Text<'a> {
    /// `raw`, looked through once for what needs escaping.
    pub fn new(raw: &'a str) -> Self {
        Text { raw, plain: !raw.bytes().any(|b| matches!(b, b'\\' | b'"' | b'\n')) }
    }
}

/// Everything a registry said at one moment, owned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// The families, in the order they were registered.
    pub families: Vec<Family>,
    /// When it was taken, Unix time in milliseconds.
    pub at_ms: u64,
}

impl Snapshot {
    /// The family called `name`, as [`Meta::name`] has it.
    pub fn family(&self, name: &str) -> Option<&Family> {
        self.families.iter().find(|f| f.meta.name == name)
    }

    /// The number of the first counter or gauge of this name that carries all of these labels.
    ///
    /// ```
    /// # let registry = tykmetrics::Registry::new();
    /// let hits = registry.counter("hits_total", "Hits").labels(["route", "code"]).register()?;
    /// hits.add(["/a", "200"], 3);
    /// assert_eq!(registry.snapshot().value("hits_total", &[("route", "/a")]), Some(3.0));
    /// # Ok::<(), tykmetrics::Error>(())
    /// ```
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.family(name)?.find(labels)?.value().as_f64()
    }

    /// The sum over the counters or gauges of this name that carry all of these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let series = self.family(name).into_iter().flat_map(|family| family.series());
        series.filter(|s| s.has(labels)).filter_map(|s| s.value().as_f64()).sum()
    }
}

impl Snapshot {
    /// What came since `earlier`, series by series. A series that was not there then is taken whole; one that began
    /// again in between too.
    pub fn delta(&self, earlier: &Snapshot) -> Snapshot {
        let families = self.families.iter().map(|family| match earlier.family(&family.meta.name) {
            Some(before) => family.delta(before),
            None => family.clone(),
        });
        Snapshot { families: families.collect(), at_ms: self.at_ms }
    }
}

/// A family and its series, owned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Family {
    /// What is true of all of it.
    pub meta: Arc<Meta>,
    /// The text of all label values, one after the other.
    text: String,
    /// Where each label value ends in `text`.
    ends: Vec<u32>,
    series: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    /// Index in `ends` of the first label value.
    first: u32,
    /// Label names of a series that does not have the family's own.
    names: Option<Arc<[String]>>,
    value: Value,
    created_ms: u64,
    exemplars: Vec<Exemplar>,
}

impl Family {
    /// A family without series.
    pub fn new(meta: impl Into<Arc<Meta>>) -> Self {
        Family { meta: meta.into(), ..Family::default() }
    }

    /// Adds a series. `labels` are the values of the family's label names, in their order; a missing one is empty and
    /// one too many is left out.
    pub fn push(&mut self, labels: &[&str], value: Value) -> &mut Self {
        let first = self.ends.len() as u32;
        for i in 0..self.meta.label_names.len() {
            self.push_text(labels.get(i).copied().unwrap_or(""));
        }
        self.series.push(Entry { first, names: None, value, created_ms: 0, exemplars: Vec::new() });
        self
    }

    /// Says when the series that was pushed last began, Unix time in milliseconds.
    pub fn began(&mut self, at_ms: u64) -> &mut Self {
        if let Some(entry) = self.series.last_mut() {
            entry.created_ms = at_ms;
        }
        self
    }

    /// Gives the series that was pushed last an exemplar.
    pub fn exemplar(&mut self, exemplar: Exemplar) -> &mut Self {
        if let Some(entry) = self.series.last_mut() {
            entry.exemplars.push(exemplar);
        }
        self
    }

    /// Adds a copy of a borrowed series.
    pub fn push_row(&mut self, row: &Row<'_>) {
        let first = self.ends.len() as u32;
        // As many values as names, whatever the row says: `labels` counts on it.
        for at in 0..row.names.len() {
            self.push_text(row.values.get(at).map_or("", |text| text.raw));
        }
        self.series.push(Entry {
            first,
            names: (row.names != self.meta.label_names).then(|| row.names.into()),
            value: row.value.clone(),
            created_ms: row.created_ms,
            exemplars: row.exemplars.to_vec(),
        });
    }

    /// Adds a copy of a borrowed series, or its value to the series that has its labels, if there is one.
    #[cfg(feature = "metrics")]
    pub(crate) fn add_row(&mut self, row: &Row<'_>) {
        // Only series that do not have the family's own label names can be there already: those of other families.
        let same = |series: &Series<'_>| {
            series.names() == row.names && series.labels().map(|(_, v)| v).eq(row.values.iter().map(|text| text.raw))
        };
        let at = self.series().position(|series| series.entry().names.is_some() && same(&series));
        match at {
            Some(at) => self.series[at].value.add(row.value),
            None => self.push_row(row),
        }
    }

    /// Takes out every series; their memory is kept for the next.
    pub(super) fn forget_series(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.series.clear();
    }

    fn push_text(&mut self, value: &str) {
        self.text.push_str(value);
        self.ends.push(self.text.len() as u32);
    }

    /// How many series it has.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// True if it has none.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// The series, in the order they were made.
    pub fn series(&self) -> impl ExactSizeIterator<Item = Series<'_>> {
        (0..self.series.len()).map(|index| Series { family: self, index })
    }

    /// The first series that carries all of these labels.
    pub fn find(&self, labels: &[(&str, &str)]) -> Option<Series<'_>> {
        self.series().find(|s| s.has(labels))
    }

    /// What came since `earlier`, series by series.
    fn delta(&self, earlier: &Family) -> Family {
        let key = |series: &Series<'_>| series.labels().map(|(n, v)| (n.to_owned(), v.to_owned())).collect::<Vec<_>>();
        let before: HashMap<_, _> = earlier.series().map(|series| (key(&series), series)).collect();
        let mut delta = self.clone();
        for (series, entry) in self.series().zip(&mut delta.series) {
            // A series that began after the earlier snapshot is another one with the same labels.
            let same = |then: &&Series<'_>| then.created_ms() == series.created_ms();
            if let Some(then) = before.get(&key(&series)).filter(same) {
                entry.value = entry.value.delta(then.value());
            }
        }
        delta
    }

    /// Calls `visit` with every series, as the renderers want them.
    pub fn for_each_row(&self, mut visit: impl FnMut(&Row<'_>)) {
        let mut values = Vec::new();
        for series in self.series() {
            values.clear();
            values.extend(series.labels().map(|(_, value)| Text::new(value)));
            let entry = series.entry();
            visit(&Row {
                names: series.names(),
                values: &values,
                value: &entry.value,
                created_ms: entry.created_ms,
                exemplars: &entry.exemplars,
            });
        }
    }
}

/// One series of an owned family.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    family: &'a Family,
    index: usize,
}

impl<'a> Series<'a> {
    fn entry(&self) -> &'a Entry {
        &self.family.series[self.index]
    }

    /// The names of its labels.
    pub fn names(&self) -> &'a [String] {
        self.entry().names.as_deref().unwrap_or(&self.family.meta.label_names)
    }

    /// Its labels, name and unescaped value.
    pub fn labels(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let (family, first) = (self.family, self.entry().first as usize);
        self.names().iter().enumerate().map(move |(i, name)| {
            let start = (first + i).checked_sub(1).map_or(0, |before| family.ends[before] as usize);
            (name.as_str(), &family.text[start..family.ends[first + i] as usize])
        })
    }

    /// The value of the label called `name`, among its own and the family's constant ones.
    pub fn label(&self, name: &str) -> Option<&'a str> {
        let own = self.labels().find(|(n, _)| *n == name).map(|(_, value)| value);
        own.or_else(|| {
            let constant = self.family.meta.const_labels.iter().find(|(n, _)| n == name);
            constant.map(|(_, value)| value.as_str())
        })
    }

    /// Whether it carries all of these labels, among its own and the family's constant ones.
    pub fn has(&self, labels: &[(&str, &str)]) -> bool {
        labels.iter().all(|(name, value)| self.label(name) == Some(value))
    }

    /// The states of a state set that hold.
    pub fn states(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let holds = match self.value() {
            Value::StateSet(holds) => holds.as_slice(),
            _ => &[],
        };
        self.family.meta.states.iter().zip(holds).filter(|(_, holds)| **holds).map(|(state, _)| state.as_str())
    }

    /// Its value.
    pub fn value(&self) -> &'a Value {
        &self.entry().value
    }

    /// When it began, Unix time in milliseconds; `0` if not known.
    pub fn created_ms(&self) -> u64 {
        self.entry().created_ms
    }

    /// Its exemplars.
    pub fn exemplars(&self) -> &'a [Exemplar] {
        &self.entry().exemplars
    }
}

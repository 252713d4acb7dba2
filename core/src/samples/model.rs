//! The plain data: families, samples and what may hang on a sample.
//!
//! Texts are borrowed where they stand somewhere already, in a parsed text or in a snapshot; `into_owned` cuts a family
//! loose from it.

use std::borrow::Cow;

/// Labels by name, unescaped, in the order they were given.
pub type Labels<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// What a family measures: the types of OpenMetrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by bucket.
    Histogram,
    /// Counts by bucket that may go down.
    GaugeHistogram,
    /// Quantiles, a count and a sum.
    Summary,
    /// Text that describes the target.
    Info,
    /// Which of some states hold.
    StateSet,
    /// Not said.
    #[default]
    Unknown,
}

impl Kind {
    /// The word that a `TYPE` line of OpenMetrics has for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::GaugeHistogram => "gaugehistogram",
            Kind::Summary => "summary",
            Kind::Info => "info",
            Kind::StateSet => "stateset",
            Kind::Unknown => "unknown",
        }
    }

    /// The kind that a word stands for; `untyped` is the classic format's word for unknown.
    pub fn from_name(word: &str) -> Option<Kind> {
        Some(match word {
            "counter" => Kind::Counter,
            "gauge" => Kind::Gauge,
            "histogram" => Kind::Histogram,
            "gaugehistogram" => Kind::GaugeHistogram,
            "summary" => Kind::Summary,
            "info" => Kind::Info,
            "stateset" => Kind::StateSet,
            "unknown" | "untyped" => Kind::Unknown,
            _ => return None,
        })
    }
}

/// A metric with its samples.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Family<'a> {
    /// The name, as OpenMetrics has it: a counter's is without `_total`, an info's without `_info`.
    pub name: Cow<'a, str>,
    /// The help text, unescaped; empty if there is none.
    pub help: Cow<'a, str>,
    /// What it measures.
    pub kind: Kind,
    /// The unit; empty if there is none.
    pub unit: Cow<'a, str>,
    /// Its samples, in order.
    pub samples: Vec<Sample<'a>>,
}

/// One line with a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample<'a> {
    /// The full name, with any suffix.
    pub name: Cow<'a, str>,
    /// All of its labels, `le` and `quantile` among them.
    pub labels: Labels<'a>,
    /// The value; NaN, and without meaning, beside a native histogram.
    pub value: f64,
    /// When it was taken, if that was said.
    pub timestamp: Option<Timestamp>,
    /// Its exemplar.
    pub exemplar: Option<Box<Exemplar<'a>>>,
    /// A native histogram in the place of a value.
    pub native_histogram: Option<Box<NativeHistogram<'a>>>,
}

/// A moment of Unix time, as exactly as it was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Timestamp {
    /// Seconds, as a float.
    Seconds(f64),
    /// Seconds, given as an integer that is shown as one.
    Whole(i64),
    /// Seconds and nanoseconds, which are negative if the seconds are.
    Nanos {
        /// Whole seconds, of any number of digits that a text may have.
        seconds: i128,
        /// The rest: less than a second.
        nanos: i32,
    },
}

/// Nanoseconds in a second.
const NANOS: f64 = 1e9;

impl Timestamp {
    /// Seconds, as near as a float comes to it.
    pub fn seconds(self) -> f64 {
        match self {
            Timestamp::Seconds(seconds) => seconds,
            Timestamp::Whole(seconds) => seconds as f64,
            Timestamp::Nanos { seconds, nanos } => seconds as f64 + f64::from(nanos) / NANOS,
        }
    }

    /// Whether it is later than `other`; exact between two that have nanoseconds.
    pub(super) fn is_after(self, other: Timestamp) -> bool {
        match (self, other) {
            (Timestamp::Nanos { seconds, nanos }, Timestamp::Nanos { seconds: then, nanos: before }) => {
                (seconds, nanos) > (then, before)
            }
            _ => self.seconds() > other.seconds(),
        }
    }
}

/// One value with its moment and a few labels, usually a trace id.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exemplar<'a> {
    /// Its labels.
    pub labels: Labels<'a>,
    /// The observed value.
    pub value: f64,
    /// When it was seen, if that was said.
    pub timestamp: Option<Timestamp>,
}

/// A number that is shown as it was given: without a point if it is an integer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// An integer.
    Whole(i64),
    /// A float.
    Float(f64),
}

impl Default for Number {
    fn default() -> Self {
        Number::Whole(0)
    }
}

/// A native histogram: buckets of a schema, as spans and deltas.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NativeHistogram<'a> {
    /// How many observations there were.
    pub count: Number,
    /// Their sum.
    pub sum: Number,
    /// The resolution: 2^schema buckets per power of two.
    pub schema: i64,
    /// The zero bucket counts everything up to this.
    pub zero_threshold: Number,
    /// How many observations are in the zero bucket.
    pub zero_count: Number,
    /// Runs of buckets of positive values: the distance from the last run, and the length. `None` if they were not given.
    pub positive_spans: Option<Vec<(i64, i64)>>,
    /// The same of negative values.
    pub negative_spans: Option<Vec<(i64, i64)>>,
    /// For each positive bucket, by how much its count differs from the one before.
    pub positive_deltas: Option<Vec<Number>>,
    /// The same of negative values.
    pub negative_deltas: Option<Vec<Number>>,
    /// Any number of exemplars.
    pub exemplars: Vec<Exemplar<'a>>,
}

/// The labels, with texts of their own.
fn owned(labels: Labels<'_>) -> Labels<'static> {
    let text = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    labels.into_iter().map(|(name, value)| (text(name), text(value))).collect()
}

impl Exemplar<'_> {
    /// The same, with texts of its own.
    pub fn into_owned(self) -> Exemplar<'static> {
        Exemplar { labels: owned(self.labels), value: self.value, timestamp: self.timestamp }
    }
}

impl NativeHistogram<'_> {
    /// The same, with texts of its own.
    pub fn into_owned(self) -> NativeHistogram<'static> {
        let exemplars = self.exemplars.into_iter().map(Exemplar::into_owned).collect();
        NativeHistogram {
            count: self.count,
            sum: self.sum,
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero_count,
            positive_spans: self.positive_spans,
            negative_spans: self.negative_spans,
            positive_deltas: self.positive_deltas,
            negative_deltas: self.negative_deltas,
            exemplars,
        }
    }
}

impl Sample<'_> {
    /// The same, with texts of its own.
    pub fn into_owned(self) -> Sample<'static> {
        Sample {
            name: Cow::Owned(self.name.into_owned()),
            labels: owned(self.labels),
            value: self.value,
            timestamp: self.timestamp,
            exemplar: self.exemplar.map(|exemplar| Box::new(exemplar.into_owned())),
            native_histogram: self.native_histogram.map(|native| Box::new(native.into_owned())),
        }
    }
}

impl Family<'_> {
    /// The same, with texts of its own.
    pub fn into_owned(self) -> Family<'static> {
        Family {
            name: Cow::Owned(self.name.into_owned()),
            help: Cow::Owned(self.help.into_owned()),
            kind: self.kind,
            unit: Cow::Owned(self.unit.into_owned()),
            samples: self.samples.into_iter().map(Sample::into_owned).collect(),
        }
    }
}

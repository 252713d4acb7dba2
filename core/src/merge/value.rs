//! The value of one series, and what can be said of two: what came between them.

use crate::merge::distribution::Distribution;

/// A summary's numbers at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quantiles {
    /// `(quantile, value)`, by rising quantile. The value is NaN when nothing was observed in the window.
    pub values: Vec<(f64, f64)>,
    /// How many observations there were, of all time.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
}

/// The value of one series.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A counter: the whole part is exact, the fraction is what fractional adds came to. The value is their sum.
    Counter {
        /// Sum of the whole adds.
        whole: u64,
        /// Sum of the fractional adds.
        part: f64,
    },
    /// A gauge.
    Gauge(f64),
    /// A value of a family whose kind is not known.
    Unknown(f64),
    /// A histogram: counts by slot of the family's shape, and the sum.
    Histogram(Distribution),
    /// A summary.
    Summary(Quantiles),
    /// The labels of an info metric, beside the family's own.
    Info(Vec<(String, String)>),
    /// Which of the family's states hold, in the order of [`Meta::states`](super::snapshot::Meta::states).
    StateSet(Vec<bool>),
}

impl Value {
    /// How many observations a histogram or a summary has.
    pub fn count(&self) -> Option<u64> {
        match self {
            Value::Histogram(histogram) => Some(histogram.count()),
            Value::Summary(summary) => Some(summary.count),
            _ => None,
        }
    }

    /// The counts of a histogram.
    pub fn as_histogram(&self) -> Option<&Distribution> {
        match self {
            Value::Histogram(histogram) => Some(histogram),
            _ => None,
        }
    }

    /// The quantiles, count and sum of a summary.
    pub fn as_summary(&self) -> Option<&Quantiles> {
        match self {
            Value::Summary(summary) => Some(summary),
            _ => None,
        }
    }

    /// The number, if it is one: a counter's or a gauge's.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Counter { whole, part } => Some(*whole as f64 + part),
            Value::Gauge(v) | Value::Unknown(v) => Some(*v),
            _ => None,
        }
    }

    /// Adds another value of its kind; what cannot be added is replaced.
    #[cfg(feature = "metrics")]
    pub(super) fn add(&mut self, other: &Value) {
        match (&mut *self, other) {
            (Value::Counter { whole, part }, Value::Counter { whole: more, part: rest }) => {
                *whole = whole.wrapping_add(*more);
                *part += rest;
            }
            (Value::Histogram(now), Value::Histogram(more)) => {
                if now.merge(more).is_err() {
                    *now = more.clone();
                }
            }
            _ => *self = other.clone(),
        }
    }

    /// What came since `earlier`: the difference of what only grows, itself of what does not (a gauge, a state, and the
    /// quantiles of a summary, which are of its window or of all time). A counter that went down
    /// began again, so all of it came since.
    pub fn delta(&self, earlier: &Value) -> Value {
        match (self, earlier) {
            (Value::Counter { whole, part }, Value::Counter { whole: whole_before, part: part_before }) => {
                match (whole.checked_sub(*whole_before), part - part_before) {
                    (Some(whole), part) if part >= 0.0 => Value::Counter { whole, part },
                    // The fraction became whole: it is borrowed back.
                    (Some(whole), part) if whole as f64 + part >= 0.0 => {
                        let borrowed = (-part).ceil();
                        Value::Counter { whole: whole.saturating_sub(borrowed as u64), part: part + borrowed }
                    }
                    _ => self.clone(),
                }
            }
            (Value::Histogram(now), Value::Histogram(before)) => Value::Histogram(now.delta(before)),
            (Value::Summary(now), Value::Summary(before)) if now.count >= before.count => Value::Summary(Quantiles {
                values: now.values.clone(),
                count: now.count - before.count,
                sum: now.sum - before.sum,
            }),
            _ => self.clone(),
        }
    }
}

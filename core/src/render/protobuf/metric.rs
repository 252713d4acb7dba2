//! One `Metric` message: its labels and its value, after `io/prometheus/client/metrics.proto` of client_model 0.6.
//!
//! The numbers beside the names are the schema's. Where the schema offers integer and float fields for a count, the
//! integer ones are used. A moment of creation is always said when it is known: it is a field, not a series.

use super::message::{Field, Message};
use crate::merge::distribution::{Distribution, Native};
use crate::merge::snapshot::{Exemplar, Quantiles, Value};
use crate::render::escape::{self, Escaping};
use crate::render::exposition::{Exposition, Histograms};
use crate::render::text::exemplar::newest;

const LABEL: Field = Field(1, "label");
const LABEL_NAME: Field = Field(1, "name");
const LABEL_VALUE: Field = Field(2, "value");

/// Writes one label pair.
pub(super) fn label(to: &mut impl Message, name: &str, value: &str) {
    to.message(LABEL, |to| {
        to.string(LABEL_NAME, name);
        to.string(LABEL_VALUE, value);
    });
}

/// Writes a counter's value.
pub(super) fn counter(to: &mut impl Message, value: f64, created_ms: u64, exemplars: &[Exemplar], escaping: Escaping) {
    to.message(Field(3, "counter"), |to| {
        to.double(Field(1, "value"), value);
        if let Some(exemplar) = newest(exemplars, f64::NEG_INFINITY, f64::INFINITY) {
            to.message(Field(2, "exemplar"), |to| write_exemplar(to, exemplar, escaping));
        }
        created(to, Field(3, "created_timestamp"), created_ms);
    });
}

/// Writes a gauge's value.
pub(super) fn gauge(to: &mut impl Message, value: f64) {
    to.message(Field(2, "gauge"), |to| to.double(Field(1, "value"), value));
}

/// Writes the value of an unknown.
pub(super) fn untyped(to: &mut impl Message, value: f64) {
    to.message(Field(5, "untyped"), |to| to.double(Field(1, "value"), value));
}

/// Writes a summary's value.
pub(super) fn summary(to: &mut impl Message, summary: &Quantiles, created_ms: u64) {
    to.message(Field(4, "summary"), |to| {
        to.unsigned(Field(1, "sample_count"), summary.count);
        to.double(Field(2, "sample_sum"), summary.sum);
        for &(quantile, value) in &summary.values {
            to.message(Field(3, "quantile"), |to| {
                to.double(Field(1, "quantile"), quantile);
                to.double(Field(2, "value"), value);
            });
        }
        created(to, Field(4, "created_timestamp"), created_ms);
    });
}

/// Writes a histogram's value, with the buckets the exposition asks for.
pub(super) fn histogram(
    to: &mut impl Message,
    histogram: &Distribution,
    created_ms: u64,
    exemplars: &[Exemplar],
    exposition: &Exposition,
) {
    let native = match exposition.histograms {
        Histograms::Classic => None,
        Histograms::Native | Histograms::Both => histogram.native(exposition.native_schema, exposition.native_buckets),
    };
    to.message(Field(7, "histogram"), |to| {
        to.unsigned(Field(1, "sample_count"), histogram.count());
        to.double(Field(2, "sample_sum"), histogram.sum());
        if native.is_none() || exposition.histograms == Histograms::Both {
            classic_buckets(to, histogram, exemplars, exposition.escaping);
        }
        if let Some(native) = &native {
            native_buckets(to, native);
        }
        created(to, Field(15, "created_timestamp"), created_ms);
        if native.is_some() {
            // These must have a timestamp, says the schema.
            for exemplar in exemplars.iter().filter(|e| e.at_ms != 0) {
                to.message(Field(16, "exemplars"), |to| write_exemplar(to, exemplar, exposition.escaping));
            }
        }
    });
}

fn classic_buckets(to: &mut impl Message, histogram: &Distribution, exemplars: &[Exemplar], escaping: Escaping) {
    let mut below = f64::NEG_INFINITY;
    // The bucket without a bound is optional; it is there to carry an exemplar, or to say that there are no others.
    for (bound, count) in histogram.cumulative().chain([(f64::INFINITY, histogram.count())]) {
        let exemplar = newest(exemplars, below, bound);
        if bound == f64::INFINITY && exemplar.is_none() && below != f64::NEG_INFINITY {
            continue;
        }
        to.message(Field(3, "bucket"), |to| {
            to.unsigned(Field(1, "cumulative_count"), count);
            to.double(Field(2, "upper_bound"), bound);
            if let Some(exemplar) = exemplar {
                to.message(Field(3, "exemplar"), |to| write_exemplar(to, exemplar, escaping));
            }
        });
        below = bound;
    }
}

fn native_buckets(to: &mut impl Message, native: &Native) {
    let span = |to: &mut _, offset: i32, length: u32| span(to, offset, length);
    to.signed(Field(5, "schema"), i64::from(native.schema));
    to.double(Field(6, "zero_threshold"), native.zero_threshold);
    to.unsigned(Field(7, "zero_count"), native.zero_count);
    // A native histogram without buckets is told from a classic one by a span that says nothing.
    if native.spans.is_empty() {
        span(to, 0, 0);
    }
    for &(offset, length) in &native.spans {
        span(to, offset, length);
    }
    for &delta in &native.deltas {
        to.signed(Field(13, "positive_delta"), delta);
    }
}

fn span(to: &mut impl Message, offset: i32, length: u32) {
    to.message(Field(12, "positive_span"), |to| {
        to.signed(Field(1, "offset"), i64::from(offset));
        to.unsigned(Field(2, "length"), u64::from(length));
    });
}

fn write_exemplar(to: &mut impl Message, exemplar: &Exemplar, escaping: Escaping) {
    for (name, value) in &exemplar.labels {
        label(to, &escape::label_name(name, escaping), value);
    }
    to.double(Field(2, "value"), exemplar.value);
    created(to, Field(3, "timestamp"), exemplar.at_ms);
}

/// Writes a `google.protobuf.Timestamp`, if the moment is known.
fn created(to: &mut impl Message, field: Field, at_ms: u64) {
    if at_ms != 0 {
        to.message(field, |to| {
            to.unsigned(Field(1, "seconds"), at_ms / 1000);
            to.unsigned(Field(2, "nanos"), at_ms % 1000 * 1_000_000);
        });
    }
}

/// A counter's value, or that of any other plain number.
pub(super) fn plain(value: &Value) -> Option<f64> {
    match value {
        Value::Counter { whole, part } => Some(*whole as f64 + part),
        Value::Gauge(value) | Value::Unknown(value) => Some(*value),
        _ => None,
    }
}

//! What is known of some requests: how many, how many failed, how long they took. One for each endpoint, and one for all.

use super::cells::Cells;
use super::json::{self, Object};
use tykmetrics::snapshot::Value;

/// The numbers of an endpoint.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// A counter's number: of requests, or of those that failed, by the role of the family it is from.
    pub(super) count: f64,
    /// Those of them whose status is an error's.
    pub(super) errors: f64,
    /// Durations that were observed, and their sum in seconds.
    observed: u64,
    seconds: f64,
    cells: Cells,
    /// Of a summary: its quantiles in seconds. Where series are put together, the worst of each.
    quantiles: Vec<(f64, f64)>,
}

impl Tally {
    /// Adds the value of a series; durations are in units of `unit` seconds.
    pub(super) fn add(&mut self, value: &Value, unit: f64, error: bool) {
        let count = match value {
            Value::Histogram(histogram) => {
                self.seconds += histogram.sum() * unit;
                self.cells.add_all(histogram, unit);
                let count = histogram.count();
                self.observed = self.observed.saturating_add(count);
                count as f64
            }
            Value::Summary(summary) => {
                self.observed = self.observed.saturating_add(summary.count);
                self.seconds += summary.sum * unit;
                summary.values.iter().for_each(|(q, value)| self.quantile(*q, value * unit));
                summary.count as f64
            }
            other => other.as_f64().unwrap_or(0.0),
        };
        self.count += count;
        if error {
            self.errors += count;
        }
    }

    fn quantile(&mut self, q: f64, value: f64) {
        match self.quantiles.iter_mut().find(|(known, _)| *known == q) {
            Some((_, worst)) => *worst = worst.max(value),
            None => self.quantiles.push((q, value)),
        }
    }

    /// The durations, as JSON.
    pub(super) fn latency(&self) -> Vec<u8> {
        let mut out = Object::new();
        out.integer("count", self.observed);
        out.number("sum", self.seconds);
        match self.quantiles.is_empty() {
            true => self.cells.write(&mut out),
            false => {
                let pairs = json::array(&self.quantiles, |out, (q, value)| {
                    out.push(b'[');
                    json::number(out, *q);
                    out.push(b',');
                    json::number(out, *value);
                    out.push(b']');
                });
                out.raw("quantiles", &pairs);
            }
        }
        out.finish()
    }
}

//! Quantiles of a distribution, and the one value that stands for a slot.
//!
//! Summaries, JSON and the exports call this. The HDR store answers with the middle of the slot that holds the ranked
//! observation, at most 1/64 away from it; the compact store interpolates as Prometheus' `histogram_quantile` does.

use super::Distribution;
use crate::shape::{Shape, Store};

impl Distribution {
    /// The value that a share `q` of the observations is at or below.
    ///
    /// NaN if nothing was observed or `q` is NaN; `-Inf` for `q < 0` and `+Inf` for `q > 1`, as Prometheus has it. Of the HDR
    /// store: the middle of the slot that holds observation `ceil(q * count)` (the first, for 0), which is within 1.6 % of
    /// it inside the shape's range; values below the range are reported as 0 and values above it as its end. Of
    /// the compact store: linear within the bucket, the first one starting at 0 if its bound is positive; the last finite bound
    /// for what is above it; NaN if there are no bounds.
    pub fn quantile(&self, q: f64) -> f64 {
        let count = self.count();
        if count == 0 || q.is_nan() {
            return f64::NAN;
        }
        if q < 0.0 {
            return f64::NEG_INFINITY;
        }
        if q > 1.0 {
            return f64::INFINITY;
        }
        match self.shape.store() {
            Store::Hdr => self.ranked(q, count),
            Store::Compact => self.interpolated(q, count),
        }
    }

    /// About the smallest observation: quantile 0.
    pub fn min(&self) -> f64 {
        self.quantile(0.0)
    }

    /// About the largest observation: quantile 1.
    pub fn max(&self) -> f64 {
        self.quantile(1.0)
    }

    fn ranked(&self, q: f64, count: u64) -> f64 {
        let rank = ((q * count as f64).ceil() as u64).clamp(1, count);
        let mut below = 0u64;
        for (slot, n) in self.counts() {
            below = below.saturating_add(n);
            if below >= rank {
                return middle(&self.shape, slot);
            }
        }
        f64::NAN
    }

    fn interpolated(&self, q: f64, count: u64) -> f64 {
        let rank = q * count as f64;
        let mut below = 0u64;
        for (slot, n) in self.counts() {
            let upto = below.saturating_add(n);
            let (lower, upper) = self.shape.slot_range(slot);
            if upper == f64::INFINITY || upto as f64 >= rank {
                return match (lower.is_finite(), upper.is_finite()) {
                    (true, true) => lower + (upper - lower) * ((rank - below as f64) / n as f64),
                    (false, true) if upper > 0.0 => upper * ((rank - below as f64) / n as f64),
                    (false, true) => upper,
                    (true, false) => lower,
                    (false, false) => f64::NAN,
                };
            }
            below = upto;
        }
        f64::NAN
    }
}

/// The value that stands for `slot`: its middle, and of an open slot the end that is known.
pub(super) fn middle(shape: &Shape, slot: usize) -> f64 {
    match (shape.slot_range(slot), shape.store()) {
        ((f64::NEG_INFINITY, f64::INFINITY), _) => 0.0,
        // Below the range there are zeros first of all, and nothing finer than its start is told apart.
        ((f64::NEG_INFINITY, _), Store::Hdr) => 0.0,
        ((f64::NEG_INFINITY, upper), _) if upper > 0.0 => upper / 2.0,
        ((f64::NEG_INFINITY, upper), _) => upper,
        ((lower, f64::INFINITY), _) => lower,
        // Halved first: the sum of two large bounds is infinite.
        ((lower, upper), _) => lower / 2.0 + upper / 2.0,
    }
}

//! What a histogram counted, as plain data: a number per slot of its shape, and a sum.
//!
//! The merge makes a [`Distribution`] per series, renderers and users read it, segments of other processes are added to
//! it. Everything a histogram is asked for (classic buckets, native buckets, quantiles, a difference over time,
//! HdrHistogram's formats) comes from these same counts. Nothing here is atomic or shared.

mod hdr;
mod native;
mod quantile;

pub use native::Native;

use crate::error::{Error, ErrorCode, Result};
use crate::shape::Shape;
use std::sync::Arc;

/// Counts by slot of a shape, and the sum of what was observed.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    shape: Arc<Shape>,
    /// The slot of `counts[0]`; 0 if there are none.
    first: usize,
    /// Neither the first nor the last is zero, so that equal distributions are equal data.
    counts: Vec<u64>,
    sum: f64,
}

impl Distribution {
    /// Nothing observed.
    pub fn empty(shape: Arc<Shape>) -> Distribution {
        Distribution { shape, first: 0, counts: Vec::new(), sum: 0.0 }
    }

    /// A count for every slot of `shape`, by rising slot: those missing at the end are zero, what is beyond the last slot
    /// has no meaning and is left out.
    pub fn from_counts(shape: Arc<Shape>, counts: &[u64], sum: f64) -> Distribution {
        let counts = &counts[..counts.len().min(shape.slots())];
        let (first, window) = trimmed(counts);
        Distribution { first, counts: window.to_vec(), sum, shape }
    }

    /// What the slots mean.
    pub fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// How many observations there are: the sum of all counts.
    pub fn count(&self) -> u64 {
        total(&self.counts)
    }

    /// The sum of the observed values.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// The mean; NaN if nothing was counted.
    pub fn mean(&self) -> f64 {
        self.sum / self.count() as f64
    }

    /// The count of each classic bucket, by its upper bound; the last one's is infinite.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let mut below = 0;
        self.cumulative().chain([(f64::INFINITY, self.count())]).map(move |(bound, upto)| {
            let within = upto - below;
            below = upto;
            (bound, within)
        })
    }

    /// True if nothing was observed.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The slots that counted something, and their counts, by rising slot.
    pub fn counts(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.counts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, n)| (self.first + i, *n))
    }

    /// The count of `slot`.
    pub fn count_at(&self, slot: usize) -> u64 {
        slot.checked_sub(self.first).and_then(|i| self.counts.get(i)).copied().unwrap_or(0)
    }

    /// The finite classic bounds, and for each the number of observations that are at most that. It is exact. What `+Inf`
    /// has is [`count`](Self::count).
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let (mut done, mut below) = (0, 0u64);
        self.shape.bounds().iter().zip(self.shape.bound_slots()).map(move |(bound, slot)| {
            let end = (*slot as usize + 1).saturating_sub(self.first).min(self.counts.len());
            below = below.saturating_add(total(&self.counts[done..end]));
            done = end;
            (*bound, below)
        })
    }

    /// Adds what `other` counted.
    ///
    /// # Errors
    /// `Conflict` if the shapes differ; nothing is added then.
    pub fn merge(&mut self, other: &Distribution) -> Result<()> {
        if self.shape != other.shape {
            let message = "two histograms of different shapes cannot be merged: \
                           register both with the same store, buckets, range and native schema";
            return Err(Error::new(ErrorCode::Conflict, message));
        }
        self.sum += other.sum;
        if other.counts.is_empty() {
            return Ok(());
        }
        if self.counts.is_empty() {
            self.first = other.first;
            self.counts.clone_from(&other.counts);
            return Ok(());
        }
        if other.first < self.first {
            let missing = self.first - other.first;
            self.counts.splice(..0, std::iter::repeat_n(0, missing));
            self.first = other.first;
        }
        let at = other.first - self.first;
        if self.counts.len() < at + other.counts.len() {
            self.counts.resize(at + other.counts.len(), 0);
        }
        for (mine, more) in self.counts[at..].iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*more);
        }
        Ok(())
    }

    /// What was observed since `earlier`, which was seen of the same series before. If a count went down, or the shapes
    /// differ, the series began anew in between, and all of it is new.
    pub fn delta(&self, earlier: &Distribution) -> Distribution {
        let grew = self.shape == earlier.shape && earlier.counts().all(|(slot, n)| n <= self.count_at(slot));
        if !grew {
            return self.clone();
        }
        let mut counts = self.counts.clone();
        for (slot, n) in earlier.counts() {
            // The slot has a count here that is at least as large, so it is within.
            if let Some(mine) = counts.get_mut(slot.wrapping_sub(self.first)) {
                *mine = mine.saturating_sub(n);
            }
        }
        let (skipped, window) = trimmed(&counts);
        let sum = self.sum - earlier.sum;
        // The same cells added up in another order, as after a writer left, differ by some bits.
        let is_rounding = window.is_empty() && sum.abs() <= earlier.sum.abs() * 1e-12;
        Distribution {
            shape: Arc::clone(&self.shape),
            first: if window.is_empty() { 0 } else { self.first + skipped },
            counts: window.to_vec(),
            sum: if is_rounding { 0.0 } else { sum },
        }
    }
}

/// `counts` without the zeros at its ends, and how many were left out at the start; 0 if nothing is left.
fn trimmed(counts: &[u64]) -> (usize, &[u64]) {
    let Some(first) = counts.iter().position(|n| *n > 0) else { return (0, &[]) };
    let end = counts.iter().rposition(|n| *n > 0).map_or(first, |last| last + 1);
    (first, &counts[first..end])
}

/// 2^64 observations are out of reach, but counts may come from a file.
fn total(counts: &[u64]) -> u64 {
    counts.iter().fold(0, |sum, n| sum.saturating_add(*n))
}

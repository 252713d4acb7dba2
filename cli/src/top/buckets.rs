//! Quantiles of what came between two scrapes, from buckets of any kind.

use std::collections::BTreeMap;
use tykmetrics::samples::{NativeHistogram, Number};

/// A bucket that observations fell into. Counts may be fractions: gauge histograms and rates have them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bucket {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) count: f64,
}

/// The buckets of cumulative counts by bound.
pub(super) fn classic(cumulative: &BTreeMap<Bound, f64>) -> Vec<Bucket> {
    let (mut low, mut below) = (0.0, 0.0);
    let mut buckets = Vec::new();
    for (bound, count) in cumulative {
        // The first bucket begins at 0 where it can, as Prometheus has it.
        if buckets.is_empty() && bound.0 <= 0.0 {
            low = f64::NEG_INFINITY;
        }
        // Two scrapes of a server that begins again may make counts fall.
        buckets.push(Bucket { low, high: bound.0, count: (count - below).max(0.0) });
        (low, below) = (bound.0, *count);
    }
    buckets
}

/// A bound in an order: floats have none of their own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound(pub(super) f64);

impl Eq for Bound {}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bound {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

fn float(number: Number) -> f64 {
    match number {
        Number::Whole(number) => number as f64,
        Number::Float(number) => number,
    }
}

/// The schemas whose bounds are powers of two; custom bounds are not told in what is read.
const SCHEMAS: std::ops::RangeInclusive<i64> = -4..=8;

/// The buckets of a native histogram, each with a number that tells it from the others.
pub(super) fn native(histogram: &NativeHistogram<'_>) -> Vec<(i64, Bucket)> {
    let mut buckets = Vec::new();
    if !SCHEMAS.contains(&histogram.schema) {
        return buckets;
    }
    let threshold = float(histogram.zero_threshold);
    buckets.push((i64::MIN, Bucket { low: -threshold, high: threshold, count: float(histogram.zero_count) }));
    let width = (-(histogram.schema as f64)).exp2();
    let sides = [
        (1.0, &histogram.positive_spans, &histogram.positive_deltas),
        (-1.0, &histogram.negative_spans, &histogram.negative_deltas),
    ];
    for (sign, spans, deltas) in sides {
        let (Some(spans), Some(deltas)) = (spans, deltas) else { continue };
        let mut deltas = deltas.iter();
        let (mut index, mut count) = (0_i64, 0.0);
        for (offset, length) in spans {
            index = index.saturating_add(*offset);
            // Lengths are checked against the deltas by most readers, and bounded by them here.
            for delta in deltas.by_ref().take(usize::try_from(*length).unwrap_or_default()) {
                count += float(*delta);
                let high = (index as f64 * width).exp2();
                let low = ((index - 1) as f64 * width).exp2();
                let (low, high) = if sign > 0.0 { (low, high) } else { (-high, -low) };
                // Twice the index and its side: a number of its own.
                let number = index.saturating_mul(2).saturating_add(i64::from(sign < 0.0));
                buckets.push((number, Bucket { low, high, count }));
                index = index.saturating_add(1);
            }
        }
    }
    buckets
}

/// The value that a share `q` of the observations is at or below; `None` if there were none.
pub(super) fn quantile(buckets: &[Bucket], q: f64) -> Option<f64> {
    let all: f64 = buckets.iter().map(|bucket| bucket.count).sum();
    if all.is_nan() || all <= 0.0 {
        return None;
    }
    let rank = q * all;
    let mut below = 0.0;
    for bucket in buckets.iter().filter(|bucket| bucket.count > 0.0) {
        if below + bucket.count >= rank {
            let share = ((rank - below) / bucket.count).clamp(0.0, 1.0);
            return Some(match (bucket.low.is_finite(), bucket.high.is_finite()) {
                // Of what is beyond the last bound, that bound is all that is known.
                (true, false) => bucket.low,
                (false, _) => bucket.high,
                (true, true) => bucket.low + (bucket.high - bucket.low) * share,
            });
        }
        below += bucket.count;
    }
    buckets.iter().rev().find(|bucket| bucket.count > 0.0).map(|bucket| bucket.high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_interpolated_within_its_bucket() {
        let cumulative = [(0.1, 10.0), (0.2, 20.0), (f64::INFINITY, 21.0)].map(|(bound, count)| (Bound(bound), count));
        let buckets = classic(&cumulative.into_iter().collect());
        let at = |q| quantile(&buckets, q).unwrap();
        assert!((at(0.25) - 0.0525).abs() < 1e-9);
        assert!((at(15.0 / 21.0) - 0.15).abs() < 1e-9);
        assert_eq!(at(1.0), 0.2);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn native_buckets_have_the_bounds_of_their_schema() {
        let histogram = NativeHistogram {
            schema: 0,
            zero_count: Number::Whole(1),
            positive_spans: Some(vec![(0, 1), (1, 2)]),
            positive_deltas: Some([2, -1, 3].map(Number::Whole).to_vec()),
            negative_spans: Some(vec![(3, 1)]),
            negative_deltas: Some(vec![Number::Whole(5)]),
            ..NativeHistogram::default()
        };
        let buckets: Vec<(f64, f64, f64)> =
            native(&histogram).iter().map(|(_, bucket)| (bucket.low, bucket.high, bucket.count)).collect();
        assert_eq!(buckets, [(0.0, 0.0, 1.0), (0.5, 1.0, 2.0), (2.0, 4.0, 1.0), (4.0, 8.0, 4.0), (-8.0, -4.0, 5.0)]);
        // Spans that promise more than there is end where the counts do.
        let lies = NativeHistogram { positive_spans: Some(vec![(0, i64::MAX)]), ..histogram };
        assert_eq!(native(&lies).len(), 5);
    }
}

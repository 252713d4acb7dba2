//! Distributions against exact sorted data, against `hdrhistogram`, and against the rules of Prometheus written out.

use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tykmetrics::ErrorCode;
use tykmetrics::merge::distribution::{Distribution, Native};
use tykmetrics::shape::{Buckets, Shape, ShapeOptions, Store};

fn hdr(native: Option<i32>) -> Arc<Shape> {
    Arc::new(Shape::new(ShapeOptions { native, ..ShapeOptions::default() }).expect("a valid shape"))
}

fn compact(bounds: &[f64]) -> Arc<Shape> {
    let buckets = if bounds.is_empty() { Buckets::none() } else { Buckets::explicit(bounds) };
    let options = ShapeOptions { store: Store::Compact, buckets, range: None, native: None };
    Arc::new(Shape::new(options).expect("a valid shape"))
}

/// Recorded as a series is: into cells, and read back by segments.
fn observed(shape: &Arc<Shape>, values: &[f64]) -> Distribution {
    let mut cells = vec![0u64; shape.cells() as usize];
    for value in values {
        cells[shape.table().locate(*value) as usize] += 1;
    }
    let mut counts = vec![0; shape.slots()];
    for run in shape.segments() {
        let (cell, slot, len) = (run.cell_start as usize, run.slot_start as usize, run.len as usize);
        counts[slot..slot + len].copy_from_slice(&cells[cell..cell + len]);
    }
    Distribution::from_counts(Arc::clone(shape), &counts, values.iter().sum())
}

/// The buckets of a native histogram, by index, without the empty ones.
fn buckets(native: &Native) -> BTreeMap<i32, u64> {
    let mut found = BTreeMap::new();
    let (mut index, mut count, mut deltas) = (0, 0i64, native.deltas.iter());
    for (offset, len) in &native.spans {
        index += offset;
        for _ in 0..*len {
            count += deltas.next().expect("a delta per bucket");
            if count > 0 {
                found.insert(index, count as u64);
            }
            index += 1;
        }
    }
    assert_eq!(deltas.next(), None, "a bucket per delta");
    found
}

/// The third row of `nativeHistogramBounds` in client_golang.
const GO_SCHEMA_3: [f64; 8] = [
    0.5,
    0.5452538663326288,
    0.5946035575013605,
    0.6484197773255048,
    0.7071067811865475,
    0.7711054127039704,
    0.8408964152537144,
    0.9170040432046711,
];

/// The index that client_golang's `histogram.observe` computes, with `frexp` by repeated halving.
fn go_native_index(schema: i32, value: f64) -> i32 {
    let (mut fraction, mut exponent) = (value, 0);
    while fraction >= 1.0 {
        (fraction, exponent) = (fraction / 2.0, exponent + 1);
    }
    while fraction < 0.5 {
        (fraction, exponent) = (fraction * 2.0, exponent - 1);
    }
    if schema > 0 {
        let row: Vec<f64> = GO_SCHEMA_3.iter().copied().step_by(8 >> schema).collect();
        let found = row.iter().position(|bound| *bound >= fraction).unwrap_or(row.len());
        return found as i32 + (exponent - 1) * row.len() as i32;
    }
    let key = if fraction == 0.5 { exponent - 1 } else { exponent };
    (key + (1 << -schema) - 1) >> -schema
}

fn go_native(schema: i32, values: &[f64]) -> (u64, BTreeMap<i32, u64>) {
    let (zeros, rest): (Vec<f64>, Vec<f64>) = values.iter().partition(|v| **v <= 2f64.powi(-20));
    let mut found = BTreeMap::new();
    for value in rest {
        *found.entry(go_native_index(schema, value.min(1024f64.next_up()))).or_insert(0) += 1;
    }
    (zeros.len() as u64, found)
}

fn nearest_rank(sorted: &[f64], q: f64) -> f64 {
    sorted[((q * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len()) - 1]
}

/// `histogram_quantile` of Prometheus, over cumulative counts, as its documentation tells it.
fn prometheus_quantile(q: f64, buckets: &[(f64, u64)]) -> f64 {
    let rank = q * buckets[buckets.len() - 1].1 as f64;
    let at = buckets[..buckets.len() - 1].iter().position(|(_, n)| *n as f64 >= rank).unwrap_or(buckets.len() - 1);
    if at == buckets.len() - 1 {
        return buckets[at - 1].0;
    }
    let (end, upto) = buckets[at];
    if at == 0 && end <= 0.0 {
        return end;
    }
    let (start, before) = if at > 0 { buckets[at - 1] } else { (0.0, 0) };
    start + (end - start) * ((rank - before as f64) / (upto - before) as f64)
}

#[test]
fn an_empty_distribution_has_nothing_to_say() {
    for shape in [hdr(Some(3)), compact(&[1.0])] {
        let empty = Distribution::empty(Arc::clone(&shape));
        assert_eq!((empty.count(), empty.sum(), empty.is_empty()), (0, 0.0, true));
        assert!(empty.quantile(0.5).is_nan() && empty.min().is_nan() && empty.max().is_nan());
        assert!(empty.cumulative().all(|(_, n)| n == 0));
        assert_eq!(empty.cumulative().count(), shape.bounds().len());
        assert_eq!(empty, Distribution::from_counts(Arc::clone(&shape), &vec![0; shape.slots()], 0.0));
    }
    let native = Distribution::empty(hdr(Some(3))).native(None, 0).expect("a native shape");
    assert_eq!((native.spans.len(), native.deltas.len(), native.zero_count), (0, 0, 0));
}

#[test]
fn counts_of_another_length_are_taken_as_far_as_they_mean_something() {
    let shape = compact(&[1.0, 2.0]);
    let short = Distribution::from_counts(Arc::clone(&shape), &[0, 5], 7.0);
    assert_eq!((short.count(), short.count_at(1), short.count_at(2), short.count_at(99)), (5, 5, 0, 0));
    let long = Distribution::from_counts(shape, &[0, 5, 0, 9, 9], 7.0);
    assert_eq!(short, long);
}

#[test]
fn a_bound_is_inclusive() {
    let d = observed(&hdr(Some(3)), &[0.005, 0.005f64.next_up(), 10.0, 10f64.next_up()]);
    let upto: BTreeMap<String, u64> = d.cumulative().map(|(bound, n)| (bound.to_string(), n)).collect();
    assert_eq!((upto["0.005"], upto["0.01"], upto["5"], upto["10"], d.count()), (1, 2, 2, 3, 4));
}

#[test]
fn a_quantile_out_of_range_is_infinite_as_in_prometheus() {
    let d = observed(&hdr(None), &[1.0]);
    assert_eq!((d.quantile(-0.1), d.quantile(1.1)), (f64::NEG_INFINITY, f64::INFINITY));
    assert!(d.quantile(f64::NAN).is_nan());
}

#[test]
fn values_out_of_range_are_reported_as_zero_and_as_its_end() {
    let d = observed(&hdr(None), &[0.0, 1e-9, -4.0, 5000.0]);
    assert_eq!((d.min(), d.quantile(0.5), d.max()), (0.0, 0.0, 1024.0));
}

#[test]
fn the_compact_store_without_bounds_has_no_quantile() {
    let d = observed(&compact(&[]), &[1.0, 2.0]);
    assert_eq!((d.count(), d.sum()), (2, 3.0));
    assert!(d.quantile(0.5).is_nan());
}

#[test]
fn the_compact_store_interpolates_below_zero_too() {
    let d = observed(&compact(&[-10.0, -5.0, 5.0]), &[-20.0, -6.0, -6.0, 7.0]);
    assert_eq!((d.quantile(0.1), d.quantile(0.5), d.quantile(1.0)), (-10.0, -7.5, 5.0));
}

#[test]
fn shapes_that_differ_are_not_merged() {
    let mut d = observed(&hdr(Some(3)), &[1.0]);
    let before = d.clone();
    let error = d.merge(&observed(&hdr(None), &[1.0])).expect_err("a refusal");
    assert_eq!((error.code(), d), (ErrorCode::Conflict, before));
}

#[test]
fn equal_shapes_of_different_owners_are_merged() {
    let mut d = observed(&hdr(Some(3)), &[1.0]);
    d.merge(&observed(&hdr(Some(3)), &[2.0])).expect("equal shapes");
    assert_eq!((d.count(), d.sum()), (2, 3.0));
}

#[test]
fn counts_do_not_wrap() {
    let shape = compact(&[1.0]);
    let mut d = Distribution::from_counts(Arc::clone(&shape), &[u64::MAX, 1], 1.0);
    d.merge(&d.clone()).expect("the same shape");
    assert_eq!((d.count(), d.count_at(0), d.count_at(1)), (u64::MAX, u64::MAX, 2));
    assert_eq!(d.cumulative().last(), Some((1.0, u64::MAX)));
    assert!(d.quantile(0.5).is_finite());
}

#[test]
fn a_series_that_began_anew_is_all_new() {
    let shape = hdr(None);
    let (earlier, later) = (observed(&shape, &[1.0, 1.0, 2.0]), observed(&shape, &[1.0, 3.0]));
    assert_eq!(later.delta(&earlier), later);
    let other = observed(&compact(&[1.0]), &[1.0]);
    assert_eq!(later.delta(&other), later);
    assert_eq!(Distribution::empty(Arc::clone(&shape)).delta(&earlier), Distribution::empty(shape));
}

#[test]
fn a_shape_without_native_buckets_has_none() {
    assert_eq!(observed(&hdr(None), &[1.0]).native(None, 0), None);
    assert_eq!(observed(&compact(&[1.0]), &[1.0]).native(None, 0), None);
}

#[test]
fn spans_bridge_short_gaps_and_break_at_long_ones() {
    // Indexes 0, 1, 4 and 8 of schema 0: a gap of two buckets, then one of three.
    let d = observed(&hdr(Some(0)), &[1.0, 1.5, 1.5, 16.0, 200.0]);
    let native = d.native(None, 160).expect("a native shape");
    assert_eq!((native.schema, native.zero_threshold, native.zero_count), (0, 2f64.powi(-20), 0));
    assert_eq!(native.spans, [(0, 5), (3, 1)]);
    assert_eq!(native.deltas, [1, 1, -2, 0, 1, 0]);
}

#[test]
fn a_native_histogram_is_never_finer_than_asked_for() {
    let d = observed(&hdr(Some(2)), &[0.1, 0.2, 0.3]);
    let schema = |max| d.native(max, 0).map(|n| n.schema);
    assert_eq!(
        (schema(None), schema(Some(8)), schema(Some(1)), schema(Some(-9))),
        (Some(2), Some(2), Some(1), Some(-4))
    );
}

#[test]
fn an_option_hdrhistogram_cannot_take_is_refused() {
    let d = observed(&hdr(None), &[1.0]);
    for (scale, sigfigs) in [(0.0, 3), (-1.0, 3), (f64::NAN, 3), (f64::INFINITY, 3), (1e9, 6), (1e9, 255)] {
        assert_eq!(d.to_hdrhistogram(scale, sigfigs).expect_err("a refusal").code(), ErrorCode::InvalidOption);
    }
    for tag in ["", "a,b", "a b", "a\nb", "a\tb"] {
        let line = d.to_v2_log_line(1e9, 3, Some(tag), Duration::ZERO, Duration::ZERO);
        assert_eq!(line.expect_err("a refusal").code(), ErrorCode::InvalidOption, "{tag:?}");
    }
}

#[test]
fn counts_too_large_for_v2_are_an_error() {
    let d = Distribution::from_counts(compact(&[1.0]), &[u64::MAX], 1.0);
    assert_eq!(d.to_v2(1.0, 3).expect_err("a refusal").code(), ErrorCode::InvalidOption);
}

#[test]
fn extreme_scales_do_not_fail() {
    let d = observed(&hdr(None), &[0.0, -1.0, 0.5, 1e6]);
    for scale in [1e-300, 1e300, f64::MAX] {
        let histogram = d.to_hdrhistogram(scale, 3).expect("a histogram");
        assert_eq!(histogram.len(), 4);
        assert!(d.to_v2(scale, 3).is_ok());
    }
}

#[test]
fn an_interval_log_reads_back() {
    let d = observed(&hdr(None), &[0.001, 0.01, 0.01, 2.0]);
    let (start, interval) = (Duration::from_millis(1_700_000_000_123), Duration::from_millis(5_250));
    let log = d.to_v2_log_line(1e9, 3, Some("upstream"), start, interval).expect("a line")
        + &d.to_v2_log_line(1e9, 3, None, start, interval).expect("a line");
    assert_eq!(log.lines().count(), 2);
    let entries: Vec<_> = IntervalLogIterator::new(log.as_bytes()).map(|e| e.expect("an entry")).collect();
    let expected = d.to_hdrhistogram(1e9, 3).expect("a histogram");
    let mut tags = Vec::new();
    for entry in &entries {
        let LogEntry::Interval(line) = entry else { panic!("{entry:?} is no interval") };
        assert_eq!((line.start_timestamp(), line.duration()), (start, interval));
        tags.push(line.tag().map(|t| t.as_str().to_owned()));
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD.decode(line.encoded_histogram()).expect("base64");
        let read: hdrhistogram::Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).expect("V2");
        assert_eq!(read, expected);
    }
    assert_eq!(tags, [Some("upstream".to_owned()), None]);
}

fn latencies() -> impl Strategy<Value = Vec<f64>> {
    let one = prop_oneof![
        4 => (-19.9..9.9f64).prop_map(f64::exp2),
        2 => (-8..4i32, 0..=32u32).prop_map(|(e, s)| 2f64.powi(e) * (1.0 + f64::from(s) / 32.0)),
        1 => prop::sample::select(vec![0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]),
    ];
    prop::collection::vec(one, 1..300)
}

fn anything() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(
        prop_oneof![8 => (-25.0..13.0f64).prop_map(f64::exp2), 1 => Just(0.0), 1 => -5.0..5.0f64],
        0..200,
    )
}

/// Whole numbers, so that sums do not depend on the order of adding.
fn whole() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((0..2000u32).prop_map(f64::from), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn classic_buckets_are_those_of_a_naive_count(values in anything()) {
        let shape = hdr(Some(3));
        let d = observed(&shape, &values);
        prop_assert_eq!(d.count(), values.len() as u64);
        for (bound, n) in d.cumulative() {
            prop_assert_eq!(n, values.iter().filter(|v| **v <= bound).count() as u64);
        }
        let flat = observed(&compact(shape.bounds()), &values);
        prop_assert!(d.cumulative().eq(flat.cumulative()));
    }

    #[test]
    fn native_buckets_are_those_of_go(values in anything(), schema in -4..=3i32, wanted in -4..=3i32) {
        let d = observed(&hdr(Some(schema)), &values);
        let native = d.native(Some(wanted), 0).expect("a native shape");
        prop_assert_eq!(native.schema, schema.min(wanted));
        let (zeros, expected) = go_native(native.schema, &values);
        prop_assert_eq!(native.zero_count, zeros);
        prop_assert_eq!(buckets(&native), expected);
    }

    #[test]
    fn a_limit_on_native_buckets_halves_the_resolution(values in anything(), limit in 1..40usize) {
        let native = observed(&hdr(Some(3)), &values).native(None, limit).expect("a native shape");
        let (_, expected) = go_native(native.schema, &values);
        prop_assert!(expected.len() <= limit || native.schema == -4);
        if native.schema < 3 {
            let (_, finer) = go_native(native.schema + 1, &values);
            prop_assert!(finer.len() > limit, "no coarser than need be");
        }
        prop_assert_eq!(buckets(&native), expected);
    }

    #[test]
    fn a_quantile_is_within_a_sixty_fourth_of_the_ranked_value(mut values in latencies(), q in 0.0..=1.0f64) {
        let d = observed(&hdr(Some(3)), &values);
        values.sort_by(f64::total_cmp);
        for q in [q, 0.0, 0.5, 0.99, 1.0] {
            let (exact, ours) = (nearest_rank(&values, q), d.quantile(q));
            prop_assert!((ours - exact).abs() <= exact / 64.0, "q {}: {} is not about {}", q, ours, exact);
        }
        prop_assert_eq!((d.min(), d.max()), (d.quantile(0.0), d.quantile(1.0)));
    }

    #[test]
    fn a_quantile_agrees_with_hdrhistogram(values in latencies(), q in 0.0..=1.0f64) {
        let mut oracle = hdrhistogram::Histogram::<u64>::new(5).expect("an oracle");
        for value in &values {
            oracle.record((value * 1e9).round() as u64).expect("a value");
        }
        let d = observed(&hdr(None), &values);
        let (theirs, ours) = (oracle.value_at_quantile(q) as f64, d.quantile(q) * 1e9);
        // Ours by a 64th, theirs by its five digits and by rounding to a nanosecond.
        prop_assert!((ours - theirs).abs() <= theirs * (1.0 / 64.0 + 1e-5) + 1.0, "{} is not about {}", ours, theirs);
        let exported = d.to_hdrhistogram(1e9, 5).expect("a histogram").value_at_quantile(q) as f64;
        prop_assert!((exported - ours).abs() <= ours * 1e-5 + 1.0, "{} is not about {}", exported, ours);
    }

    #[test]
    fn the_compact_store_answers_as_histogram_quantile(values in prop::collection::vec(0.0..12.0f64, 1..100), q in 0.001..=1.0f64) {
        let d = observed(&compact(hdr(None).bounds()), &values);
        let buckets: Vec<_> = d.cumulative().chain([(f64::INFINITY, d.count())]).collect();
        let (expected, ours) = (prometheus_quantile(q, &buckets), d.quantile(q));
        prop_assert!((ours - expected).abs() <= 1e-12 * expected.abs(), "{} is not {}", ours, expected);
    }

    #[test]
    fn merging_is_recording_together_in_any_order(a in whole(), b in whole(), c in whole()) {
        for shape in [hdr(Some(3)), compact(&[1.0, 10.0, 100.0])] {
            let join = |x: &Distribution, y: &Distribution| {
                let mut joined = x.clone();
                joined.merge(y).map(|()| joined)
            };
            let [x, y, z] = [&a, &b, &c].map(|values| observed(&shape, values));
            let xy = join(&x, &y).expect("one shape");
            prop_assert_eq!(&xy, &observed(&shape, &[a.clone(), b.clone()].concat()));
            prop_assert_eq!(&xy, &join(&y, &x).expect("one shape"));
            prop_assert_eq!(join(&xy, &z), join(&x, &join(&y, &z).expect("one shape")));
            let empty = Distribution::empty(Arc::clone(&shape));
            prop_assert_eq!(&join(&x, &empty).expect("one shape"), &x);
            prop_assert_eq!(&join(&empty, &x).expect("one shape"), &x);
        }
    }

    #[test]
    fn a_delta_is_what_came_in_between(before in whole(), after in whole()) {
        let shape = hdr(Some(3));
        let earlier = observed(&shape, &before);
        let later = observed(&shape, &[before.clone(), after.clone()].concat());
        prop_assert_eq!(later.delta(&earlier), observed(&shape, &after));
    }

    #[test]
    fn v2_bytes_read_back(values in latencies()) {
        let d = observed(&hdr(None), &values);
        let bytes = d.to_v2(1e9, 3).expect("V2");
        let read: hdrhistogram::Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).expect("V2");
        prop_assert_eq!(read.len(), d.count());
        for (slot, n) in d.counts() {
            let (lower, upper) = d.shape().slot_range(slot);
            let middle = ((lower + upper) / 2.0 * 1e9).round() as u64;
            prop_assert!(read.count_at(middle) >= n);
        }
        prop_assert_eq!(read, d.to_hdrhistogram(1e9, 3).expect("a histogram"));
    }
}

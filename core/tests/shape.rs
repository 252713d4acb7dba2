//! The geometry of histograms, against searches over sorted lists and against Go's rules, written out naively.

use proptest::prelude::*;
use std::collections::HashSet;
use tykmetrics::ErrorCode;
use tykmetrics::shape::{
    Buckets, MAX_BOUNDS, MAX_OCTAVES, PAGE_CELLS, SUM_CELLS, Shape, ShapeOptions, Store, Table, native,
};

fn hdr(buckets: Buckets, range: Option<(f64, f64)>, native: Option<i32>) -> Shape {
    Shape::new(ShapeOptions { store: Store::Hdr, buckets, range, native }).expect("a valid shape")
}

fn compact(bounds: &[f64]) -> Shape {
    let buckets = if bounds.is_empty() { Buckets::none() } else { Buckets::explicit(bounds) };
    Shape::new(ShapeOptions { store: Store::Compact, buckets, range: None, native: None }).expect("a valid shape")
}

fn seconds() -> Shape {
    Shape::new(ShapeOptions::default()).expect("the default shape")
}

fn refusal(options: ShapeOptions) -> (ErrorCode, String) {
    let error = Shape::new(options).expect_err("a refusal");
    (error.code(), error.message().to_owned())
}

fn refused_list(bounds: &[f64]) -> String {
    let (code, message) = refusal(ShapeOptions { buckets: Buckets::explicit(bounds), ..ShapeOptions::default() });
    assert_eq!(code, ErrorCode::InvalidBuckets, "{message}");
    message
}

/// Every edge a slot must have, made without the code under test: 32 equal steps per octave by division, the
/// native bounds from Go's rule, the classic bounds as they are.
fn expected_edges(shape: &Shape) -> Vec<f64> {
    let (lo, hi) = shape.octaves().expect("an HDR shape");
    let mut edges: Vec<f64> = vec![2f64.powi(lo)];
    for octave in lo..hi {
        let base = 2f64.powi(octave);
        edges.extend((1..=32).map(|step| base * (1.0 + f64::from(step) / 32.0)));
        if let Some(schema) = shape.native_schema()
            && schema > 0
        {
            let stride = 8 >> schema;
            edges.extend(GO_SCHEMA_3.iter().step_by(stride).map(|fraction| fraction * 2.0 * base));
        }
    }
    edges.extend(shape.bounds());
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges.push(f64::INFINITY);
    edges
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
        fraction /= 2.0;
        exponent += 1;
    }
    while fraction < 0.5 {
        fraction *= 2.0;
        exponent -= 1;
    }
    if schema > 0 {
        let row: Vec<f64> = GO_SCHEMA_3.iter().copied().step_by(8 >> schema).collect();
        let found = row.iter().position(|bound| *bound >= fraction).unwrap_or(row.len());
        return found as i32 + (exponent - 1) * row.len() as i32;
    }
    let key = if fraction == 0.5 { exponent - 1 } else { exponent };
    let offset = (1 << -schema) - 1;
    (key + offset) >> -schema
}

fn check_slot(shape: &Shape, edges: &[f64], value: f64) {
    let expected = edges.iter().position(|edge| value <= *edge).expect("+Inf is last");
    let slot = shape.slot_of(value);
    assert_eq!(slot, expected, "{value:e} is in slot {expected} by search");
    let (lower, upper) = shape.slot_range(slot);
    assert!(lower < value && value <= upper, "{value:e} is within ({lower:e}, {upper:e}]");
    assert_eq!(shape.table().locate(value), shape.cell_of(slot), "the table and the layout agree on {value:e}");
}

fn check_every_edge(shape: &Shape) {
    let edges = expected_edges(shape);
    assert_eq!(shape.slots(), edges.len());
    for edge in &edges[..edges.len() - 1] {
        for value in [edge.next_down(), *edge, edge.next_up()] {
            check_slot(shape, &edges, value);
        }
    }
}

fn check_layout(shape: &Shape) {
    let cells: Vec<u32> = (0..shape.slots()).map(|slot| shape.cell_of(slot)).collect();
    assert_eq!(cells.iter().collect::<HashSet<_>>().len(), cells.len(), "every slot has a cell of its own");
    assert!(cells.iter().all(|cell| *cell < shape.cells()));
    let sums: HashSet<u32> = shape.sum_cells().iter().copied().collect();
    assert!(cells.iter().all(|cell| !sums.contains(cell)), "no slot lies on a sum");
    for (slot, cell) in cells.iter().enumerate() {
        assert_eq!(shape.slot_at(*cell), Some(slot));
        assert!(sums.contains(&shape.table().sum_cell(*cell)));
    }
    assert!(sums.iter().all(|cell| shape.slot_at(*cell).is_none()));
    let mut walked = Vec::new();
    for segment in shape.segments() {
        assert_eq!(segment.slot_start as usize, walked.len(), "segments hold every slot once, in order");
        walked.extend(segment.cell_start..segment.cell_start + segment.len);
    }
    assert_eq!(walked, cells);
    if let Table::Hdr(table) = shape.table() {
        let page = PAGE_CELLS as u32;
        assert_eq!(shape.cells() % page, 0);
        let every_page: Vec<u32> = (0..shape.cells()).filter(|cell| cell % page < SUM_CELLS as u32).collect();
        assert_eq!(shape.sum_cells(), every_page);
        for pair in table.entries().windows(2) {
            assert!(pair[0].cell < pair[1].cell);
        }
        for entry in table.entries() {
            let further = match entry.more {
                0 => 0,
                more => table.more()[more as usize - 1..].iter().take_while(|split| split.is_finite()).count() as u32,
            };
            let last = entry.cell + u32::from(entry.split.is_finite()) + further;
            assert_eq!(entry.cell / page, last / page, "an entry's slots lie in one page");
            assert_eq!(
                shape.slot_at(last).map(|s| s + 1),
                shape.slot_at(entry.cell).map(|s| s + 1 + (last - entry.cell) as usize)
            );
        }
    }
}

#[test]
fn every_edge_of_the_default_shape_is_inclusive() {
    check_every_edge(&seconds());
    check_layout(&seconds());
}

#[test]
fn every_edge_is_inclusive_at_every_schema() {
    for schema in native::MIN_SCHEMA..=native::MAX_SCHEMA {
        let shape = hdr(Buckets::bytes(), Some((1.0, 1e6)), Some(schema));
        check_every_edge(&shape);
        check_layout(&shape);
    }
    check_every_edge(&hdr(Buckets::none(), None, None));
}

#[test]
fn every_edge_of_a_wide_shape_is_inclusive() {
    for range in [(2f64.powi(-1022), 2f64.powi(-958)), (2f64.powi(959), 2f64.powi(1023)), (1e-9, 1e9)] {
        let shape = hdr(Buckets::none(), Some(range), Some(3));
        check_every_edge(&shape);
        check_layout(&shape);
    }
}

#[test]
fn the_default_range_is_one_microsecond_to_seventeen_minutes() {
    assert_eq!(seconds().octaves(), Some((-20, 10)));
    assert_eq!(hdr(Buckets::none(), None, None).octaves(), Some((-20, 10)));
    assert_eq!(seconds().range(), Some((2f64.powi(-20), 1024.0)));
}

#[test]
fn the_default_shape_takes_three_pages_and_usual_values_share_one() {
    let shape = seconds();
    assert_eq!(shape.cells() as usize, 3 * PAGE_CELLS);
    let page = |v: f64| shape.table().locate(v) / PAGE_CELLS as u32;
    assert_eq!(page(0.000_123), page(0.89), "123 us and 0.89 s are in one page");
    assert_ne!(page(0.000_122), page(0.000_123), "a page starts 5 octaves below the smallest bound's");
    assert_ne!(page(0.89), page(0.891), "13 octaves less five sub-buckets fit in a page");
}

#[test]
fn without_bounds_sixteen_octaves_share_a_page() {
    let shape = hdr(Buckets::none(), None, None);
    let page = |v: f64| shape.table().locate(v) / PAGE_CELLS as u32;
    assert_eq!(page(0.000_123), page(7.0), "123 us and 7 s are in one page");
    assert_ne!(page(0.000_122), page(0.000_123));
    check_layout(&shape);
}

#[test]
fn a_shape_that_fits_in_a_page_takes_one() {
    let shape = hdr(Buckets::explicit([1.0, 2.0, 100.0]), Some((0.01, 100.0)), None);
    assert_eq!(shape.cells() as usize, PAGE_CELLS);
    check_layout(&shape);
}

#[test]
fn zeros_negatives_and_the_smallest_values_are_in_the_first_slot() {
    let shape = seconds();
    for value in [0.0, -0.0, -1.0, f64::MIN, -f64::MIN_POSITIVE, 5e-324, 1e-300, 2f64.powi(-20)] {
        assert_eq!(shape.slot_of(value), 0, "{value:e}");
    }
    assert_eq!(shape.slot_of(2f64.powi(-20).next_up()), 1);
}

#[test]
fn the_largest_values_are_in_the_last_slot() {
    let shape = seconds();
    for value in [1024f64.next_up(), 1e300, f64::MAX] {
        assert_eq!(shape.slot_of(value), shape.slots() - 1, "{value:e}");
    }
    assert_eq!(shape.slot_of(1024.0), shape.slots() - 2);
}

#[test]
fn no_value_at_all_is_located_outside_the_series() {
    for shape in [seconds(), compact(&[-1.0, 0.0, 1.0]), compact(&[])] {
        for value in [
            f64::NAN,
            -f64::NAN,
            f64::from_bits(u64::MAX),
            f64::from_bits(i64::MAX as u64),
            f64::INFINITY,
            f64::NEG_INFINITY,
        ] {
            assert!(shape.slot_at(shape.table().locate(value)).is_some());
        }
    }
}

#[test]
fn a_bound_at_zero_is_exact() {
    let shape = hdr(Buckets::explicit([0.0, 1.0]), None, Some(3));
    assert_eq!((shape.slot_of(0.0), shape.slot_of(-0.0), shape.slot_of(-3.0)), (0, 0, 0));
    assert_eq!((shape.slot_of(5e-324), shape.slot_of(1e-9)), (1, 1));
    check_every_edge(&shape);
    let alone = hdr(Buckets::explicit([0.0]), None, None);
    assert_eq!((alone.octaves(), alone.slot_of(0.0), alone.slot_of(5e-324)), (Some((-20, 10)), 0, 1));
}

#[test]
fn bounds_beyond_the_normal_numbers_are_exact() {
    check_every_edge(&hdr(Buckets::explicit([5e-324, 1e-310, f64::MIN_POSITIVE]), None, Some(3)));
    check_every_edge(&hdr(Buckets::explicit([1e308, 1.7e308, f64::MAX]), None, Some(3)));
}

#[test]
fn a_wished_range_is_widened_to_powers_of_two_and_to_the_bounds() {
    assert_eq!(hdr(Buckets::none(), Some((3.0, 9.0)), None).octaves(), Some((1, 4)));
    assert_eq!(hdr(Buckets::none(), Some((4.0, 8.0)), None).octaves(), Some((2, 3)));
    assert_eq!(hdr(Buckets::seconds(), Some((0.1, 1.0)), None).octaves(), Some((-8, 4)));
}

#[test]
fn margins_shrink_before_a_range_is_too_wide() {
    let shape = hdr(Buckets::explicit([2f64.powi(-30), 2f64.powi(25)]), None, Some(3));
    assert_eq!(shape.octaves(), Some((-33, 31)));
    let full = hdr(Buckets::explicit([2f64.powi(-32), 2f64.powi(32)]), None, Some(3));
    assert_eq!(full.octaves(), Some((-32, 32)));
    check_layout(&full);
    let (code, message) = refusal(ShapeOptions {
        buckets: Buckets::explicit([2f64.powi(-32), 2f64.powi(33)]),
        ..ShapeOptions::default()
    });
    assert_eq!(code, ErrorCode::InvalidBuckets);
    assert!(message.contains("65") && message.contains(&MAX_OCTAVES.to_string()) && message.contains("compact"));
}

#[test]
fn a_range_that_makes_no_sense_is_refused() {
    let nan = f64::NAN;
    for range in
        [(0.0, 1.0), (-1.0, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, f64::INFINITY), (nan, 1.0), (1.0, nan), (1e-30, 1e30)]
    {
        let (code, _) = refusal(ShapeOptions { range: Some(range), ..ShapeOptions::default() });
        assert_eq!(code, ErrorCode::InvalidOption, "{range:?}");
    }
}

#[test]
fn a_schema_that_does_not_exist_is_refused() {
    for schema in [-5, 4, 8, i32::MIN, i32::MAX] {
        let (code, message) = refusal(ShapeOptions { native: Some(schema), ..ShapeOptions::default() });
        assert_eq!(code, ErrorCode::InvalidOption);
        assert!(message.contains(&schema.to_string()));
    }
}

#[test]
fn negative_bounds_are_for_the_compact_store() {
    assert!(refused_list(&[-1.0, 1.0]).contains("compact store"));
    let shape = compact(&[-10.0, -1.0, 0.0, 2.5]);
    let slots: Vec<usize> = [-11.0, -10.0, -9.0, -0.0, 0.0, 1.0, 2.5, 3.0].map(|v| shape.slot_of(v)).to_vec();
    assert_eq!(slots, [0, 0, 1, 2, 2, 3, 3, 4]);
}

#[test]
fn the_compact_store_refuses_native_buckets_and_a_range() {
    let options = ShapeOptions { store: Store::Compact, native: None, ..ShapeOptions::default() };
    for wrong in [
        ShapeOptions { native: Some(3), ..options.clone() },
        ShapeOptions { range: Some((1.0, 2.0)), ..options.clone() },
    ] {
        assert_eq!(refusal(wrong).0, ErrorCode::InvalidOption);
    }
    assert!(Shape::new(options).is_ok());
}

#[test]
fn the_compact_store_is_a_sum_and_a_cell_per_bucket() {
    for bounds in [vec![], vec![1.0], (1..=11).map(f64::from).collect(), (0..40).map(f64::from).collect::<Vec<_>>()] {
        let shape = compact(&bounds);
        assert_eq!((shape.cells() as usize, shape.slots()), (bounds.len() + 2, bounds.len() + 1));
        assert_eq!((shape.sum_cells(), shape.cell_of(0)), (&[0u32][..], 1));
        check_layout(&shape);
    }
}

#[test]
fn a_refused_list_names_the_position_and_both_values() {
    for (bounds, words) in [
        (&[0.1, 0.5, 0.25][..], &["buckets[2]", "0.25", "buckets[1]", "0.5"][..]),
        (&[1.0, 1.0], &["buckets[1]", "buckets[0]", "1"]),
        (&[-0.0, 0.0], &["buckets[1]", "buckets[0]"]),
        (&[1.0, f64::NAN], &["buckets[1]", "NaN"]),
        (&[f64::NEG_INFINITY, 1.0], &["buckets[0]", "-inf"]),
        (&[1.0, f64::INFINITY, f64::INFINITY], &["buckets[1]", "inf"]),
        (&[], &["finite bound"]),
        (&[f64::INFINITY], &["finite bound"]),
    ] {
        let message = refused_list(bounds);
        assert!(words.iter().all(|word| message.contains(word)), "{bounds:?}: {message}");
    }
    let long: Vec<f64> = (1..=MAX_BOUNDS + 1).map(|i| i as f64).collect();
    assert!(refused_list(&long).contains("1001"));
}

#[test]
fn an_infinite_bound_at_the_end_is_dropped() {
    let with = hdr(Buckets::explicit([1.0, 2.0, f64::INFINITY]), None, None);
    assert_eq!(with, hdr(Buckets::explicit([1.0, 2.0]), None, None));
    assert_eq!(with.bounds(), [1.0, 2.0]);
}

#[test]
fn a_negative_zero_is_zero() {
    let shape = hdr(Buckets::explicit([-0.0, 1.0]), None, None);
    assert!(shape.bounds()[0].is_sign_positive());
    assert_eq!(shape.slot_range(0).1.to_bits(), 0);
}

#[test]
fn bucket_rules_make_the_lists_of_the_go_client() {
    assert_eq!(Buckets::linear(1.0, 0.5, 4).bounds().expect("a list"), [1.0, 1.5, 2.0, 2.5]);
    assert_eq!(Buckets::exponential(100.0, 1.2, 3).bounds().expect("a list"), [100.0, 120.0, 144.0]);
    assert_eq!(Buckets::exponential_range(1.0, 100.0, 3).bounds().expect("a list"), [1.0, 10.0, 100.0]);
    let bytes = Buckets::bytes().bounds().expect("a list");
    assert_eq!((bytes[0], bytes[13], bytes.len()), (64.0, 4.0 * 1024.0 * 1024.0 * 1024.0, 14));
    assert_eq!(Buckets::default().bounds().expect("a list").len(), 11);
    assert!(Buckets::none().bounds().expect("a list").is_empty());
}

#[test]
fn bucket_rules_that_cannot_make_a_list_are_refused() {
    let (nan, max) = (f64::NAN, usize::MAX);
    for buckets in [
        Buckets::linear(0.0, 1.0, 0),
        Buckets::linear(0.0, 1.0, max),
        Buckets::linear(0.0, 0.0, 3),
        Buckets::linear(0.0, nan, 3),
        Buckets::linear(1e300, 1.0, 3),
        Buckets::linear(nan, 1.0, 3),
        Buckets::exponential(0.0, 2.0, 3),
        Buckets::exponential(1.0, 1.0, 3),
        Buckets::exponential(1.0, nan, 3),
        Buckets::exponential(1.0, 1e300, 3),
        Buckets::exponential(1.0, 2.0, 0),
        Buckets::exponential_range(1.0, 1.0, 3),
        Buckets::exponential_range(0.0, 1.0, 3),
        Buckets::exponential_range(1.0, f64::INFINITY, 3),
        Buckets::exponential_range(1.0, 2.0, 1),
    ] {
        assert_eq!(buckets.bounds().expect_err("a refusal").code(), ErrorCode::InvalidBuckets, "{buckets:?}");
    }
}

#[test]
fn a_sub_bucket_with_more_bounds_than_a_page_is_refused() {
    let dense = |n: usize| Buckets::explicit((1..=n).map(|i| 1.0 + i as f64 * 1e-6).collect::<Vec<_>>());
    let (code, message) = refusal(ShapeOptions { buckets: dense(600), ..ShapeOptions::default() });
    assert_eq!(code, ErrorCode::InvalidBuckets);
    assert!(message.contains("600") && message.contains("compact"));
    let shape = hdr(dense(503), None, Some(3));
    check_every_edge(&shape);
    check_layout(&shape);
}

#[test]
fn native_bounds_are_those_of_go() {
    for schema in native::MIN_SCHEMA..=native::MAX_SCHEMA {
        for octave in -30..30 {
            for fraction in GO_SCHEMA_3 {
                let bound = fraction * 2f64.powi(octave);
                for value in [bound.next_down(), bound, bound.next_up()] {
                    let index = native::index(schema, value);
                    assert_eq!(index, go_native_index(schema, value), "schema {schema}, {value:e}");
                    assert!(native::bound(schema, index - 1) < value && value <= native::bound(schema, index));
                }
            }
        }
    }
}

#[test]
fn native_bounds_hold_at_the_ends_of_the_numbers() {
    for value in [5e-324, 1e-310, f64::MIN_POSITIVE, 1e308, f64::MAX] {
        for schema in native::MIN_SCHEMA..=native::MAX_SCHEMA {
            let index = native::index(schema, value);
            assert_eq!(index, go_native_index(schema, value));
            assert!(value <= native::bound(schema, index), "{value:e} in schema {schema}");
        }
    }
    assert_eq!(native::bound(3, i32::MAX), f64::INFINITY);
    assert_eq!(native::bound(-4, i32::MIN), 0.0);
}

#[test]
fn equal_options_make_equal_shapes() {
    assert_eq!(seconds(), seconds());
    assert_ne!(seconds(), hdr(Buckets::seconds(), None, Some(2)));
    assert_ne!(seconds(), hdr(Buckets::seconds(), Some((1e-6, 2000.0)), Some(3)));
    assert_ne!(seconds(), hdr(Buckets::none(), None, Some(3)));
    assert_ne!(compact(&[1.0]), hdr(Buckets::explicit([1.0]), None, None));
}

/// The index as another language's host computes it from the table's numbers, with 32-bit halves as in JavaScript.
fn locate_as_a_host(shape: &Shape, value: f64) -> u32 {
    let table = shape.table().hdr().expect("an HDR shape");
    let bits = value.to_bits();
    let (high, low) = ((bits >> 32) as u32 as i32, bits as u32);
    let key = i64::from(high.wrapping_add(0x7fff).wrapping_add(i32::from(low != 0)) >> 15);
    let i = (key - table.first()).clamp(0, table.entries().len() as i64 - 1);
    let entry = table.entries()[i as usize];
    if value <= entry.split {
        return entry.cell;
    }
    let mut cell = entry.cell + 1;
    if entry.split.is_infinite() {
        cell -= 1;
    }
    if entry.more != 0 {
        let mut at = entry.more as usize - 1;
        while value > table.more()[at] {
            (cell, at) = (cell + 1, at + 1);
        }
    }
    cell
}

fn positive() -> impl Strategy<Value = f64> {
    prop_oneof![1e-6..1e3f64, (-19..9i32, 1.0..2.0f64).prop_map(|(e, m)| m * 2f64.powi(e)), Just(0.25), Just(1.0)]
}

/// Lists that are spread out, and lists with many bounds within a few sub-buckets.
fn bounds() -> impl Strategy<Value = Vec<f64>> {
    let spread = prop::collection::vec(positive(), 1..40);
    let dense = (0.01..10f64, prop::collection::vec(0.0..0.1f64, 1..60))
        .prop_map(|(base, steps)| steps.iter().map(|s| base * (1.0 + s)).collect::<Vec<_>>());
    let edgy = prop::collection::vec((-8..4i32, 0..=32u32), 1..20)
        .prop_map(|at| at.iter().map(|(e, s)| 2f64.powi(*e) * (1.0 + f64::from(*s) / 32.0)).collect::<Vec<_>>());
    prop_oneof![spread, dense, edgy].prop_map(|mut list| {
        list.sort_by(f64::total_cmp);
        list.dedup();
        list
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bounds_are_exact_in_the_hdr_store(list in bounds(), schema in prop::option::of(-4..=3i32), values in prop::collection::vec(positive(), 50)) {
        let shape = hdr(Buckets::explicit(list.clone()), None, schema);
        check_every_edge(&shape);
        check_layout(&shape);
        let edges = expected_edges(&shape);
        for value in values.into_iter().chain(edges.iter().copied().filter(|e| e.is_finite())) {
            check_slot(&shape, &edges, value);
            prop_assert_eq!(locate_as_a_host(&shape, value), shape.table().locate(value));
        }
        for (bound, slot) in list.iter().zip(shape.bound_slots()) {
            prop_assert_eq!(shape.slot_range(*slot as usize).1, *bound);
        }
    }

    #[test]
    fn any_bounds_are_exact_in_the_compact_store(mut list in prop::collection::vec(-100.0..100f64, 1..50), values in prop::collection::vec(-120.0..120f64, 50)) {
        list.sort_by(f64::total_cmp);
        list.dedup();
        let shape = compact(&list);
        for value in values.into_iter().chain(list.iter().flat_map(|b| [b.next_down(), *b, b.next_up()])) {
            let expected = list.iter().filter(|bound| value > **bound).count();
            prop_assert_eq!(shape.slot_of(value), expected);
            prop_assert_eq!(shape.table().locate(value) as usize, expected + 1);
        }
    }

    #[test]
    fn any_bit_pattern_has_a_slot_that_holds_it(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        let shape = seconds();
        let cell = shape.table().locate(value);
        prop_assert!(shape.slot_at(cell).is_some());
        prop_assert_eq!(locate_as_a_host(&shape, value), cell);
        if value.is_finite() {
            let (lower, upper) = shape.slot_range(shape.slot_of(value));
            prop_assert!(lower < value && value <= upper);
        }
    }
}

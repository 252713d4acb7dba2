//! A histogram's bucket and its sum are two cells: a scrape may see a value in its bucket and not yet in the sum, never
//! the other way round, so an average is never above the largest value.

use super::*;
use crate::registry::probe;

/// The cells of a histogram with one bound, from its first.
const SUM: u32 = 0;
const BUCKET: u32 = 1;

pub(super) fn observe(slab: &Slab, number: CellId) {
    cell::add_owned(slab.cells.cell((number + BUCKET) as usize), 1);
    cell::add_owned_sum(slab.cells.cell((number + SUM) as usize), 1.0);
}

fn observe_shared(space: &Space, number: CellId) {
    cell::add_shared(space.shared(number + BUCKET), 1);
    cell::add_shared_sum(space.shared(number + SUM), 1.0);
}

/// Every value that was seen is 1, so the sum is the count, or less while a record is half seen.
fn assert_sum_is_behind(space: &'static Space, family: &Core) {
    let seen = family.read_distribution(&space.view(), family.record(0), &mut Vec::new());
    assert!(seen.sum() <= seen.count() as f64, "a sum of {} in {} buckets", seen.sum(), seen.count());
}

fn assert_two(space: &'static Space, family: &Core) {
    let seen = family.read_distribution(&space.view(), family.record(0), &mut Vec::new());
    assert_eq!((seen.count(), seen.sum()), (2, 2.0));
}

/// In a slab, also after it was handed over.
#[test]
fn a_private_sum_is_never_ahead_of_its_buckets() {
    check(of_three(3), |space| {
        let family = probe::histograms(space, 1);
        let number = family.bind(&["a"]).expect("room").number();
        let write = move || {
            let slab = open(space);
            observe(slab, number);
            space.close(slab);
        };
        let seen = Arc::clone(&family);
        together!(write, write, move || assert_sum_is_behind(space, &seen));
        assert_two(space, &family);
    });
}

/// Two values by one writer: the sum of both shows both buckets.
#[test]
fn a_private_sum_of_two_values_shows_both_buckets() {
    check(None, |space| {
        let family = probe::histograms(space, 1);
        let number = family.bind(&["a"]).expect("room").number();
        let slab = open(space);
        let seen = Arc::clone(&family);
        together!(
            move || {
                observe(slab, number);
                observe(slab, number);
            },
            move || assert_sum_is_behind(space, &seen),
        );
        assert_two(space, &family);
    });
}

/// In the shared cells, where a sum continues what another writer added.
#[test]
fn a_shared_sum_is_never_ahead_of_its_buckets() {
    check(None, |space| {
        let family = probe::histograms(space, 0);
        let number = family.bind(&["a"]).expect("room").number();
        let write = move || observe_shared(space, number);
        let seen = Arc::clone(&family);
        together!(write, write, move || assert_sum_is_behind(space, &seen));
        assert_two(space, &family);
    });
}

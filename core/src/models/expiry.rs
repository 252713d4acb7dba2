//! An idle series expires while a lookup cache still knows it: what reaches it late counts in the series that has its
//! labels then.

use super::*;
use crate::registry::probe;
use std::sync::OnceLock;

/// One record through a cache entry, as `Core::with_place` makes it.
fn add_cached(space: &Space, slab: &Slab, family: &Arc<Core>, cached: &mut probe::Cached, n: u64) {
    if !cached.hits() {
        *cached = probe::Cached::of(family, "a");
    }
    add(space, slab, cached.number, n);
}

/// Upkeep runs while a thread records: nothing is lost and nothing counts twice.
#[test]
fn late_adds_to_an_expired_series_are_counted_once() {
    check(Some(3), |space| {
        let family = probe::counters(space, 1);
        let mut cached = probe::Cached::of(&family, "a");
        let slab = open(space);
        probe::expire(&family, 0);
        let (recorded, kept) = (Arc::clone(&family), Arc::clone(&family));
        together!(
            move || {
                add_cached(space, slab, &recorded, &mut cached, 1);
                add_cached(space, slab, &recorded, &mut cached, 10);
            },
            move || {
                probe::expire(&kept, 100);
                probe::reclaim(&kept);
                assert!(total(&kept, "a") <= 11.0);
            },
        );
        probe::reclaim(&family);
        assert_eq!(total(&family, "a"), 11.0);
        probe::reclaim(&family);
        assert!(probe::waiting(&family).is_empty());
        assert_eq!(total(&family, "a"), 11.0);
    });
}

/// The same in the shared cells, with a thread that looks up for the first time.
#[test]
fn a_first_lookup_during_expiry_counts() {
    check(None, |space| {
        let family = probe::counters(space, 0);
        drop(probe::Cached::of(&family, "a"));
        let slab = open(space);
        probe::expire(&family, 0);
        let (recorded, kept) = (Arc::clone(&family), Arc::clone(&family));
        together!(
            move || {
                let cached = probe::Cached::of(&recorded, "a");
                add(space, slab, cached.number, 1);
            },
            move || {
                probe::expire(&kept, 100);
                probe::reclaim(&kept);
            },
        );
        probe::reclaim(&family);
        assert_eq!(total(&family, "a"), 1.0);
    });
}

/// Whoever takes a handle keeps the series from expiring, or gets a new one.
#[test]
fn what_a_handle_adds_during_expiry_is_shown() {
    check(None, |space| {
        let family = probe::counters(space, 1);
        drop(probe::Cached::of(&family, "a"));
        let slab = open(space);
        probe::expire(&family, 0);
        let (held, kept) = (Arc::clone(&family), Arc::clone(&family));
        let bound = Arc::new(OnceLock::new());
        let keep = Arc::clone(&bound);
        together!(
            move || {
                let bound = held.bind(&["a"]).expect("room");
                add(space, slab, bound.number(), 1);
                keep.set(bound).expect("set once");
            },
            move || {
                probe::expire(&kept, 100);
                probe::reclaim(&kept);
            },
        );
        assert_eq!(total(&family, "a"), 1.0);
        drop(bound);
    });
}

/// Labels that were removed and came back since their series was found idle have a series of their own, which does not
/// expire in the other's place.
#[test]
fn a_series_does_not_expire_for_the_one_before_it() {
    check(None, |space| {
        let family = probe::counters(space, 1);
        drop(probe::Cached::of(&family, "a"));
        let slab = open(space);
        probe::expire(&family, 0);
        let (used, kept) = (Arc::clone(&family), Arc::clone(&family));
        together!(
            move || {
                used.remove(&["a"]);
                let bound = used.bind(&["a"]).expect("room");
                add(space, slab, bound.number(), 1);
            },
            move || {
                probe::expire(&kept, 100);
                probe::reclaim(&kept);
            },
        );
        probe::reclaim(&family);
        assert_eq!(total(&family, "a"), 1.0);
    });
}

/// A late value of a histogram goes to its heir bucket first, as a record does.
#[test]
fn a_late_sum_is_never_ahead_of_its_buckets() {
    check(Some(2), |space| {
        let family = probe::histograms(space, 1);
        let cached = probe::Cached::of(&family, "a");
        let slab = open(space);
        probe::expire(&family, 0);
        probe::expire(&family, 100);
        let (kept, seen) = (Arc::clone(&family), Arc::clone(&family));
        together!(
            move || {
                sums::observe(slab, cached.number);
                drop(cached);
            },
            move || probe::reclaim(&kept),
            move || {
                // The heir's row is the second.
                if seen.series_made() > 1 {
                    let seen = seen.read_distribution(&space.view(), seen.record(1), &mut Vec::new());
                    assert!(seen.sum() <= seen.count() as f64, "a sum of {} in {}", seen.sum(), seen.count());
                }
            },
        );
        probe::reclaim(&family);
        let all = scrape(&family);
        let [Shown { value: Value::Histogram(seen), .. }] = all.as_slice() else { panic!("one histogram: {all:?}") };
        assert_eq!((seen.count(), seen.sum()), (1, 1.0));
    });
}

//! A hot series of the shared tier is given private cells while old handles go on with the shared ones.

use super::*;
use crate::registry::probe;

/// Adds through a handle from before and one from after are both counted, once, and no scrape sees the count go down.
#[test]
fn adds_from_before_and_after_a_promotion_add_up() {
    check(of_three(2), |space| {
        let family = probe::counters(space, 0);
        let old = family.bind(&["a"]).expect("room");
        assert!(old.number() >= LAYOUT.private());
        let slab = open(space);
        let (promoted, seen) = (Arc::clone(&family), Arc::clone(&family));
        together!(
            move || add_without(&old, 1),
            move || {
                assert!(promoted.promote(0));
                let new = promoted.bind(&["a"]).expect("room");
                assert!(new.number() < LAYOUT.private());
                add(space, slab, new.number(), 10);
            },
            move || {
                let seen = [0, 1].map(|_| seen.count(&space.view(), seen.record(0)).0 as f64);
                assert_rises(&seen, 11.0);
            },
        );
        assert_eq!(total(&family, "a"), 11.0);
    });
}

/// A handle that is made during the promotion has the one number or the other, and a cached lookup takes the new one
/// once it sees the generation move.
#[test]
fn a_lookup_during_a_promotion_counts_in_either_cell() {
    check(None, |space| {
        let family = probe::counters(space, 0);
        drop(family.bind(&["a"]).expect("room"));
        let slab = open(space);
        let (promoted, recorded) = (Arc::clone(&family), Arc::clone(&family));
        together!(
            move || {
                let mut cached = probe::Cached::of(&recorded, "a");
                for _ in 0..2 {
                    if !cached.hits() {
                        cached = probe::Cached::of(&recorded, "a");
                        assert!(cached.number < LAYOUT.private(), "a moved generation means the new cell");
                    }
                    add(space, slab, cached.number, 1);
                }
            },
            move || {
                assert!(promoted.promote(0));
                assert!(total(&promoted, "a") <= 2.0);
            },
        );
        assert_eq!(total(&family, "a"), 2.0);
    });
}

/// A promotion with an add through the new number, and a scrape: no count goes down.
#[test]
fn a_scrape_during_a_promotion_sees_no_count_go_down() {
    check(Some(3), |space| {
        let family = probe::counters(space, 0);
        let old = family.bind(&["a"]).expect("room");
        add_without(&old, 1);
        let slab = open(space);
        let (promoted, seen) = (Arc::clone(&family), Arc::clone(&family));
        together!(
            move || {
                assert!(promoted.promote(0));
                let new = promoted.bind(&["a"]).expect("room");
                add(space, slab, new.number(), 10);
            },
            move || {
                let seen = [0, 1].map(|_| seen.count(&space.view(), seen.record(0)).0 as f64);
                assert_rises(&seen, 11.0);
            },
        );
        assert_eq!(total(&family, "a"), 11.0);
    });
}

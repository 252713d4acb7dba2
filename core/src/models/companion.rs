//! Two threads give a series its cell for fractions at the same time.

use super::*;
use crate::registry::probe;
use std::sync::OnceLock;

/// One number wins, both threads add there, and a scrape sees fractions once.
#[test]
fn two_first_fractions_count_in_one_companion() {
    for private in [1, 0] {
        check(of_three(2), move |space| {
            let family = probe::counters(space, private);
            let slot = family.bind(&["a"]).expect("room").slot;
            let number = Arc::new(OnceLock::new());
            let adder = |part| {
                let (family, number) = (Arc::clone(&family), Arc::clone(&number));
                move || {
                    let mine = family.companion_or_new(slot);
                    assert_eq!(*number.get_or_init(|| mine), mine);
                    match private {
                        1 => cell::add_owned_f64(open(space).cells.cell(mine as usize), part),
                        _ => cell::add_shared_f64(space.shared(mine), part),
                    }
                }
            };
            let seen = Arc::clone(&family);
            together!(adder(0.5), adder(0.25), move || {
                let seen = [0, 1].map(|_| total(&seen, "a"));
                assert_rises(&seen, 0.75);
            });
            assert_eq!(total(&family, "a"), 0.75);
        });
    }
}

/// The two that give the cell, alone: one number wins in every order.
#[test]
fn two_first_fractions_agree_on_a_companion() {
    for private in [1, 0] {
        check(Some(3), move |space| {
            let family = probe::counters(space, private);
            let slot = family.bind(&["a"]).expect("room").slot;
            let adder = |part| {
                let family = Arc::clone(&family);
                move || match (private, family.companion_or_new(slot)) {
                    (1, mine) => cell::add_owned_f64(open(space).cells.cell(mine as usize), part),
                    (_, mine) => cell::add_shared_f64(space.shared(mine), part),
                }
            };
            together!(adder(0.5), adder(0.25));
            assert_eq!(total(&family, "a"), 0.75);
        });
    }
}

/// Who gives the cell, and a scrape: the fraction is seen once, or not yet.
#[test]
fn a_first_fraction_during_a_scrape_is_seen_once() {
    for private in [1, 0] {
        check(Some(3), move |space| {
            let family = probe::counters(space, private);
            let slot = family.bind(&["a"]).expect("room").slot;
            let (adding, seen) = (Arc::clone(&family), Arc::clone(&family));
            together!(
                move || match (private, adding.companion_or_new(slot)) {
                    (1, mine) => cell::add_owned_f64(open(space).cells.cell(mine as usize), 0.5),
                    (_, mine) => cell::add_shared_f64(space.shared(mine), 0.5),
                },
                move || {
                    let seen = [0, 1].map(|_| total(&seen, "a"));
                    assert_rises(&seen, 0.5);
                },
            );
            assert_eq!(total(&family, "a"), 0.5);
        });
    }
}

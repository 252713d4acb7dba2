//! A removed series' cells go to another series, but not while anybody may still add to them.

use super::*;
use crate::registry::probe;

/// What a stale handle adds never shows in the series that is made after, whenever the handle goes.
#[test]
fn a_stale_handle_does_not_add_to_the_next_series() {
    for private in [1, 0] {
        check(None, move |space| {
            let family = probe::counters(space, private);
            let stale = family.bind(&["a"]).expect("room");
            let slab = open(space);
            let removed = Arc::clone(&family);
            together!(
                move || {
                    add(space, slab, stale.number(), 1);
                    let clone = stale.clone();
                    drop(stale);
                    add(space, slab, clone.number(), 1);
                },
                move || {
                    removed.remove(&["a"]);
                    probe::reclaim(&removed);
                    let next = removed.bind(&["a"]).expect("room");
                    assert_eq!(total(&removed, "a"), 0.0);
                    add_without(&next, 100);
                    assert_eq!(total(&removed, "a"), 100.0);
                },
            );
            probe::reclaim(&family);
            assert!(probe::waiting(&family).is_empty(), "nothing holds the series that was removed");
            let _last = family.bind(&["b"]).expect("room");
            assert_eq!((total(&family, "a"), total(&family, "b")), (100.0, 0.0));
        });
    }
}

/// The writer who has the slab is given the recycled number: it continues from zero, not from its own last count.
#[test]
fn a_writer_finds_a_recycled_cell_zeroed() {
    check(None, |space| {
        let family = probe::counters(space, 1);
        drop(family.bind(&["a"]).expect("room"));
        let (written, removed) = (Arc::clone(&family), Arc::clone(&family));
        together!(
            move || {
                let slab = open(space);
                for label in ["a", "b"] {
                    let bound = written.bind(&[label]).expect("room");
                    add(space, slab, bound.number(), 1);
                }
            },
            move || {
                removed.remove(&["a"]);
                probe::reclaim(&removed);
            },
        );
        // The one on "a" may have been removed with it.
        assert!(total(&family, "a") <= 1.0);
        assert_eq!(total(&family, "b"), 1.0);
    });
}

/// A lookup and a removal at once: the record counts in a series that is gone or in one that is shown, and the cells of
/// the one that is gone come back clean.
#[test]
fn a_cached_lookup_holds_the_cells_it_names() {
    check(None, |space| {
        let family = probe::counters(space, 1);
        let mut cached = probe::Cached::of(&family, "a");
        let slab = open(space);
        let (written, removed) = (Arc::clone(&family), Arc::clone(&family));
        together!(
            move || {
                for _ in 0..2 {
                    if !cached.hits() {
                        cached = probe::Cached::of(&written, "a");
                    }
                    add(space, slab, cached.number, 1);
                }
            },
            move || {
                removed.remove(&["a"]);
                probe::reclaim(&removed);
                drop(removed.bind(&["b"]).expect("room"));
                assert_eq!(total(&removed, "b"), 0.0);
            },
        );
        assert!(total(&family, "a") <= 2.0);
        assert_eq!(total(&family, "b"), 0.0);
    });
}

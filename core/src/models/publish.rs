//! Making things that a scrape finds without a lock: rows, reused rows, slabs, and cells in slabs made meanwhile.

use super::*;
use crate::registry::probe;
use crate::shard::numbering::Tier;
use crate::sync::Mutex;

/// A scrape shows a new series whole (its label, its start, its own cell) or not at all, also when two threads make it.
#[test]
fn a_scrape_shows_no_half_made_series() {
    check(Some(2), |space| {
        let family = &probe::counters(space, 1);
        crate::clock::modelled::NOW_MS.set(2000);
        let make = || {
            let family = Arc::clone(family);
            move || add_without(&family.bind(&["a"]).expect("room"), 1)
        };
        let seen = Arc::clone(family);
        together!(make(), make(), move || {
            for shown in scrape(&seen) {
                assert_eq!((shown.label.as_str(), shown.created_ms), ("a", 2000));
                assert!(shown.total() <= 2.0, "{shown:?}");
            }
        });
        assert_eq!(total(family, "a"), 2.0);
        assert_eq!(family.series_made(), 1);
    });
}

/// A row that is given to another series meanwhile shows the one or the other, with its own count, text and start.
#[test]
fn a_scrape_shows_no_mix_of_a_row_s_two_series() {
    check(None, |space| {
        let family = probe::counters(space, 1);
        add_without(&family.bind(&["a"]).expect("room"), 5);
        let (changed, seen) = (Arc::clone(&family), Arc::clone(&family));
        crate::clock::modelled::NOW_MS.set(2000);
        together!(
            move || {
                changed.remove(&["a"]);
                probe::reclaim(&changed);
                add_without(&changed.bind(&["b"]).expect("room"), 1);
            },
            move || {
                for shown in scrape(&seen) {
                    match shown.label.as_str() {
                        "a" => assert_eq!((shown.total(), shown.created_ms), (5.0, 1000)),
                        label => {
                            assert_eq!((label, shown.created_ms), ("b", 2000));
                            assert!(shown.total() <= 1.0, "{shown:?}");
                        }
                    }
                }
            },
        );
        assert_eq!((total(&family, "a"), total(&family, "b")), (0.0, 1.0));
        assert_eq!(family.series_made(), 1, "the row was used again");
    });
}

/// A view that finds a new slab finds its cells.
#[test]
fn a_view_finds_a_slab_whole_or_not_at_all() {
    check(Some(3), |space| {
        let number = space.take(Tier::Private, 1).expect("room");
        let write = move || add(space, open(space), number, 1);
        together!(write, write, move || {
            let seen = [0, 1].map(|_| space.view().count(number).whole as f64);
            assert_rises(&seen, 2.0);
        });
        assert_eq!(space.view().count(number).whole, 2);
    });
}

/// Where the kernel promises no pages, a number and a slab that are made at once still meet: nobody who learns the
/// number, writer or scrape, touches a cell whose page was not asked for.
#[test]
fn a_cell_is_committed_in_a_slab_that_is_made_at_the_same_time() {
    check(Some(3), |space| {
        let published = &Arc::new(Mutex::new(None));
        let [make, write, read] = [0, 1, 2].map(|_| Arc::clone(published));
        together!(
            move || {
                let number = space.take(Tier::Private, 1);
                *make.lock().expect("no panic") = number;
            },
            move || {
                let slab = open(space);
                let number = *write.lock().expect("no panic");
                if let Some(number) = number {
                    add(space, slab, number, 1);
                }
            },
            move || {
                let number = *read.lock().expect("no panic");
                if let Some(number) = number {
                    assert!(space.view().count(number).whole <= 1);
                }
            },
        );
    });
}

/// The same for the number of a series' companion, which is made without a lock.
#[test]
fn a_companion_is_committed_in_a_slab_that_is_made_at_the_same_time() {
    check(None, |space| {
        let beside = space.take(Tier::Private, 1).expect("room");
        together!(
            move || {
                space.take_beside(beside).expect("room");
            },
            move || {
                open(space);
            },
        );
        let number = beside + 1;
        space.slabs().for_each(|slab| add(space, slab, number, 1));
        assert_eq!(space.view().count(number).whole, 1);
    });
}

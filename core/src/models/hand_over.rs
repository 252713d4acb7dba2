//! A slab goes from one writer to the next with its counts in place.

use super::*;
use crate::shard::numbering::Tier;

/// Whoever adopts a slab continues from the last count of whoever left it, and no view sees a count go or come twice.
#[test]
fn an_adopted_slab_loses_and_repeats_nothing() {
    check(Some(3), |space| {
        let number = space.take(Tier::Private, 1).expect("room");
        space.close(open(space));
        let write = move |n| {
            move || {
                let slab = open(space);
                add(space, slab, number, n);
                space.close(slab);
            }
        };
        together!(write(1), write(10), move || {
            let seen = [0, 1].map(|_| space.view().count(number).whole as f64);
            assert_rises(&seen, 11.0);
        });
        assert_eq!(space.view().count(number).whole, 11);
    });
}

/// With one slab left for two writers, the one without uses the shared cell, and both count.
#[test]
fn a_writer_without_a_slab_counts_beside_one_with() {
    check(Some(3), |space| {
        let number = space.take(Tier::Private, 1).expect("room");
        let _taken = open(space);
        let write = move || match space.open(Owner::Holder, CellEncoding::U64) {
            Some(slab) => {
                add(space, slab, number, 1);
                space.close(slab);
            }
            None => {
                cell::add_shared(space.shared(number), 1);
            }
        };
        together!(write, write, move || {
            let seen = [0, 1].map(|_| space.view().count(number).whole as f64);
            assert_rises(&seen, 2.0);
        });
        assert_eq!(space.view().count(number).whole, 2);
    });
}

//! A family is reset while its series are recorded to, removed and made again.

use super::*;
use crate::registry::probe;

/// What is added meanwhile counts before the reset or after it, once, and two resets are as one after the other.
#[test]
fn what_is_added_during_a_reset_is_before_or_after() {
    for private in [1, 0] {
        check(Some(2), move |space| {
            let family = probe::counters(space, private);
            let bound = Arc::new(family.bind(&["a"]).expect("room"));
            add_without(&bound, 1);
            let (adding, reset) = (Arc::clone(&bound), Arc::clone(&family));
            together!(
                move || {
                    add_without(&adding, 2);
                    add_without(&adding, 4);
                },
                move || {
                    reset.restart_all(2000);
                    assert!([0.0, 2.0, 4.0, 6.0].contains(&total(&reset, "a")));
                    reset.restart_all(3000);
                },
            );
            let left = total(&family, "a");
            assert!([0.0, 4.0, 6.0].contains(&left), "{left}");
            add_without(&bound, 8);
            assert_eq!(total(&family, "a"), left + 8.0);
            assert_eq!(scrape(&family)[0].created_ms, 3000);
        });
    }
}

/// A row that was found live goes to another series only after the reset has written to it: nothing is taken off the next.
#[test]
fn nothing_is_taken_off_the_series_that_has_the_row_next() {
    check(Some(3), |space| {
        let family = probe::counters(space, 1);
        add_without(&family.bind(&["a"]).expect("room"), 5);
        let (reset, removed) = (Arc::clone(&family), Arc::clone(&family));
        together!(move || reset.restart_all(2000), move || {
            removed.remove(&["a"]);
            probe::reclaim(&removed);
            add_without(&removed.bind(&["b"]).expect("room"), 9);
        });
        let left = total(&family, "b");
        assert!([0.0, 9.0].contains(&left), "{left}");
    });
}

//! A fork finds nobody inside: what others change within a section is whole when it happens.
//!
//! Loom has no forks, so a thread announces one, looks at what a child would have, and says that it is over.

use super::*;
use crate::sync::AtomicU64;
use crate::sync::fork::Gate;

/// Enters as a section does, and changes two words that belong together.
fn change(gate: &Gate, words: &[AtomicU64; 2]) {
    while !gate.try_enter(0, false) {
        gate.wait_until_over();
    }
    words.iter().for_each(|word| {
        // Relaxed: the gate is all that orders them.
        word.fetch_add(1, Relaxed);
    });
    gate.leave(0);
}

/// As a process that forks does: others may be inside before and after.
fn fork(gate: &Gate, words: &[AtomicU64; 2]) -> u64 {
    gate.announce();
    gate.wait_until_empty();
    // Relaxed: as above.
    let [first, second] = [0, 1].map(|at| words[at].load(Relaxed));
    assert_eq!(first, second, "a child would have half of a change");
    // A handler of the host's, on the thread that forks, may enter.
    assert!(gate.try_enter(0, true));
    gate.leave(0);
    gate.over();
    first
}

#[test]
fn a_child_has_all_of_a_change_or_nothing() {
    check(None, |_| {
        let gate = Arc::new((Gate::new(), [0, 0].map(AtomicU64::new)));
        let (changes, forks) = (Arc::clone(&gate), Arc::clone(&gate));
        together!(move || change(&changes.0, &changes.1), move || {
            let seen = fork(&forks.0, &forks.1);
            assert!(seen <= 1, "{seen}");
        });
    });
}

/// Two threads that fork wait for each other.
#[test]
fn forks_are_made_one_at_a_time() {
    check(None, |_| {
        let gate = Arc::new((Gate::new(), [0, 0].map(AtomicU64::new)));
        let forks = |of: &Arc<(Gate, [AtomicU64; 2])>| {
            let of = Arc::clone(of);
            move || {
                of.0.announce();
                of.0.wait_until_empty();
                // Relaxed: as in `change`. Not one step, so that a second fork meanwhile would show.
                let before = of.1[0].load(Relaxed);
                of.1[0].store(before + 1, Relaxed);
                of.0.over();
            }
        };
        together!(forks(&gate), forks(&gate));
        // Relaxed: as above.
        assert_eq!(gate.1[0].load(Relaxed), 2);
    });
}

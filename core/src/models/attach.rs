//! A host's own memory holds cells for a while: merges read it until it leaves, its copy after, and its successor's
//! memory begins with that copy.

use super::*;
use crate::shard::numbering::Tier;
use crate::sync::AtomicU64;
use std::ptr::NonNull;

/// A host that adds `n` in memory of its own and leaves. What it leaves behind is spoiled: to read it still, or to read
/// it beside the copy, shows.
fn host(space: &'static Space, number: CellId, memory: &AtomicU64, n: u64) {
    // SAFETY: the memory outlives the attachment, and only this thread writes it.
    let attached = unsafe { space.attach(CellEncoding::U64, number, NonNull::from(memory), 1) };
    cell::add_owned(memory, n);
    drop(attached);
    memory.store(1000, Relaxed);
}

/// One host after the other.
#[test]
fn a_host_s_counts_are_read_once_wherever_they_lie() {
    check(None, |space| {
        let number = space.take(Tier::Private, 1).expect("room");
        let memories = [0, 1].map(|_| AtomicU64::new(0));
        together!(
            move || {
                host(space, number, &memories[0], 1);
                host(space, number, &memories[1], 10);
            },
            move || {
                let seen = [0, 1].map(|_| space.view().count(number).whole as f64);
                assert_rises(&seen, 11.0);
            },
        );
        assert_eq!(space.view().count(number).whole, 11);
    });
}

/// Two hosts at once, one of which may continue what the other left.
#[test]
fn two_hosts_add_up() {
    check(Some(3), |space| {
        let number = space.take(Tier::Private, 1).expect("room");
        let [one, other] = [0, 1].map(|_| AtomicU64::new(0));
        together!(move || host(space, number, &one, 1), move || host(space, number, &other, 10), move || {
            let seen = [0, 1].map(|_| space.view().count(number).whole as f64);
            assert_rises(&seen, 11.0);
        },);
        assert_eq!(space.view().count(number).whole, 11);
    });
}

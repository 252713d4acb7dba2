//! Whose turn something is that one thread does at a time and nobody waits for.
//!
//! Upkeep drops what removed callbacks own in its turn. The host may take as long as it likes and wait for whom it likes, even
//! for a thread that forks, so a fork must not wait for it: a turn is no [`Section`](super::Section). Instead it knows the
//! thread that has it, and in a child a turn of a thread that the child does not have is nobody's. A callback that forks
//! ends the turn in both processes.

use super::fork::{is_gone, thread};
use super::{AtomicU64, Ordering::*};
use std::marker::PhantomData;

/// Taken or not.
pub(crate) struct Turn {
    /// The thread that has it, or 0.
    holder: AtomicU64,
}

/// Ends the turn when dropped, on the thread that took it.
pub(crate) struct Taken<'a> {
    turn: &'a Turn,
    _same_thread: PhantomData<*const ()>,
}

impl Turn {
    pub(crate) fn new() -> Turn {
        Turn { holder: AtomicU64::new(0) }
    }

    /// The turn, if nobody has it.
    pub(crate) fn take(&self) -> Option<Taken<'_>> {
        // Relaxed: only a guess that the exchange confirms.
        let holder = self.holder.load(Relaxed);
        if holder != 0 && !is_gone(holder) {
            return None;
        }
        // Acquire: what was done in the turn before is seen in this one. Relaxed where somebody else was quicker.
        self.holder.compare_exchange(holder, thread(), Acquire, Relaxed).ok()?;
        Some(Taken { turn: self, _same_thread: PhantomData })
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire above.
        self.turn.holder.store(0, Release);
    }
}

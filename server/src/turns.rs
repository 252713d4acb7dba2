//! Which scrapes render at the moment: as many as half of the machine's cores, in turn.
//!
//! Ten scrapes at once are to leave cores to the host's own work and to who asks `/health`. A scrape gives its turn up
//! while it waits for its reader, and after a while when others wait. A source that hangs in its turn delays others a
//! little, once each, and stops nobody.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A turn is passed on after this, if somebody waits: long against the passing, short against what anybody notices.
const SLICE: Duration = Duration::from_millis(2);

/// How long a scrape waits for its turn before it goes on without: longer than all others' slices.
const PATIENCE: Duration = Duration::from_millis(50);

/// The turns there are.
pub(crate) struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    free: usize,
    /// Those who wait, by number, the first in front.
    waiting: VecDeque<u64>,
    next: u64,
}

/// A scrape's part in the turns.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    /// Since when it has a turn.
    since: Option<Instant>,
    /// False once it waited in vain.
    waits: bool,
}

impl Turns {
    pub(crate) fn new(count: usize) -> Turns {
        let state = State { free: count.max(1), waiting: VecDeque::new(), next: 0 };
        Turns { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Of half of the cores.
    pub(crate) fn of_this_machine() -> Turns {
        Turns::new(std::thread::available_parallelism().map_or(1, |cores| cores.get() / 2))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Valid between any two steps.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn.
    pub(crate) fn begin(&self) -> Turn<'_> {
        let mut turn = Turn { turns: self, since: None, waits: true };
        turn.take();
        turn
    }
}

impl Turn<'_> {
    /// Waits for a turn if there is none.
    pub(crate) fn take(&mut self) {
        if self.since.is_some() || !self.waits {
            return;
        }
        let mut state = self.turns.state();
        let own = state.next;
        state.next += 1;
        state.waiting.push_back(own);
        let is_not_mine = |state: &mut State| state.free == 0 || state.waiting.front() != Some(&own);
        let waited = self.turns.changed.wait_timeout_while(state, PATIENCE, is_not_mine);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting.retain(|&waiting| waiting != own);
        if waited.timed_out() {
            self.waits = false;
        } else {
            state.free -= 1;
            self.since = Some(Instant::now());
        }
        if state.free > 0 && !state.waiting.is_empty() {
            self.turns.changed.notify_all();
        }
    }

    /// Gives the turn up.
    pub(crate) fn give(&mut self) {
        if self.since.take().is_some() {
            let mut state = self.turns.state();
            state.free += 1;
            if !state.waiting.is_empty() {
                self.turns.changed.notify_all();
            }
        }
    }

    /// Passes a turn on that has lasted, if somebody waits, and waits for the next.
    pub(crate) fn pass(&mut self) {
        let lasted = self.since.is_some_and(|since| since.elapsed() >= SLICE);
        if lasted && !self.turns.state().waiting.is_empty() {
            self.give();
            self.take();
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.give();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[test]
    fn as_many_as_there_are_turns_run_at_once_and_all_come_to_an_end() {
        let turns = Turns::new(2);
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut turn = turns.begin();
                    for step in 0..50 {
                        if turn.since.is_some() {
                            most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                            std::thread::yield_now();
                            running.fetch_sub(1, SeqCst);
                        }
                        match step % 3 {
                            0 => turn.pass(),
                            1 => turn.give(),
                            _ => turn.take(),
                        }
                    }
                });
            }
        });
        assert!((1..=2).contains(&most.load(SeqCst)), "{most:?}");
        assert_eq!(turns.state().free, 2);
        assert!(turns.state().waiting.is_empty());
    }

    #[test]
    fn who_waits_in_vain_goes_on_without() {
        let turns = Turns::new(1);
        let hangs = turns.begin();
        let mut other = turns.begin();
        assert!(hangs.since.is_some() && other.since.is_none());
        let begun = Instant::now();
        other.take();
        other.pass();
        assert!(begun.elapsed() < PATIENCE, "it waits once");
        drop(hangs);
        assert!(turns.begin().since.is_some());
    }

    #[test]
    fn a_turn_that_has_lasted_goes_to_who_has_waited_longest() {
        let turns = Turns::new(1);
        let order = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            let mut first = turns.begin();
            for number in 0..3 {
                let (turns, order) = (&turns, &order);
                scope.spawn(move || {
                    let mut turn = turns.begin();
                    order.lock().expect("no panic").push(number);
                    turn.give();
                });
                while turns.state().waiting.len() <= number {
                    std::thread::yield_now();
                }
            }
            std::thread::sleep(SLICE);
            first.pass();
            order.lock().expect("no panic").push(9);
        });
        assert_eq!(*order.lock().expect("no panic"), [0, 1, 2, 9]);
    }
}

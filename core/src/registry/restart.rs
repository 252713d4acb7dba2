//! Series that begin again while they live, or that began at another time than the clock of the engine says.
//!
//! A reset takes nothing from any cell: what the series held is kept beside it and taken off wherever it is read, so a
//! writer that adds meanwhile loses nothing. Few series have a start kept; the others pay one bit.

use super::Registry;
use super::bound::Slot;
use super::family::Core;
use super::series::{LIVE, Record, STATE};
use super::spec::Cells;
use crate::clock::now_ms;
use crate::merge::distribution::Distribution;
use crate::shard::view::View;
use crate::sync::{Ordering::*, held, lifetime};
use std::sync::Arc;

/// It has a start of its own, kept beside the rows.
pub(crate) const RESTARTED: u32 = 64;

/// Series that are reset in one hold of the ledger.
const BATCH: u32 = 64;

/// Where a series' numbers begin.
#[derive(Clone, Default)]
pub(crate) struct Start {
    /// The process whose cells held what is taken off: those of a forked child began again from zero.
    lifetime: u64,
    whole: u64,
    part: f64,
    distribution: Option<Distribution>,
    /// Unix time in milliseconds, if it is not the row's.
    pub(super) began_ms: Option<u64>,
    /// How often the series was reset: what was remembered of it under another number is of another count.
    pub(crate) round: u32,
}

impl Core {
    /// Begins the series again at zero, at this time. The caller holds the series.
    pub(crate) fn restart(&self, slot: Slot, began_ms: u64) {
        self.restart_within(&self.space.view(), slot, began_ms);
    }

    /// As [`restart`](Self::restart). While the ledger is held no row is given to another series, so one that was live
    /// under this view needs no holder.
    fn restart_within(&self, view: &View<'_>, slot: Slot, began_ms: u64) {
        let record = self.record(slot);
        // One at a time, from the reading on: of two resets, the one that read first must not have the last word. Taken
        // behind the ledger, as whatever a merge asks for.
        let turn = held(self.side.restarting.lock());
        let mut start = Start { lifetime: lifetime(), began_ms: Some(began_ms), ..Start::default() };
        match self.spec.cells {
            Cells::Count => (start.whole, start.part) = self.counted(view, record),
            Cells::Buckets => start.distribution = Some(self.read_all(view, record, &mut Vec::new())),
            // Levels are set, not taken off from.
            Cells::Signed | Cells::Float | Cells::States | Cells::Text => return,
        }
        self.change_start(slot, |kept| *kept = Start { round: kept.round.wrapping_add(1), ..start });
        drop(turn);
        held(self.side.windows.lock()).remove(&slot);
    }

    /// Says when the series began.
    pub(crate) fn began(&self, slot: Slot, began_ms: u64) {
        self.change_start(slot, |start| start.began_ms = Some(began_ms));
    }

    fn change_start(&self, slot: Slot, change: impl FnOnce(&mut Start)) {
        self.side.change_start(slot, change);
        // Release: whoever sees the flag finds the start.
        self.rows.row(slot)[STATE].fetch_or(RESTARTED, Release);
    }

    /// Where a series' numbers begin, if it is not where its row does. Looked at before its cells are read: then they hold at
    /// least what is taken off, and a reset that comes meanwhile is after the reading.
    #[inline]
    pub(crate) fn start(&self, record: Record<'_>) -> Option<Arc<Start>> {
        // Acquire: pairs with the Release of whoever kept the start.
        match self.rows.row(record.slot)[STATE].load(Acquire) & RESTARTED {
            0 => None,
            _ => self.side.start(record.slot),
        }
    }

    /// Begins every live series again.
    pub(crate) fn restart_all(&self, began_ms: u64) {
        // Gauges keep their level, and have no start that anybody prints.
        if !matches!(self.spec.cells, Cells::Count | Cells::Buckets) {
            return;
        }
        let made = self.rows.len();
        let mut from: Slot = 0;
        while from < made {
            let to = made.min(from.saturating_add(BATCH));
            let view = self.space.view();
            for slot in (from..to).filter(|slot| self.state(*slot) & LIVE != 0) {
                self.restart_within(&view, slot, began_ms);
                // They are of what an operator wants to see no more. One series that its program begins again keeps them, as it does
                // in prometheus_client.
                self.side.forget_exemplars(slot, self.exemplar_places());
            }
            from = to;
        }
    }
}

impl Registry {
    /// Begins every counter, histogram and summary again at zero, now. Gauges keep their level, and handles keep working.
    /// What is recorded meanwhile counts before or after, once. Series that are made meanwhile, and what collectors tell,
    /// stay as they are.
    ///
    /// ```
    /// let registry = tykmetrics::Registry::new();
    /// let jobs = registry.counter("jobs_total", "Jobs").register()?;
    /// let busy = registry.gauge("busy", "Busy").register()?;
    /// jobs.add(3);
    /// busy.set(3.0);
    /// registry.reset();
    /// jobs.inc();
    /// assert_eq!((jobs.value(), busy.value()), (1.0, 3.0));
    /// # Ok::<(), tykmetrics::Error>(())
    /// ```
    pub fn reset(&self) {
        let families = self.families();
        // What a callback would tell now is before the reset, whether or not somebody scraped since.
        let failures: u64 = families.iter().map(|family| family.ask_callbacks()).sum();
        // Relaxed: a count that is only shown.
        self.inner.scrapes.failures.fetch_add(failures, Relaxed);
        let now = now_ms();
        families.iter().for_each(|family| family.restart_all(now));
    }
}

impl Start {
    fn is_of_this_process(&self) -> bool {
        self.lifetime == lifetime()
    }

    /// A counter's sum without what it held when it was reset.
    pub(crate) fn since(&self, (whole, part): (u64, f64)) -> (u64, f64) {
        if !self.is_of_this_process() || (self.whole, self.part) == (0, 0.0) {
            return (whole, part);
        }
        let (wholes, parts) = (whole.wrapping_sub(self.whole) as i64, part - self.part);
        if wholes >= 0 && parts >= 0.0 {
            return (wholes as u64, parts);
        }
        let left = wholes as f64 + parts;
        let before = self.whole as f64 + self.part;
        if left < 0.0 && left.abs() > before.abs() * ROUNDING {
            // Only what a callback tells goes down: it began again.
            return (whole, part);
        }
        if wholes <= 0 {
            return (0, left.max(0.0));
        }
        // Fractions became whole, as the sums of floats do: they are borrowed back.
        let borrowed = (-parts).ceil().max(0.0);
        ((wholes as u64).saturating_sub(borrowed as u64), parts + borrowed)
    }

    /// A histogram's counts without what it held when it was reset.
    pub(crate) fn distribution_since(&self, all: Distribution) -> Distribution {
        match &self.distribution {
            Some(before) if self.is_of_this_process() => all.delta(before),
            _ => all,
        }
    }
}

/// What sums of floats that are put together in another order differ by, at most: some bits of 53.
const ROUNDING: f64 = 1e-12;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::merge::snapshot::Value;
    use crate::record::sealed::Sealed;
    use crate::shape::Store;
    use std::time::Duration;

    fn start(whole: u64, part: f64) -> Start {
        Start { lifetime: lifetime(), whole, part, ..Start::default() }
    }

    #[test]
    fn what_came_since_is_the_difference_of_the_sums() {
        assert_eq!(start(3, 0.5).since((5, 0.75)), (2, 0.25));
        // The fraction became whole.
        assert_eq!(start(2, 0.5).since((3, 0.0)), (0, 0.5));
        assert_eq!(start(2, 0.75).since((9, 0.25)), (6, 0.5));
        // Nothing came, and floats were added up in another order.
        assert_eq!(start(7, 0.3).since((7, 0.1 + 0.2)), (0, 0.1 + 0.2 - 0.3));
        assert_eq!(start(7, 0.1 + 0.2).since((7, 0.3)), (0, 0.0));
        // What a callback tells began again.
        assert_eq!(start(0, 90.0).since((0, 4.0)), (0, 4.0));
        // Another process's cells.
        assert_eq!(Start { lifetime: lifetime() + 1, ..start(3, 0.0) }.since((1, 0.0)), (1, 0.0));
    }

    /// What was taken off a series, and what it shows, add up to what was recorded, in every tier and store.
    #[test]
    fn what_was_before_a_reset_and_what_came_after_are_all() {
        const ADDS: u64 = 60_000;
        let registry = Registry::new();
        let jobs =
            registry.counter("jobs_total", "Jobs").label_names(["n"]).private_series(1).register().expect("a name");
        let [private, shared] = ["private", "shared"].map(|n| jobs.with(&[n]).expect("one label"));
        let paged = registry.histogram("paged", "Paged").register().expect("a name");
        let compact = registry.histogram("compact", "Compact").store(Store::Compact).register().expect("a name");
        let sizes = registry.summary("sizes", "Sizes").window(Duration::from_millis(100)).register().expect("a name");
        let record = || {
            for n in 0..ADDS {
                private.inc();
                shared.add(2);
                // Whole, so that sums are exact in any order.
                let value = (1 + n % 4) as f64;
                paged.observe(value);
                compact.observe(value);
                sizes.observe(value);
            }
        };
        let mut resets = 0;
        std::thread::scope(|scope| {
            let writers = [(); 2].map(|()| scope.spawn(record));
            let other = scope.spawn(|| (0..50).for_each(|_| registry.reset()));
            while !other.is_finished() || writers.iter().any(|writer| !writer.is_finished()) {
                registry.reset();
                // Scrapes slide the summary's window and promote what is hot meanwhile.
                let _ = registry.snapshot();
                resets += 1;
            }
        });
        assert!(resets > 0);
        for (counter, all) in [(&private, 2 * ADDS), (&shared, 4 * ADDS)] {
            let bound = counter.bound();
            let taken = bound.family.side.start(bound.slot).expect("it was reset").whole;
            assert_eq!(taken + counter.whole(), all);
            assert!(taken > 0, "something was there at one of {resets} resets");
        }
        for bound in [paged.bound(), compact.bound(), sizes.bound()] {
            let taken = bound.family.side.start(bound.slot).and_then(|start| start.distribution.clone());
            let (mut taken, left) = (taken.expect("it was reset"), bound.family.distribution_now(bound.slot));
            taken.merge(&left).expect("one shape");
            assert_eq!((taken.count(), taken.sum()), (2 * ADDS, 5.0 * ADDS as f64), "{}", bound.family.meta.name);
        }
    }

    /// A scrape that began before a reset may put back a window over what was counted then.
    #[test]
    fn a_window_of_what_was_counted_before_a_reset_is_not_gone_on_with() {
        let registry = Registry::new();
        let window = Duration::from_millis(100);
        let sizes = registry.summary("sizes", "Sizes").quantiles([0.5]).window(window).register().expect("a name");
        (0..10).for_each(|_| sizes.observe(100.0));
        let median = || match registry.snapshot().families[0].series().next().expect("a series").value() {
            Value::Summary(quantiles) => quantiles.values[0].1,
            other => panic!("{other:?}"),
        };
        std::thread::sleep(window);
        median();
        let bound = sizes.bound();
        let windows = || held(bound.family.side.windows.lock());
        let old = windows().remove(&bound.slot).expect("a window");
        registry.reset();
        windows().insert(bound.slot, old);
        std::thread::sleep(2 * window);
        (0..12).for_each(|_| sizes.observe(100.0));
        (0..5).for_each(|_| sizes.observe(1.0));
        // Less the ten of before, the small ones would be most.
        assert!(median() > 90.0);
    }
}

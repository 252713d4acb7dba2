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
use crate::sync::{Ordering::*, held};

/// It has a start of its own, kept beside the rows.
pub(crate) const RESTARTED: u32 = 64;

/// Where a series' numbers begin.
#[derive(Clone, Default)]
pub(crate) struct Start {
    /// The process whose cells held what is taken off: those of a forked child began again from zero.
    process: u32,
    whole: u64,
    part: f64,
    distribution: Option<Distribution>,
    /// Unix time in milliseconds, if it is not the row's.
    pub(super) began_ms: Option<u64>,
}

impl Start {
    fn is_of_this_process(&self) -> bool {
        self.process == std::process::id()
    }
}

impl Core {
    /// Begins the series again at zero, at this time.
    pub(crate) fn restart(&self, slot: Slot, began_ms: u64) {
        let mut start = Start { process: std::process::id(), began_ms: Some(began_ms), ..Start::default() };
        let (view, record) = (self.space.view(), self.record(slot));
        match self.spec.cells {
            Cells::Count => (start.whole, start.part) = self.counted(&view, record),
            Cells::Buckets => start.distribution = Some(self.read_all(&view, record, &mut Vec::new())),
            // Levels are set, not taken off from.
            Cells::Signed | Cells::Float | Cells::States | Cells::Text => {}
        }
        drop(view);
        held(self.side.windows.lock()).remove(&slot);
        self.keep_start(slot, start);
    }

    /// Says when the series began.
    pub(crate) fn began(&self, slot: Slot, began_ms: u64) {
        let start = self.side.start(slot).unwrap_or_default();
        self.keep_start(slot, Start { began_ms: Some(began_ms), ..start });
    }

    fn keep_start(&self, slot: Slot, start: Start) {
        self.side.keep_start(slot, start);
        // Release: whoever sees the flag finds the start.
        self.rows.row(slot)[STATE].fetch_or(RESTARTED, Release);
    }

    /// Where a series' numbers begin, if it was reset in this process. Looked at before its cells are read: then they hold at
    /// least what is taken off, and a reset that comes meanwhile is after the reading.
    #[inline]
    pub(crate) fn start(&self, record: Record<'_>) -> Option<Start> {
        // Acquire: pairs with the Release of whoever kept the start.
        match self.rows.row(record.slot)[STATE].load(Acquire) & RESTARTED {
            0 => None,
            _ => self.side.start(record.slot).filter(Start::is_of_this_process),
        }
    }
}

impl Registry {
    /// Begins every counter, histogram and summary again at zero, now. Gauges keep their level, and handles keep working.
    pub fn reset(&self) {
        let now = now_ms();
        for family in self.families().iter() {
            for slot in 0..family.rows.len() {
                if family.state(slot) & LIVE != 0 {
                    family.restart(slot, now);
                }
            }
        }
    }
}

impl Start {
    /// A counter's sum without what it held when it was reset.
    pub(crate) fn since(&self, (whole, part): (u64, f64)) -> (u64, f64) {
        (whole.saturating_sub(self.whole), (part - self.part).max(0.0))
    }

    /// A histogram's counts without what it held when it was reset.
    pub(crate) fn distribution_since(&self, all: Distribution) -> Distribution {
        match &self.distribution {
            Some(before) => all.delta(before),
            None => all,
        }
    }
}

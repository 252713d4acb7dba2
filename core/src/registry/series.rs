//! One series: its row in the family's table, what it tells, and what holds it.
//!
//! A row is a few words: flags and handles in one, leases, cell number, companion, start, and a word per label. It is
//! written under the family's lock when the series is made, read by scrapes without one, and used again when nothing
//! holds the series any more.

use super::bound::Slot;
use super::family::Core;
use super::restart::{RESTARTED, Start};
use crate::clock::steady_ms;
use crate::merge::snapshot::Text;
use crate::shard::cell::CellId;
use crate::sync::{AtomicU32, Ordering::*, Section};

// The words of a row.
pub(super) const STATE: usize = 0;
pub(super) const LEASES: usize = 1;
pub(super) const CELL: usize = 2;
pub(super) const COMPANION: usize = 3;
pub(super) const CREATED: usize = 4;
pub(super) const LABELS: usize = 5;

// The flags in a row's state; the handles are counted above them.
/// It is in the index and is rendered.
pub(crate) const LIVE: u32 = 1;
/// It was removed because it was idle: what reaches it late still counts.
pub(super) const EXPIRED: u32 = 2;
/// It is the overflow series.
pub(crate) const OVERFLOW: u32 = 4;
/// A private cell was added; `Side` knows its number.
pub(super) const PROMOTED: u32 = 8;
/// So many handles were counted that the count may have wrapped: never recycled.
pub(super) const PINNED: u32 = 16;
/// A callback answers for it; `Side` knows what it said.
pub(crate) const ANSWERED: u32 = 32;
/// One handle.
pub(super) const HANDLE: u32 = 1 << 8;
/// Handles at which a series is pinned, far from where 24 bits wrap.
const PIN_AT: u32 = HANDLE << 22;

/// Adds to one shared cell between two signs that it is hot.
const HEAT: u64 = 1 << 14;
/// Ticks a second of a series' start: 1/32 s for four years in a u32, which then stays at its end.
const TICKS_NUM: u64 = 4;
const TICK_MS_DEN: u64 = 125;

/// A series' row, to be read.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) slot: Slot,
    words: &'a [AtomicU32],
}

impl<'a> Record<'a> {
    /// The flags, and the handles above them.
    #[inline]
    pub(crate) fn state(&self) -> u32 {
        // Acquire: pairs with the Release that made the series live, and with the one that promoted it.
        self.words[STATE].load(Acquire)
    }

    /// True if `state`, its own, and the row say that its value is in one number's cells and whole.
    #[inline]
    pub(crate) fn is_plain_counter(&self, state: u32) -> bool {
        state & (PROMOTED | OVERFLOW | ANSWERED | RESTARTED) == 0 && self.companion() == 0
    }

    /// The number the series was made with.
    #[inline]
    pub(crate) fn first_number(&self) -> CellId {
        // Relaxed: written before the series was published.
        self.words[CELL].load(Relaxed)
    }

    /// The number of the cell for fractional adds, 0 if there were none.
    #[inline]
    pub(crate) fn companion(&self) -> CellId {
        // Relaxed: only the number is exchanged; its cells were zero from the start.
        self.words[COMPANION].load(Relaxed)
    }

    /// When the series began, as the family's [`tick`](Core::tick) has it.
    #[inline]
    pub(crate) fn tick(&self) -> u32 {
        // Relaxed: written before the series was published.
        self.words[CREATED].load(Relaxed)
    }

    /// The numbers of the label values.
    #[inline]
    pub(super) fn word_numbers(self) -> impl Iterator<Item = u32> + use<'a> {
        // Relaxed: written before the series was published.
        self.words[LABELS..].iter().map(|word| word.load(Relaxed))
    }
}

/// How a found series is held.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Hold {
    Handle,
    Lease,
}

impl Core {
    /// Rows that were ever made.
    pub(crate) fn series_made(&self) -> u32 {
        self.rows.len()
    }

    /// What a row says of its series.
    #[inline]
    pub(crate) fn record(&self, slot: Slot) -> Record<'_> {
        Record { slot, words: self.rows.row(slot) }
    }

    /// The private number that a series was given later, if it was.
    #[inline]
    pub(crate) fn promoted(&self, record: Record<'_>) -> Option<CellId> {
        (record.state() & PROMOTED != 0).then(|| self.side.promoted(record.slot)).flatten()
    }

    /// The address of a series' state, for hosts that hold the series and look at its flags.
    #[cfg(not(loom))]
    pub(super) fn state_word(&self, slot: Slot) -> *const u32 {
        self.rows.row(slot)[STATE].as_ptr()
    }

    // ---- holding ----------------------------------------------------------------------------------------------

    pub(super) fn state(&self, slot: Slot) -> u32 {
        self.record(slot).state()
    }

    pub(super) fn hold_as(&self, slot: Slot, hold: Hold) {
        match hold {
            Hold::Handle => self.hold(slot),
            Hold::Lease => {
                // Relaxed: made under the stripe's lock, which a removal takes too.
                self.rows.row(slot)[LEASES].fetch_add(1, Relaxed);
            }
        }
    }

    /// One more handle.
    pub(crate) fn hold(&self, slot: Slot) {
        let state = &self.rows.row(slot)[STATE];
        // Relaxed: as for a reference count, a new handle is made from one that exists or under the stripe's lock.
        if state.fetch_add(HANDLE, Relaxed) >= PIN_AT {
            state.fetch_or(PINNED, Relaxed);
        }
    }

    /// One handle less.
    pub(crate) fn let_go(&self, slot: Slot) {
        // Release: what the handle wrote comes before the series is found free.
        self.rows.row(slot)[STATE].fetch_sub(HANDLE, Release);
    }

    /// One lease less.
    pub(crate) fn end_lease(&self, slot: Slot) {
        // Release: as in `let_go`.
        self.rows.row(slot)[LEASES].fetch_sub(1, Release);
    }

    // ---- reading a row ----------------------------------------------------------------------------------------

    /// The number of the series' first cell; of its private one, once it was promoted.
    pub(crate) fn number(&self, slot: Slot) -> CellId {
        let record = self.record(slot);
        self.promoted(record).unwrap_or_else(|| record.first_number())
    }

    /// The number of the cell for fractional adds, after giving the series one if it has none. Waits for nobody. 0 if there is no memory.
    pub(crate) fn companion_or_new(&self, slot: Slot) -> CellId {
        let record = self.record(slot);
        let known = record.companion();
        if known != 0 {
            return known;
        }
        let Some(fresh) = self.space.take_beside(record.first_number()) else { return 0 };
        // Relaxed: only the number is exchanged; its cells were zero from the start. A loser's number stays unused: it is one cell, once in a series' life.
        match record.words[COMPANION].compare_exchange(0, fresh, Relaxed, Relaxed) {
            Ok(_) => fresh,
            Err(winner) => winner,
        }
    }

    /// A counter's callback said a value, to be added to what was counted.
    pub(super) fn answered(&self, slot: Slot, value: f64) {
        self.side.answered(slot, value);
        // Release: whoever sees the flag finds the answer.
        self.rows.row(slot)[STATE].fetch_or(ANSWERED, Release);
    }

    /// The series has no cells any more.
    pub(super) fn forget_cells(&self, slot: Slot) {
        let row = self.rows.row(slot);
        // Relaxed: the ledger is held alone, and the row is not in the index.
        row[CELL].store(0, Relaxed);
        row[COMPANION].store(0, Relaxed);
    }

    /// When the series began, Unix time in milliseconds. `start` is its own, as it was when its cells were read.
    pub(crate) fn created_ms(&self, record: Record<'_>, start: Option<&Start>) -> u64 {
        let said = start.and_then(|start| start.began_ms);
        said.unwrap_or_else(|| self.birth_ms + u64::from(record.tick()) * TICK_MS_DEN / TICKS_NUM)
    }

    /// The label values of a series that cannot be recycled while this is used.
    #[inline]
    pub(crate) fn label_texts<'a>(&'a self, record: Record<'a>) -> impl Iterator<Item = Text<'a>> {
        record.word_numbers().map(|word| self.words.text(word))
    }

    /// Copies of the label values of a held series.
    pub(crate) fn label_values(&self, slot: Slot) -> Vec<String> {
        let record = self.record(slot);
        if record.state() & OVERFLOW != 0 {
            return Vec::new();
        }
        self.label_texts(record).map(|text| text.raw.to_owned()).collect()
    }

    // ---- signs ------------------------------------------------------------------------------------------------

    /// A shared cell of a series held `before` and was added to: now and then that is a sign that it is hot. Tells
    /// whether it was one; then is also the time to look for private cells that the series was given.
    #[inline]
    pub(crate) fn warm(&self, slot: Slot, before: u64, n: u64) -> bool {
        let warm = (before ^ before.wrapping_add(n)) >= HEAT;
        if warm {
            self.warmed(slot);
        }
        warm
    }

    #[cold]
    fn warmed(&self, slot: Slot) {
        // A thread that is gone in the middle of this would have a child wait at the queue.
        if let Some(queue) = self.hot.get()
            && let Some(_whole) = Section::try_enter()
        {
            // A full queue and a fork drop the sign: the series is hot, so there will be another.
            let _ = queue.push(slot);
        }
    }

    /// Counts a record whose value cannot be counted.
    #[cold]
    pub(crate) fn count_invalid(&self) {
        // Relaxed: a count that is only shown.
        self.invalid.fetch_add(1, Relaxed);
    }

    /// The time as a series' start has it.
    pub(crate) fn tick(&self) -> u32 {
        let ticks = steady_ms().saturating_sub(self.birth_ms) * TICKS_NUM / TICK_MS_DEN;
        u32::try_from(ticks).unwrap_or(u32::MAX)
    }
}

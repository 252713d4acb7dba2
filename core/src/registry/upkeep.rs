//! What a family does now and then, at the start of a scrape: ask its callbacks, give hot series a private cell, let
//! idle ones expire, and take back what nobody holds any more.
//!
//! None of this is on the record path, and none of it waits for a writer: a writer with an old handle goes on adding to
//! the cells it knows, which stay its series' until the handle is gone.

use super::Registry;
use super::bound::Slot;
use super::family::Core;
use super::series::{ANSWERED, EXPIRED, HANDLE, LEASES, LIVE, OVERFLOW, PINNED, PROMOTED, STATE};
use super::side::{Callback, Seen};
use super::spec::Cells;
use crate::clock::steady_ms;
use crate::shard::cell;
use crate::shard::numbering::Tier;
use crate::shard::{ledger::Alone, view::View};
use crate::sync::{Ordering::*, Section, held, is_outside};
use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

/// Signs of heat between two scrapes that make a shared series private: some 32,000 adds, which at 5 ns each is when
/// the lock prefix has cost a tenth of a millisecond.
const HOT: u32 = 2;
/// Series whose cells are read or zeroed in one hold of the ledger, so that a scrape or a maker never waits long.
const BATCH: usize = 512;

/// The cells of a series, merged: what kind of number each holds, and the number.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Merged {
    Whole(u64),
    /// A sum or a companion.
    Float(f64),
    /// A value that is set, not added to.
    Level(u64),
}

impl Registry {
    /// Asks callbacks, promotes, expires and reclaims, as the start of every scrape does. Worth calling by itself only
    /// where nobody scrapes.
    pub fn upkeep(&self) {
        let families = self.families();
        let failures: u64 = families.iter().map(|family| family.ask_callbacks()).sum();
        // Relaxed: a count that is only shown.
        self.inner.scrapes.failures.fetch_add(failures, Relaxed);
        self.maintain();
    }

    /// Promotes, expires and reclaims: [`upkeep`](Self::upkeep) for a scrape that takes the families one by one, each of
    /// which asks its callbacks then.
    pub fn maintain(&self) {
        let families = self.families();
        // Whoever finds another at the rest has nothing to do.
        let Some(_keeping) = self.inner.keeping.take() else { return };
        let now = steady_ms();
        families.iter().for_each(|family| family.upkeep(now));
        let unlisted: Vec<Arc<Core>> = {
            let mut unlisted = held(self.inner.unlisted.lock());
            unlisted.retain(|family| family.strong_count() > 0);
            unlisted.iter().filter_map(Weak::upgrade).collect()
        };
        unlisted.iter().for_each(|family| family.reclaim_once());
    }
}

impl Core {
    /// One round, unless somebody else is at it. No lock is held when it begins.
    pub(super) fn upkeep(self: &Arc<Self>, now_ms: u64) {
        let Some(_keeping) = self.keeping.take() else { return };
        self.promote_hot();
        if let Some(ttl) = self.spec.expire_after {
            self.expire(now_ms, ttl.as_millis() as u64);
        }
        self.reclaim();
    }

    /// Takes back what nobody holds, unless somebody else is at it.
    pub(super) fn reclaim_once(self: &Arc<Self>) {
        if let Some(_keeping) = self.keeping.take() {
            self.reclaim();
        }
    }

    /// Reads what functions of the host tell, holding no lock: several scrapes may ask at once. Tells how many failed.
    pub(crate) fn ask_callbacks(&self) -> u64 {
        let mut failures = 0;
        for (slot, callback) in self.side.callbacks() {
            debug_assert!(is_outside(), "a callback is asked while no lock is held");
            // A callback is the host's code: its panic must not reach the scrape.
            let Ok(value) = catch_unwind(AssertUnwindSafe(|| callback())) else {
                failures += 1;
                continue;
            };
            match self.spec.cells {
                // A counter's answer stands beside what was counted.
                Cells::Count if !(value >= 0.0 && value.is_finite()) => self.count_invalid(),
                Cells::Count => self.answered(slot, value),
                _ => {
                    // Relaxed: a value by itself.
                    self.space.shared(self.number(slot)).store(value.to_bits(), Relaxed);
                    // Relaxed: says that it does not expire.
                    self.rows.row(slot)[STATE].fetch_or(ANSWERED, Relaxed);
                }
            }
        }
        failures
    }

    // ---- promotion --------------------------------------------------------------------------------------------

    fn promote_hot(&self) {
        let Some(queue) = self.hot.get() else { return };
        let mut signs: HashMap<Slot, u32> = HashMap::new();
        for _ in 0..queue.capacity() {
            let _whole = Section::enter();
            let Some(slot) = queue.pop() else { break };
            *signs.entry(slot).or_default() += 1;
        }
        signs.into_iter().filter(|(_, signs)| *signs >= HOT).for_each(|(slot, _)| {
            self.promote(slot);
        });
    }

    /// Gives a shared series private cells beside its shared ones. Handles made before keep adding to the shared ones;
    /// the scrape adds both up. False if it has some, or there are none left.
    pub(crate) fn promote(&self, slot: Slot) -> bool {
        let private = self.space.layout().private();
        let state = self.state(slot);
        if state & LIVE == 0 || state & PROMOTED != 0 || self.record(slot).first_number() < private {
            return false;
        }
        // A child has it promoted, or not.
        let _whole = Section::enter();
        let Some(number) = self.space.take(Tier::Private, self.width()) else { return false };
        if number >= private {
            self.space.recycle(&self.space.alone(), number, self.width());
            return false;
        }
        self.side.promote(slot, number);
        // Release: whoever sees the flag finds the number.
        self.rows.row(slot)[STATE].fetch_or(PROMOTED, Release);
        self.changed();
        true
    }

    // ---- expiry -----------------------------------------------------------------------------------------------

    pub(super) fn expire(&self, now_ms: u64, ttl_ms: u64) {
        let mut idle = Vec::new();
        let slots: Vec<Slot> = (0..self.rows.len()).collect();
        for batch in slots.chunks(BATCH) {
            let view = self.space.view();
            let mut seen = held(self.side.seen.lock());
            for &slot in batch {
                let state = self.state(slot);
                // A series that somebody holds may be recorded to at any time.
                if state & LIVE == 0 || state & (OVERFLOW | ANSWERED) != 0 || state >= HANDLE {
                    seen.remove(&slot);
                    continue;
                }
                let cells = self.merged(&view, slot);
                let print = fingerprint(&cells);
                let last = seen.entry(slot).or_insert(Seen { print, since_ms: now_ms });
                if last.print != print {
                    *last = Seen { print, since_ms: now_ms };
                } else if now_ms.saturating_sub(last.since_ms) >= ttl_ms {
                    idle.push((slot, self.label_values(slot), cells));
                }
            }
        }
        for (slot, labels, cells) in idle {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            // What the series held when it was found idle is remembered first: a thread whose cache still knows the
            // series may be adding to it right now, and `fold_late` counts whatever came since.
            held(self.side.expired.lock())
                .insert(slot, (std::process::id(), cells.iter().map(|c| c.to_bits()).collect()));
            if !self.take_out(&labels, Some(slot)) {
                held(self.side.expired.lock()).remove(&slot);
            }
            held(self.side.seen.lock()).remove(&slot);
        }
    }

    /// Has what a series counted since it began go to the series that its labels are looked up as, once it is out of the
    /// index. What was there when it was reset goes nowhere.
    #[cfg(feature = "hygiene")]
    pub(super) fn leave_to_heir(&self, slot: Slot) {
        let before = match self.state(slot) & super::restart::RESTARTED {
            0 => Vec::new(),
            _ => self.merged(&self.space.view(), slot).iter().map(|cell| cell.to_bits()).collect(),
        };
        held(self.side.expired.lock()).insert(slot, (std::process::id(), before));
    }

    /// Adds what reached an expired series after it was found idle to the series that has its labels now.
    fn fold_late(self: &Arc<Self>, slot: Slot) {
        let Some((process, before)) = held(self.side.expired.lock()).get(&slot).cloned() else { return };
        // A forked child's cells began again from zero.
        let before = if process == std::process::id() { before } else { Vec::new() };
        let now = self.merged(&self.space.view(), slot);
        let bits: Vec<u64> = now.iter().map(|c| c.to_bits()).collect();
        if bits == before {
            return;
        }
        let labels = self.label_values(slot);
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let Ok(heir) = self.bind(&labels) else { return };
        // Whole counts first and sums after, as records do.
        for floats in [false, true] {
            for (offset, (cell, before)) in
                now.iter().zip(before.iter().copied().chain(std::iter::repeat(0))).enumerate()
            {
                let companion = offset as u32 == self.width();
                let target = match companion {
                    false => self.record(heir.slot).first_number() + offset as u32,
                    true => self.companion_or_new(heir.slot),
                };
                let shared = self.space.shared(target);
                match *cell {
                    Merged::Whole(n) if !floats => {
                        cell::add_shared(shared, n.wrapping_sub(before));
                    }
                    Merged::Float(v) if floats => cell::add_shared_sum(shared, v - f64::from_bits(before)),
                    // Relaxed: a value by itself.
                    Merged::Level(bits) if !floats && bits != before => shared.store(bits, Relaxed),
                    _ => {}
                }
            }
        }
        held(self.side.expired.lock()).insert(slot, (std::process::id(), bits));
    }

    /// The cells of a series, merged; its companion last.
    fn merged(&self, view: &View<'_>, slot: Slot) -> Vec<Merged> {
        let record = self.record(slot);
        let (first, promoted) = (record.first_number(), self.promoted(record));
        let mut cells: Vec<Merged> = (0..self.width())
            .map(|offset| match self.spec.cells {
                Cells::Float | Cells::States | Cells::Text => Merged::Level(view.count(first + offset).whole),
                Cells::Buckets if self.shape.as_ref().is_some_and(|s| s.sum_cells().contains(&offset)) => {
                    // A sum lies before the buckets of its page and is read before them, so that no value reaches the
                    // heir's sum before its bucket.
                    let more = promoted.map_or(0.0, |number| view.histogram_sum(number + offset));
                    Merged::Float(view.histogram_sum(first + offset) + more)
                }
                Cells::Count | Cells::Signed | Cells::Buckets => {
                    let more = promoted.map_or(0, |number| view.count(number + offset).whole);
                    Merged::Whole(view.count(first + offset).whole.wrapping_add(more))
                }
            })
            .collect();
        let companion = record.companion();
        if companion != 0 {
            cells.push(Merged::Float(view.float(companion)));
        }
        cells
    }

    // ---- reclaiming -------------------------------------------------------------------------------------------

    /// Takes back the cells and the text of removed series that nothing holds.
    pub(super) fn reclaim(self: &Arc<Self>) {
        let mut upto = held(self.growth.lock()).removed.len();
        while upto > 0 {
            let from = upto.saturating_sub(BATCH);
            let callbacks = self.reclaim_some(from..upto);
            debug_assert!(callbacks.is_empty() || is_outside(), "the host's code is dropped where no lock is held");
            drop(callbacks);
            upto = from;
        }
    }

    /// As [`reclaim`](Self::reclaim), of those at these places in the list of the removed. A child has it done, or not
    /// begun. Gives the callbacks that are to be dropped.
    fn reclaim_some(self: &Arc<Self>, places: Range<usize>) -> Vec<Callback> {
        let _whole = Section::enter();
        let removed = held(self.growth.lock()).removed[places.clone()].to_vec();
        let is_expired = |slot: &&Slot| self.state(**slot) & EXPIRED != 0;
        removed.iter().filter(is_expired).for_each(|slot| self.fold_late(*slot));
        let free: Vec<(usize, Slot)> = places.zip(removed).filter(|(_, slot)| self.is_free(*slot)).collect();
        if free.is_empty() {
            return Vec::new();
        }
        // An expired series that became free since it was folded has had its last add before, so once more.
        free.iter().map(|(_, slot)| slot).filter(is_expired).for_each(|slot| self.fold_late(*slot));
        let (mut private, mut callbacks) = (0, Vec::new());
        let alone = self.space.alone();
        for &(_, slot) in &free {
            let is_private = self.record(slot).first_number() < self.space.layout().private();
            private += u32::from(is_private && self.state(slot) & OVERFLOW == 0);
            let words: Vec<_> = match self.state(slot) & OVERFLOW {
                0 => self.record(slot).word_numbers().collect(),
                _ => Vec::new(),
            };
            callbacks.extend(self.free_cells(&alone, slot));
            words.into_iter().for_each(|word| self.words.release(word));
            // Relaxed: the row is reused under the lock of growth.
            self.rows.row(slot)[STATE].store(0, Relaxed);
        }
        drop(alone);
        let mut growth = held(self.growth.lock());
        growth.private_left += private;
        // From the highest place on: what comes to a place that is left was looked at already, or removed since.
        for (place, slot) in free.into_iter().rev() {
            growth.removed.swap_remove(place);
            growth.free.push(slot);
        }
        callbacks
    }

    fn is_free(&self, slot: Slot) -> bool {
        let row = self.rows.row(slot);
        // Acquire: pairs with the Release of the last handle and the last lease, so that what they added is seen here
        // and nothing is added after.
        let (state, leases) = (row[STATE].load(Acquire), row[LEASES].load(Acquire));
        state < HANDLE && state & PINNED == 0 && leases == 0
    }

    /// Gives back every cell of a series, if it has any. What comes back is to be dropped once the ledger is left: a
    /// callback may own handles, and the last one of a family gives its cells back too.
    #[must_use = "what a callback holds is dropped where no lock is held"]
    pub(super) fn free_cells(&self, alone: &Alone<'_>, slot: Slot) -> Option<Callback> {
        let record = self.record(slot);
        let (first, companion) = (record.first_number(), record.companion());
        let (promoted, callback) = self.side.forget(slot, self.exemplar_places());
        if first != 0 {
            self.space.recycle(alone, first, self.width());
        }
        if companion != 0 {
            self.space.recycle(alone, companion, 1);
        }
        if let Some(number) = promoted {
            self.space.recycle(alone, number, self.width());
        }
        self.forget_cells(slot);
        callback
    }
}

impl Registry {
    /// Remembers a family that no list holds, for its upkeep. Those that nobody holds any more are forgotten before the list
    /// grows, so that families that come and go take no memory even where nobody scrapes.
    pub(super) fn remember(&self, family: &Arc<Core>) {
        let mut unlisted = held(self.inner.unlisted.lock());
        if unlisted.len() == unlisted.capacity() {
            unlisted.retain(|family| family.strong_count() > 0);
        }
        unlisted.push(Arc::downgrade(family));
    }
}

impl Merged {
    fn to_bits(self) -> u64 {
        match self {
            Merged::Whole(bits) | Merged::Level(bits) => bits,
            Merged::Float(value) => value.to_bits(),
        }
    }
}

/// A number that changes when any of the cells does, but for one collision in 2^64.
fn fingerprint(cells: &[Merged]) -> u64 {
    // An odd number without pattern, from the golden ratio: every bit of a cell reaches the high half.
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    cells.iter().fold(0, |print: u64, cell| (print.rotate_left(23) ^ cell.to_bits()).wrapping_mul(MIX))
}

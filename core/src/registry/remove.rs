//! How series leave a family: by their labels, all at once, because they were idle, because their labels are not clean.
//!
//! Whoever holds a series goes on recording to its cells, which come back when nobody does (`upkeep.rs`).

use super::bound::Slot;
use super::family::{Core, refs};
use super::key;
use super::recall;
use super::series::{EXPIRED, HANDLE, Hold, LIVE, OVERFLOW, STATE};
use super::words;
use crate::sync::{Ordering::*, held};

impl Core {
    /// Removes the series of a label set. Handles on it keep working and are no longer rendered.
    pub(crate) fn remove(&self, labels: &[&str]) -> bool {
        let labels = &*words::kept_all(labels);
        let cleaned = || self.guards.cleaned(labels, false);
        self.take_out(labels, None) || cleaned().is_some_and(|clean| self.take_out(&refs(&clean), None))
    }

    /// Removes the series that carry all of these labels; tells how many there were.
    pub(crate) fn remove_matching(&self, labels: &[(&str, &str)]) -> usize {
        let names = &self.meta.label_names;
        // Where each label is among the family's own, and its value, as given and without secrets.
        let clean = |value: &str| self.guards.cleaned(&[value], false).and_then(|mut all| all.pop());
        let place = |(name, value): &(&str, &str)| {
            let at = names.iter().position(|own| own == name)?;
            Some((at, (*value).to_owned(), clean(value)))
        };
        let wanted: Option<Vec<_>> = labels.iter().map(place).collect();
        let Some(wanted) = wanted.filter(|_| !names.is_empty()) else { return 0 };
        let mut found = Vec::new();
        {
            // Held so that no series' text is taken back while it is read.
            let _view = self.space.view();
            for slot in 0..self.rows.len() {
                if self.state(slot) & (LIVE | OVERFLOW) == LIVE {
                    let values = self.label_values(slot);
                    let is = |(at, value, clean): &(usize, String, Option<String>)| {
                        values[*at] == *value || clean.as_ref() == Some(&values[*at])
                    };
                    if wanted.iter().all(is) {
                        found.push(values);
                    }
                }
            }
        }
        found.iter().filter(|values| self.take_out(&refs(values), None)).count()
    }

    /// Takes the series of exactly these label values out of the index, if it is there. With `idle`, only if it is that one and nobody took a handle since
    /// it was found idle; it is then marked as expired.
    pub(super) fn take_out(&self, labels: &[&str], idle: Option<Slot>) -> bool {
        let hash = key::hash(labels.iter().copied());
        let mut table = held(self.stripe(hash).write());
        let is = |slot: &Slot| self.label_texts(self.record(*slot)).map(|text| text.raw).eq(labels.iter().copied());
        let Ok(entry) = table.find_entry(hash, is) else { return false };
        let slot = *entry.get();
        // Its labels may have been removed since and have another series now, whose counts are not those that are
        // remembered. Handles are only taken under this stripe's lock.
        if idle.is_some_and(|idle| idle != slot || self.state(slot) >= HANDLE) {
            return false;
        }
        entry.remove();
        self.retire(slot, if idle.is_some() { EXPIRED } else { 0 });
        true
    }

    /// Removes every series.
    pub(crate) fn clear(&self) {
        for stripe in &self.index {
            let mut table = held(stripe.write());
            table.drain().for_each(|slot| self.retire(slot, 0));
        }
        // The overflow series is replaced by a fresh one; without memory for it the old one stays, hidden.
        let mut growth = held(self.growth.lock());
        let Some(slot) = growth.overflow else { return };
        let fresh = self.make_row(&mut growth, &[], OVERFLOW, Hold::Lease);
        if let Some(fresh) = fresh {
            self.end_lease(fresh);
            growth.overflow = Some(fresh);
            growth.removed.push(slot);
        }
        // Relaxed: as in `hide`. Before the lock is let go: afterwards the row may be another series'.
        self.rows.row(slot)[STATE].fetch_and(!LIVE, Relaxed);
        drop(growth);
        self.changed();
    }

    /// A series left the index and makes room for another.
    fn retire(&self, slot: Slot, mark: u32) {
        // Relaxed: read under the lock of growth only to compare with a limit.
        self.live.fetch_sub(1, Relaxed);
        self.budget.give_back(1);
        self.hide(slot, mark);
    }

    /// Looks at every series for secrets in its label values. One that has some leaves: what it counted, and what handles on
    /// it still record, goes to the series that its labels are looked up as from now on.
    #[cfg(feature = "hygiene")]
    pub(super) fn hand_over_what_is_not_clean(&self) {
        for stripe in &self.index {
            // A series that is made behind this has been cleaned by what is looked for now.
            held(stripe.write()).retain(|slot| {
                let texts: Vec<&str> = self.label_texts(self.record(*slot)).map(|text| text.raw).collect();
                let is_clean = self.guards.cleaned(&texts, false).is_none();
                if !is_clean {
                    self.leave_to_heir(*slot);
                    self.retire(*slot, EXPIRED);
                }
                is_clean
            });
        }
        // What lookup caches remember was cleaned otherwise.
        self.changed();
    }

    /// A series is no longer rendered, and its cells come back when nobody holds it.
    fn hide(&self, slot: Slot, mark: u32) {
        // Relaxed: the flags decide what is rendered; what is reused is decided under locks.
        self.rows.row(slot)[STATE].fetch_xor(LIVE | mark, Relaxed);
        held(self.growth.lock()).removed.push(slot);
        self.changed();
    }

    /// What lookup caches remember of the family may not hold any more: a series is gone or has another cell, or nobody
    /// can look the family up.
    pub(super) fn changed(&self) {
        // Release: a cache that reads the new generation sees what changed.
        self.generation.fetch_add(1, Release);
        recall::mark_stale();
    }
}

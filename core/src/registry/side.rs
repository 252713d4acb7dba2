//! What few series have, kept beside the rows so that the many do not pay for it.

use super::bound::Slot;
use super::guard::{All, Guards};
use super::restart::Start;
use crate::merge::snapshot::Exemplar;
use crate::merge::window::Window;
use crate::record::{EXEMPLAR_CHARS, exemplar_chars};
use crate::shard::cell::CellId;
use crate::sync::{Mutex, Ordering::SeqCst, Section, fence, held};
use dashmap::DashMap;
use dashmap::try_result::TryResult;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// A function that a gauge or a counter is read from at scrape.
pub(crate) type Callback = Arc<dyn Fn() -> f64 + Send + Sync>;

/// The last change of a series that may expire.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    /// A fingerprint of its cells.
    pub(super) print: u64,
    pub(super) since_ms: u64,
}

#[derive(Default)]
pub(crate) struct Side {
    promoted: Mutex<HashMap<Slot, CellId>>,
    callbacks: Mutex<HashMap<Slot, Callback>>,
    /// What counters' callbacks said last.
    answers: Mutex<HashMap<Slot, f64>>,
    infos: Mutex<HashMap<Slot, Vec<(String, String)>>>,
    starts: Mutex<HashMap<Slot, Arc<Start>>>,
    /// Whose turn it is to reset a series.
    pub(super) restarting: Mutex<()>,
    /// By slot; only kept by families whose series expire.
    pub(super) seen: Mutex<HashMap<Slot, Seen>>,
    /// What expired series held when they were found idle, as the bits of their merged cells.
    pub(super) expired: Mutex<HashMap<Slot, (u32, Vec<u64>)>>,
    pub(crate) windows: Mutex<HashMap<Slot, Window>>,
    /// By series and the classic bucket the value fell in. A record that finds its place taken leaves it: exemplars are
    /// a sample, records must not wait. Its locks are not the seam's, so every use is a [`Section`] by itself.
    exemplars: OnceLock<DashMap<(Slot, u32), Exemplar>>,
}

impl Side {
    pub(crate) fn promoted(&self, slot: Slot) -> Option<CellId> {
        held(self.promoted.lock()).get(&slot).copied()
    }

    pub(super) fn promote(&self, slot: Slot, number: CellId) {
        held(self.promoted.lock()).insert(slot, number);
    }

    pub(crate) fn call_for(&self, slot: Slot, callback: Callback) {
        // Bound, so that what the one before holds is dropped after the lock was let go: that is the host's code.
        let _before = held(self.callbacks.lock()).insert(slot, callback);
    }

    /// The callbacks, to be called while no lock is held.
    pub(crate) fn callbacks(&self) -> Vec<(Slot, Callback)> {
        held(self.callbacks.lock()).iter().map(|(slot, callback)| (*slot, Arc::clone(callback))).collect()
    }

    pub(super) fn answered(&self, slot: Slot, value: f64) {
        held(self.answers.lock()).insert(slot, value);
    }

    /// What a counter's callback said last.
    pub(crate) fn answer(&self, slot: Slot) -> f64 {
        held(self.answers.lock()).get(&slot).copied().unwrap_or(0.0)
    }

    /// Changes where a series begins, at once for whoever reads it.
    pub(super) fn change_start(&self, slot: Slot, change: impl FnOnce(&mut Start)) {
        change(Arc::make_mut(held(self.starts.lock()).entry(slot).or_default()));
    }

    pub(super) fn start(&self, slot: Slot) -> Option<Arc<Start>> {
        held(self.starts.lock()).get(&slot).cloned()
    }

    /// Keeps what an info says, without secrets.
    pub(crate) fn set_info(&self, slot: Slot, labels: &[(&str, &str)], guards: &Guards) {
        let mut labels: Vec<_> = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut infos = held(self.infos.lock());
        // Asked for under the lock, so that `clean` finds what was cleaned as it was before.
        if let Some(rules) = guards.all() {
            clean_texts(&mut labels, &rules, true);
        }
        infos.insert(slot, labels);
    }

    pub(crate) fn info(&self, slot: Slot) -> Vec<(String, String)> {
        held(self.infos.lock()).get(&slot).cloned().unwrap_or_default()
    }

    /// Keeps an exemplar without secrets in the place of the one before, unless somebody is at that place or forks.
    pub(crate) fn keep_exemplar(
        &self,
        slot: Slot,
        bucket: u32,
        labels: &[(&str, &str)],
        value: f64,
        at_ms: u64,
        guards: &Guards,
    ) {
        let Some(_inside) = Section::try_enter() else { return };
        let all = self.exemplars.get_or_init(DashMap::new);
        let taken = match all.try_get_mut(&(slot, bucket)) {
            TryResult::Present(place) => Some(place),
            TryResult::Absent => all.try_entry((slot, bucket)).map(|place| place.or_default()),
            TryResult::Locked => None,
        };
        let Some(mut exemplar) = taken else { return };
        exemplar.labels.resize_with(labels.len(), Default::default);
        // The strings are reused: trace ids have one length, so an overwrite allocates nothing.
        for ((own_name, own_text), (name, text)) in exemplar.labels.iter_mut().zip(labels) {
            own_name.clear();
            own_name.push_str(name);
            own_text.clear();
            own_text.push_str(text);
        }
        (exemplar.value, exemplar.at_ms) = (value, at_ms);
        // Asked for at the place that is locked, so that `clean` finds what was looked at as it was before. SeqCst: as there.
        fence(SeqCst);
        if let Some(rules) = guards.all() {
            clean(&mut exemplar.labels, &rules, true);
        }
    }

    /// Looks at what infos and exemplars say for secrets.
    #[cfg(feature = "hygiene")]
    pub(super) fn clean(&self, guards: &Guards) {
        let Some(rules) = guards.all() else { return };
        for labels in held(self.infos.lock()).values_mut() {
            clean_texts(labels, &rules, false);
        }
        // SeqCst: who makes the map meanwhile has either heard of the rules or is seen here. See `keep_exemplar`.
        fence(SeqCst);
        // One after the other, so that a fork does not wait for all.
        let inside = Section::enter();
        let Some(all) = self.exemplars.get() else { return };
        let places: Vec<_> = all.iter().map(|place| *place.key()).collect();
        drop(inside);
        for place in places {
            let _inside = Section::enter();
            if let Some(mut exemplar) = all.get_mut(&place) {
                clean(&mut exemplar.labels, &rules, false);
            }
        }
    }

    /// True if any series has an exemplar.
    pub(crate) fn has_exemplars(&self) -> bool {
        let _inside = Section::enter();
        self.exemplars.get().is_some_and(|all| !all.is_empty())
    }

    /// The exemplars of a series with `buckets` places.
    pub(crate) fn exemplars(&self, slot: Slot, buckets: u32, into: &mut Vec<Exemplar>) {
        into.clear();
        let _inside = Section::enter();
        if let Some(all) = self.exemplars.get().filter(|all| !all.is_empty()) {
            into.extend((0..buckets).filter_map(|bucket| all.get(&(slot, bucket)).map(|e| e.value().clone())));
        }
    }

    /// Forgets the exemplars of a series with `places` for them.
    pub(super) fn forget_exemplars(&self, slot: Slot, places: u32) {
        let _inside = Section::enter();
        if let Some(all) = self.exemplars.get().filter(|all| !all.is_empty()) {
            (0..places).for_each(|bucket| drop(all.remove(&(slot, bucket))));
        }
    }

    /// Forgets a series that is gone, which has `places` for exemplars; gives its promoted number, and its callback to be
    /// dropped where no lock is held.
    pub(super) fn forget(&self, slot: Slot, places: u32) -> (Option<CellId>, Option<Callback>) {
        let _inside = Section::enter();
        let callback = held(self.callbacks.lock()).remove(&slot);
        held(self.answers.lock()).remove(&slot);
        held(self.infos.lock()).remove(&slot);
        held(self.starts.lock()).remove(&slot);
        held(self.seen.lock()).remove(&slot);
        held(self.expired.lock()).remove(&slot);
        held(self.windows.lock()).remove(&slot);
        self.forget_exemplars(slot, places);
        (held(self.promoted.lock()).remove(&slot), callback)
    }
}

/// Replaces secrets in what an exemplar says. What stands in their place may be longer: there are no labels rather than any that
/// are too long.
pub(super) fn clean(labels: &mut Vec<(String, String)>, rules: &All, count: bool) {
    if clean_texts(labels, rules, count) && exemplar_chars(labels) > EXEMPLAR_CHARS {
        labels.clear();
    }
}

/// Replaces secrets in the values; tells whether there were any.
fn clean_texts(labels: &mut [(String, String)], rules: &All, count: bool) -> bool {
    let mut found = false;
    for (_, text) in labels {
        if let Cow::Owned(clean) = rules.clean(text, count) {
            (*text, found) = (clean, true);
        }
    }
    found
}

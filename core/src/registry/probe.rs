//! What models need of a family beyond what handles offer: one in a space of their own, a lease as lookup caches hold
//! it, and each step of the upkeep by itself.

use super::bound::{Lease, Slot};
use super::family::Core;
use super::key;
use super::limits::Budget;
use super::name::NameRule;
use super::series::Hold;
use super::spec::{Cells, Spec};
use super::words::Words;
use crate::merge::snapshot::{Kind, Meta};
use crate::shape::{Buckets, Shape, ShapeOptions, Store};
use crate::shard::Space;
use crate::sync::Ordering::Acquire;
use std::sync::Arc;

/// A family with one label, whose first `private` series have private cells.
fn family(space: &'static Space, kind: Kind, cells: Cells, shape: Option<Shape>, private: u32) -> Arc<Core> {
    let meta =
        Meta { name: "m".into(), kind, label_names: vec!["l".into()], shape: shape.map(Arc::new), ..Meta::default() };
    let spec = Spec {
        kind,
        cells,
        limit: 4,
        private,
        expire_after: None,
        names: NameRule::Utf8,
        quantiles: Vec::new(),
        window: None,
    };
    Arc::new(Core::new(spec, meta, space, Arc::new(Words::new(Arc::default())), Arc::new(Budget::new(8))))
}

pub(crate) fn counters(space: &'static Space, private: u32) -> Arc<Core> {
    family(space, Kind::Counter, Cells::Count, None, private)
}

/// Histograms of three cells: the sum, what is at most 1, and the rest.
pub(crate) fn histograms(space: &'static Space, private: u32) -> Arc<Core> {
    let options = ShapeOptions { store: Store::Compact, buckets: Buckets::from([1.0]), range: None, native: None };
    let shape = Shape::new(options).expect("one bound makes a shape");
    family(space, Kind::Histogram, Cells::Buckets, Some(shape), private)
}

/// A series as a lookup cache remembers it.
pub(crate) struct Cached {
    lease: Lease,
    pub(crate) number: u32,
    generation: u32,
}

impl Cached {
    /// Looks a series up as a record does that misses the cache.
    pub(crate) fn of(family: &Arc<Core>, label: &str) -> Cached {
        // Acquire: as in `with_place_slowly`.
        let generation = family.generation.load(Acquire);
        let slot = family.find_or_make(key::hash([label]), &[label], Hold::Lease).expect("room");
        let lease = Lease::counted(Arc::clone(family), slot);
        Cached { number: family.number(slot), lease, generation }
    }

    /// Whether a record may use it without a lookup, as `recall::find` decides.
    pub(crate) fn hits(&self) -> bool {
        self.lease.family.generation.load(Acquire) == self.generation
    }
}

/// One look for series that did not change for a millisecond.
pub(crate) fn expire(family: &Arc<Core>, now_ms: u64) {
    family.expire(now_ms, 1);
}

pub(crate) fn reclaim(family: &Arc<Core>) {
    family.reclaim();
}

/// How many removed series wait for whoever holds them.
pub(crate) fn waiting(family: &Arc<Core>) -> Vec<Slot> {
    crate::sync::held(family.growth.lock()).removed.clone()
}

//! The one seam for atomics and locks: std's, or loom's under `--cfg loom`.
//!
//! Every protocol of the engine is written against these names, so that the models in `models` run the code that
//! ships. Nothing else in the crate names an atomic type. The locks are [`lock`]'s, which a fork waits for; [`fork`] says
//! how, and [`turn`] is for what must outlast a fork while the host's code runs.

pub(crate) mod fork;
pub(crate) mod lock;
pub(crate) mod turn;

pub(crate) use fork::{Section, is_outside, lifetime};
pub(crate) use lock::{Mutex, ReadGuard, RwLock, WriteGuard};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence};
pub(crate) use turn::Turn;

/// A number of which an old value is as right as the new one. No protocol hangs on it, so models do not try its orders.
pub(crate) use std::sync::atomic::AtomicU32 as Hint;
pub(crate) use std::sync::atomic::Ordering;
use std::sync::{LockResult, OnceLock, PoisonError};

/// The guard of a lock, whether or not a holder panicked: what a lock guards here is valid between any two steps.
pub(crate) fn held<G>(result: LockResult<G>) -> G {
    result.unwrap_or_else(PoisonError::into_inner)
}

/// What `cell` holds, made if it is empty. No child finds it half made, with a maker that it does not have.
pub(crate) fn made_once<T>(cell: &OnceLock<T>, make: impl FnOnce() -> T) -> &T {
    cell.get().unwrap_or_else(|| {
        fork::watch();
        let _whole = Section::enter();
        cell.get_or_init(make)
    })
}

/// An atomic read by whoever alone may write it, for now: a relaxed load. Loom checks the "alone", and then has no need
/// to try other orders of it.
pub(crate) trait OwnLoad {
    type Value;
    fn own_load(&self) -> Self::Value;
}

macro_rules! own_load {
    ($($atomic:ty => $value:ty),+) => {$(
        impl OwnLoad for $atomic {
            type Value = $value;

            #[inline(always)]
            fn own_load(&self) -> $value {
                #[cfg(not(loom))]
                // Relaxed: the caller is the only one that stores.
                return self.load(Ordering::Relaxed);
                // SAFETY: loom ends the search if a store is not ordered before this.
                #[cfg(loom)]
                return unsafe { self.unsync_load() };
            }
        }
    )+};
}
own_load!(AtomicU32 => u32, AtomicU64 => u64, AtomicUsize => usize);

//! The one seam for atomics and locks: std's, or loom's under `--cfg loom`.
//!
//! Every protocol of the engine is written against these names, so that the models in `models` run the code that
//! ships. Nothing else in the crate names an atomic type.

#[cfg(loom)]
pub(crate) use loom::sync::{
    Mutex, RwLock,
    atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence},
};
#[cfg(not(loom))]
pub(crate) use std::sync::{
    Mutex, RwLock,
    atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence},
};

pub(crate) use std::sync::atomic::Ordering;
use std::sync::{LockResult, PoisonError, TryLockError};

#[cfg(loom)]
use loom::sync::MutexGuard;
#[cfg(not(loom))]
use std::sync::MutexGuard;

/// The guard of a lock, whether or not a holder panicked: what a lock guards here is valid between any two steps.
pub(crate) fn held<G>(result: LockResult<G>) -> G {
    result.unwrap_or_else(PoisonError::into_inner)
}

/// As [`held`], for a lock that is worth having only if nobody has it.
pub(crate) fn try_held<T>(lock: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match lock.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(panicked)) => Some(panicked.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
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

//! How many series a registry may have in all.

use crate::sync::{AtomicU64, Ordering::Relaxed};

/// Series that may still be made, shared by the families of a registry.
pub(crate) struct Budget {
    limit: u64,
    used: AtomicU64,
}

impl Budget {
    pub(crate) fn new(limit: u64) -> Budget {
        Budget { limit, used: AtomicU64::new(0) }
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&self) -> bool {
        // Relaxed: a count compared with a limit; nothing is published through it.
        self.used.fetch_update(Relaxed, Relaxed, |used| (used < self.limit).then_some(used + 1)).is_ok()
    }

    /// Gives some back.
    pub(crate) fn give_back(&self, series: u32) {
        // Relaxed: as in `take`.
        self.used.fetch_sub(u64::from(series), Relaxed);
    }

    /// Series in use.
    pub(crate) fn used(&self) -> u64 {
        // Relaxed: as in `take`.
        self.used.load(Relaxed)
    }
}

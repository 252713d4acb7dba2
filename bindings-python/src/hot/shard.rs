//! The cells that hot methods add to: a shard of the interpreter's own.
//!
//! Its single writer is whoever holds the global lock. A free-threaded build has no such lock and opens none: there every
//! thread records in cells of its own.

#[cfg(not(Py_GIL_DISABLED))]
pub(super) use held::{get, open};

#[cfg(not(Py_GIL_DISABLED))]
mod held {
    use engine::{CellEncoding, Owner, Shard};
    use std::cell::OnceCell;

    struct OfInterpreter(OnceCell<Option<Shard>>);

    // SAFETY: only reached by whoever holds the global lock, which is one thread at a time.
    unsafe impl Sync for OfInterpreter {}

    static SHARD: OfInterpreter = OfInterpreter(OnceCell::new());

    /// Opens the shard. Called once, when the module is made.
    pub(in crate::hot) fn open() {
        SHARD.0.get_or_init(|| Shard::open(Owner::Interpreter, CellEncoding::U64));
    }

    /// The shard of the interpreter.
    ///
    /// # Safety
    /// The caller holds the global lock, and does not let go of it while it uses the shard.
    #[inline(always)]
    pub(in crate::hot) unsafe fn get() -> Option<&'static Shard> {
        SHARD.0.get().and_then(Option::as_ref)
    }
}

/// Records through the interpreter's shard if there is one, else by the thread's own cells.
macro_rules! record {
    ($on_shard:expr, $on_thread:expr) => {{
        #[cfg(not(Py_GIL_DISABLED))]
        // SAFETY: hot methods are called with the global lock, and a record calls nothing that lets go of it.
        match unsafe { crate::hot::shard::get() } {
            Some(shard) => $on_shard(shard),
            None => $on_thread,
        }
        #[cfg(Py_GIL_DISABLED)]
        $on_thread
    }};
}
pub(super) use record;

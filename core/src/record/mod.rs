//! What users record with: handles on one series each.
//!
//! The promise of this folder: recording never locks, allocates, fails, panics or makes a system call (a thread's first
//! record, which gives it a slab, and the first touch of a page aside). It returns nothing. It is safe from any thread,
//! in a destructor, in a GC hook, in a forked child.
//!
//! A handle knows its series' cell number; `shard` knows where the calling thread's cell of that number is. Nothing here
//! adds two cells together.

mod counter;
mod gauge;
mod histogram;
mod info;
mod state_set;
mod summary;
mod up_down;

pub use counter::Counter;
pub use gauge::Gauge;
pub use histogram::{Histogram, Timer};
pub use info::Info;
pub use state_set::StateSet;
pub use summary::Summary;
pub use up_down::{Tracked, UpDown};

use crate::error::{Error, ErrorCode, Result};
use crate::merge::snapshot::Kind;
use crate::registry::bound::Bound;
use crate::registry::series;
use crate::registry::spec::Cells;
#[cfg(not(loom))]
use crate::sync::{AtomicU32, Ordering::Relaxed};

/// A kind of handle that a registry gives out.
pub trait Metric: Clone + Send + Sync + sealed::Sealed + 'static {
    /// Where the series is, for hosts that write its cells themselves.
    ///
    /// ```
    /// use tykmetrics::{Metric, Registry, ThreadCells};
    ///
    /// let jobs = Registry::new().counter("jobs_total", "Jobs").register()?;
    /// assert!(jobs.place().is_live());
    /// jobs.inc();
    /// // SAFETY: the thread is this one, and nothing else records on it meanwhile.
    /// assert!(unsafe { &*ThreadCells::address() }.are_open());
    /// # Ok::<(), tykmetrics::Error>(())
    /// ```
    #[cfg(not(loom))]
    fn place(&self) -> Place {
        self.bound().place()
    }

    /// The values of the family's labels, in their order; none of an overflow series, which stands for many.
    fn label_values(&self) -> Vec<String> {
        let bound = self.bound();
        bound.family.label_values(bound.slot)
    }

    /// Says when the series began, Unix time in milliseconds, where a host's clock says otherwise than the engine's.
    fn began(&self, at_ms: u64) {
        let bound = self.bound();
        bound.family.began(bound.slot, at_ms);
    }

    /// The number of the series' first cell, as the handle last knew it: one read, where [`place`](Self::place) looks.
    fn known_cell(&self) -> u32 {
        self.bound().number()
    }
}

/// Where a series is. What it points to is valid for as long as the handle it is from.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Its first shared cell. The others of the series follow it.
    pub shared: *mut u64,
    /// The word whose lowest bits say how the series stands: [`LIVE`](Self::LIVE), [`OVERFLOW`](Self::OVERFLOW).
    pub state: *const u32,
    /// The number of its first cell. It changes once if a shared series turns hot and is given private cells.
    pub cell: u32,
}

impl Place {
    /// The bit of a series that is listed; one that was removed has it no more.
    pub const LIVE: u32 = series::LIVE;
    /// The bit of an overflow series, which stands for many label sets.
    pub const OVERFLOW: u32 = series::OVERFLOW;

    /// Whether the series was listed a moment ago.
    #[cfg(not(loom))]
    pub fn is_live(&self) -> bool {
        // SAFETY: the word lives as long as the handle, and all of its writers are atomic.
        let state = unsafe { AtomicU32::from_ptr(self.state.cast_mut()) };
        // Relaxed: a hint to look the series up again; nothing is read through it.
        state.load(Relaxed) & Self::LIVE != 0
    }
}

pub(crate) mod sealed {
    use super::*;

    pub trait Sealed: Sized {
        /// What it is to the registry.
        #[doc(hidden)]
        const FLAVOR: (Kind, Cells);

        /// The handle on a series.
        #[doc(hidden)]
        fn of(bound: Bound) -> Self;

        /// The series of the handle.
        #[doc(hidden)]
        fn bound(&self) -> &Bound;
    }
}

/// Makes a handle of a bound series.
macro_rules! metric {
    ($name:ident, $flavor:ident, $($bound:tt)+) => {
        impl crate::record::Metric for $name {}

        impl crate::record::sealed::Sealed for $name {
            const FLAVOR: (crate::merge::snapshot::Kind, crate::registry::spec::Cells) =
                crate::registry::builder::flavor::$flavor;

            fn of(bound: crate::registry::bound::Bound) -> Self {
                $name::of(bound)
            }

            fn bound(&self) -> &crate::registry::bound::Bound {
                &self.$($bound)+
            }
        }
    };
}
pub(crate) use metric;

/// Characters of label names and values that an exemplar may have in all: OpenMetrics 1.0, "Exemplars".
pub(crate) const EXEMPLAR_CHARS: usize = 128;

/// Those that these labels have.
pub(crate) fn exemplar_chars<T: AsRef<str>>(labels: &[(T, T)]) -> usize {
    labels.iter().map(|(name, value)| name.as_ref().chars().count() + value.as_ref().chars().count()).sum()
}

/// Checks the labels of an exemplar of a metric.
pub(crate) fn check_exemplar(metric: &str, labels: &[(&str, &str)]) -> Result<()> {
    let refused = |why: String| {
        Err(Error::new(
            ErrorCode::InvalidExemplar,
            format!("exemplar of metric {metric:?}: {why}; the value was recorded without it"),
        ))
    };
    let chars = exemplar_chars(labels);
    if chars > EXEMPLAR_CHARS {
        return refused(format!("its labels have {chars} characters, and {EXEMPLAR_CHARS} are allowed: shorten them"));
    }
    for (at, (name, _)) in labels.iter().enumerate() {
        if name.is_empty() {
            return refused(format!("the name of label {at} is empty"));
        }
        if labels[..at].iter().any(|(earlier, _)| earlier == name) {
            return refused(format!("label {name:?} is there twice"));
        }
    }
    Ok(())
}

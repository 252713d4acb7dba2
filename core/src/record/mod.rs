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
use crate::registry::spec::Cells;

/// A kind of handle that a registry gives out.
pub trait Metric: Clone + Send + Sync + sealed::Sealed + 'static {}

pub(crate) mod sealed {
    use super::*;

    pub trait Sealed: Sized {
        /// What it is to the registry.
        #[doc(hidden)]
        const FLAVOR: (Kind, Cells);

        /// The handle on a series.
        #[doc(hidden)]
        fn of(bound: Bound) -> Self;
    }
}

/// Makes a handle of a bound series.
macro_rules! metric {
    ($name:ident, $flavor:ident) => {
        impl crate::record::Metric for $name {}

        impl crate::record::sealed::Sealed for $name {
            const FLAVOR: (crate::merge::snapshot::Kind, crate::registry::spec::Cells) =
                crate::registry::builder::flavor::$flavor;

            fn of(bound: crate::registry::bound::Bound) -> Self {
                $name::of(bound)
            }
        }
    };
}
pub(crate) use metric;

/// Characters of label names and values that an exemplar may have in all: OpenMetrics 1.0, "Exemplars".
const EXEMPLAR_CHARS: usize = 128;

/// Checks the labels of an exemplar of a metric.
pub(crate) fn check_exemplar(metric: &str, labels: &[(&str, &str)]) -> Result<()> {
    let refused = |why: String| {
        Err(Error::new(
            ErrorCode::InvalidExemplar,
            format!("exemplar of metric {metric:?}: {why}; the value was recorded without it"),
        ))
    };
    let chars: usize = labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
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

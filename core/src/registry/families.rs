//! Metrics with labels: a family with its label names fixed at compile time, and one with them at run time.
//!
//! `with` gives a handle to keep; the recording methods look the series up and record in one go, through a cache of the
//! calling thread, for label values that are only known at the last moment.

use super::family::Core;
#[cfg(not(loom))]
use super::series::OVERFLOW;
use crate::error::Result;
use crate::merge::snapshot;
#[cfg(not(loom))]
use crate::record::Place;
use crate::record::{Counter, Gauge, Histogram, Metric, StateSet, Summary, UpDown};
#[cfg(not(loom))]
use crate::shape::Shape;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// A metric with `N` labels.
///
/// ```
/// use tykmetrics::Registry;
///
/// let registry = Registry::new();
/// let requests = registry.counter("http_requests_total", "Requests").labels(["method", "status"]).register()?;
/// let ok = requests.with(["GET", "200"]); // once, where the route is set up
/// ok.inc(); // per request
/// requests.inc(["POST", "500"]); // where the labels are only known now
/// assert_eq!(requests.len(), 2);
/// # Ok::<(), tykmetrics::Error>(())
/// ```
pub struct Family<M, const N: usize> {
    core: Arc<Core>,
    of: PhantomData<fn() -> M>,
}

/// A metric whose number of labels is only known at run time.
///
/// ```
/// use tykmetrics::Registry;
///
/// let names = vec!["method".to_string()];
/// let registry = Registry::new();
/// let requests = registry.counter("http_requests_total", "Requests").label_names(names).register()?;
/// requests.with(&["GET"])?.inc();
/// assert!(requests.with(&["GET", "200"]).is_err());
/// # Ok::<(), tykmetrics::Error>(())
/// ```
pub struct FamilyVec<M> {
    core: Arc<Core>,
    of: PhantomData<fn() -> M>,
}

impl<M: Metric, const N: usize> Family<M, N> {
    pub(super) fn of(core: Arc<Core>) -> Self {
        Family { core, of: PhantomData }
    }

    /// A handle on the series of these label values, in the order of the label names. Made if there is none; the
    /// overflow series beyond the family's limit, or when there is no memory for one more. To keep: the lookup costs more
    /// than the record.
    #[must_use = "a handle is for recording"]
    pub fn with(&self, labels: [&str; N]) -> M {
        // The number of labels is the family's, and a family with labels has its overflow series from the start.
        M::of(self.core.bind(&labels).expect("a family has a series for any labels"))
    }

    /// A handle on the series of these label values, if there is one.
    pub fn get(&self, labels: [&str; N]) -> Option<M> {
        self.core.bind_existing(&labels).map(M::of)
    }

    /// Removes a series. Handles on it keep working and are no longer rendered. False if there was none.
    pub fn remove(&self, labels: [&str; N]) -> bool {
        self.core.remove(&labels)
    }
}

impl<M: Metric> FamilyVec<M> {
    pub(super) fn of(core: Arc<Core>) -> Self {
        FamilyVec { core, of: PhantomData }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// A handle on the series of these label values, in the order of the label names. Made if there is none; the
    /// overflow series beyond the family's limit.
    ///
    /// # Errors
    /// When the number of values is not the number of names.
    pub fn with(&self, labels: &[&str]) -> Result<M> {
        self.core.bind(labels).map(M::of)
    }

    /// A handle on the series of these label values, if there is one.
    ///
    /// # Errors
    /// When the number of values is not the number of names.
    pub fn get(&self, labels: &[&str]) -> Result<Option<M>> {
        self.core.check_count(labels.len())?;
        Ok(self.core.bind_existing(labels).map(M::of))
    }

    /// Removes a series. Handles on it keep working and are no longer rendered. False if there was none.
    ///
    /// # Errors
    /// When the number of values is not the number of names.
    pub fn remove(&self, labels: &[&str]) -> Result<bool> {
        self.core.check_count(labels.len())?;
        Ok(self.core.remove(labels))
    }
}

/// A series that a host holds by its number.
#[cfg(not(loom))]
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// What [`FamilyVec::let_go`] takes.
    pub number: u32,
    /// Where the series is.
    pub place: Place,
    /// Whether it is the overflow series, which stands for many label sets.
    pub overflow: bool,
}

#[cfg(not(loom))]
impl<M: Metric> FamilyVec<M> {
    /// Where values are counted, if the family has buckets.
    pub fn shape(&self) -> Option<&Arc<Shape>> {
        self.core.shape.as_ref()
    }

    /// As [`with`](Self::with), for hosts that write cells themselves and keep no handle: the series is held, as by a
    /// handle, until [`let_go`](Self::let_go) is told its number.
    ///
    /// # Errors
    /// When the number of values is not the number of names.
    pub fn hold(&self, labels: &[&str]) -> Result<Held> {
        let bound = self.core.bind(labels)?;
        // One more, for whoever is given the number; the handle goes here.
        self.core.hold(bound.slot);
        let overflow = self.core.record(bound.slot).state() & OVERFLOW != 0;
        Ok(Held { number: bound.slot, place: bound.place(), overflow })
    }

    /// What the series of these label values counted or holds as one number, over all writers; NaN if there is none or it has
    /// no such number.
    ///
    /// # Errors
    /// When the number of values is not the number of names.
    pub fn level(&self, labels: &[&str]) -> Result<f64> {
        let bound = self.get(labels)?;
        Ok(bound.map_or(f64::NAN, |handle| handle.bound().family.level(handle.bound().slot)))
    }

    /// The number that [`hold`](Self::hold) gives for the series of these label values, if there is one.
    ///
    /// # Errors
    /// When the number of values is not the number of names.
    pub fn number(&self, labels: &[&str]) -> Result<Option<u32>> {
        Ok(self.get(labels)?.map(|handle| handle.bound().slot))
    }

    /// Ends what [`hold`](Self::hold) began, once for each.
    pub fn let_go(&self, number: u32) {
        self.core.let_go(number);
    }
}

impl FamilyVec<StateSet> {
    /// The states, in their order.
    pub fn states(&self) -> &[String] {
        &self.core.meta.states
    }
}

/// What both kinds of family have.
macro_rules! both {
    ($(#[$doc:meta])* $name:ident ( $($argument:ident : $type:ty),* ) on $metric:ty => |$core:ident, $labels:ident| $body:expr) => {
        impl<const N: usize> Family<$metric, N> {
            $(#[$doc])*
            #[inline]
            pub fn $name(&self, labels: [&str; N] $(, $argument: $type)*) {
                let ($core, $labels): (&Arc<Core>, &[&str]) = (&self.core, &labels);
                $body;
            }
        }

        impl FamilyVec<$metric> {
            $(#[$doc])*
            ///
            /// # Errors
            /// When the number of values is not the number of names; nothing is recorded then.
            #[inline]
            pub fn $name(&self, labels: &[&str] $(, $argument: $type)*) -> Result<()> {
                self.core.check_count(labels.len())?;
                let ($core, $labels) = (&self.core, labels);
                $body;
                Ok(())
            }
        }
    };
}

both! {
    /// Adds 1 to the series of these label values.
    inc() on Counter => |core, labels| Counter::add_to(core, labels, 1)
}
both! {
    /// Adds to the series of these label values.
    add(n: u64) on Counter => |core, labels| Counter::add_to(core, labels, n)
}
both! {
    /// Adds a number that need not be whole to the series of these label values. What is negative or not finite is
    /// counted as invalid and not added.
    add_f64(v: f64) on Counter => |core, labels| Counter::add_f64_to(core, labels, v)
}
both! {
    /// Sets the series of these label values.
    set(v: f64) on Gauge => |core, labels| Gauge::change(core, labels, |_| v)
}
both! {
    /// Adds to the series of these label values.
    add(v: f64) on Gauge => |core, labels| Gauge::change(core, labels, |now| now + v)
}
both! {
    /// Adds to the series of these label values, which may take away.
    add(n: i64) on UpDown => |core, labels| UpDown::add_to(core, labels, n)
}
both! {
    /// Records a value to the series of these label values.
    observe(v: f64) on Histogram => |core, labels| Histogram::observe_to(core, labels, v)
}
both! {
    /// Records a duration, in seconds, to the series of these label values.
    observe_duration(d: Duration) on Histogram => |core, labels| Histogram::observe_to(core, labels, d.as_secs_f64())
}
both! {
    /// Records a value to the series of these label values.
    observe(v: f64) on Summary => |core, labels| Histogram::observe_to(core, labels, v)
}

macro_rules! common {
    ([$($generics:tt)*] $family:ty) => {
        impl<$($generics)*> $family {
            /// How many series there are, the overflow series aside.
            pub fn len(&self) -> usize {
                // Relaxed: a count that is only shown.
                self.core.live.load(crate::sync::Ordering::Relaxed) as usize
            }

            /// True if there is none.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Removes the series that carry all of these labels, and tells how many there were. Handles on them keep
            /// working and are no longer rendered.
            pub fn remove_matching(&self, labels: &[(&str, &str)]) -> usize {
                self.core.remove_matching(labels)
            }

            /// What the family holds now, as plain numbers: for tests, displays and hosts that show families one by one.
            pub fn snapshot(&self) -> snapshot::Family {
                self.core.snapshot()
            }

            /// Removes every series.
            pub fn clear(&self) {
                self.core.clear();
            }

            /// The full name.
            pub fn name(&self) -> &str {
                &self.core.meta.name
            }

            /// The label names.
            pub fn label_names(&self) -> &[String] {
                &self.core.meta.label_names
            }
        }

        impl<$($generics)*> Clone for $family {
            fn clone(&self) -> Self {
                Self { core: Arc::clone(&self.core), of: PhantomData }
            }
        }

        impl<$($generics)*> std::fmt::Debug for $family {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let meta = &self.core.meta;
                let mut shown = f.debug_struct("Family");
                shown.field("name", &meta.name).field("kind", &meta.kind).field("labels", &meta.label_names).finish()
            }
        }
    };
}

common!([M: Metric, const N: usize] Family<M, N>);
common!([M: Metric] FamilyVec<M>);

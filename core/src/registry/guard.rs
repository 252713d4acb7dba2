//! Hygiene at the door of the registry: the one place where label values are cleaned, for series that are made, looked up and
//! removed.
//!
//! The index only has clean label values. So a lookup searches for what it was given first, and cleans when that is not
//! there: a value without secrets is looked at once, when its series is made, and one with secrets at each lookup that a
//! thread's cache does not answer. Without the feature, or before it is set, nothing of this is done.

#[cfg(feature = "hygiene")]
pub(crate) use with::Guard;
#[cfg(not(feature = "hygiene"))]
pub(crate) use without::Guard;

#[cfg(any(feature = "hygiene", feature = "metrics"))]
impl super::Registry {
    /// Who says what label values may be.
    pub(crate) fn guard(&self) -> &std::sync::Arc<Guard> {
        self.inner.words.guard()
    }
}

#[cfg(feature = "metrics")]
impl super::RegistryOptions {
    /// Cleans label values as another registry does.
    pub(crate) fn cleaned_as(mut self, other: &super::Registry) -> Self {
        self.guard = Some(std::sync::Arc::clone(other.guard()));
        self
    }
}

#[cfg(not(feature = "hygiene"))]
mod without {
    /// Nobody at the door.
    #[derive(Debug, Default)]
    pub(crate) struct Guard;

    impl Guard {
        /// A registry is guarded too.
        pub(crate) fn join(&self, _: &std::sync::Arc<crate::registry::Inner>) {}

        /// What changes when other values are clean.
        pub(crate) fn version(&self) -> u32 {
            0
        }

        /// The label values without secrets, if they had any.
        pub(crate) fn cleaned(&self, _: &[&str], _: bool) -> Option<Vec<String>> {
            None
        }

        /// A label value without secrets.
        pub(crate) fn clean<'t>(&self, value: &'t str, _: bool) -> std::borrow::Cow<'t, str> {
            value.into()
        }
    }
}

#[cfg(feature = "hygiene")]
mod with {
    use crate::hygiene::{Hygiene, Kind};
    use crate::registry::family::Core;
    use crate::registry::words::kept;
    use crate::registry::{Inner, Registry};
    use crate::sync::{AtomicU32, AtomicU64, Mutex, Ordering::*, RwLock, held};
    use std::borrow::Cow;
    use std::sync::{Arc, Weak};

    /// What is replaced in the label values of a registry's series, and how often it was.
    #[derive(Default)]
    pub(crate) struct Guard {
        hygiene: RwLock<Option<Arc<Hygiene>>>,
        version: AtomicU32,
        counts: [AtomicU64; Kind::ALL.len()],
        /// Whose door it is: one registry's, and that of those behind it.
        registries: Mutex<Vec<Weak<Inner>>>,
    }

    impl std::fmt::Debug for Guard {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Guard").finish_non_exhaustive()
        }
    }

    impl Guard {
        /// A registry is guarded too.
        pub(crate) fn join(&self, registry: &Arc<Inner>) {
            let mut registries = held(self.registries.lock());
            registries.retain(|known| known.strong_count() > 0);
            registries.push(Arc::downgrade(registry));
        }

        /// Every family that is guarded, listed or not.
        fn families(&self) -> Vec<Arc<Core>> {
            let registries: Vec<Arc<Inner>> = held(self.registries.lock()).iter().filter_map(Weak::upgrade).collect();
            let mut families = Vec::new();
            for inner in registries {
                families.extend(held(inner.unlisted.lock()).iter().filter_map(Weak::upgrade));
                families.extend(Registry { inner }.families().iter().cloned());
            }
            families
        }

        /// What changes when other values are clean.
        pub(crate) fn version(&self) -> u32 {
            // Acquire: pairs with the Release of `set`, so that whoever reads the new number finds what is new.
            self.version.load(Acquire)
        }

        fn set(&self, hygiene: Option<Arc<Hygiene>>) {
            let mut place = held(self.hygiene.write());
            *place = hygiene;
            // Release: pairs with `version`.
            self.version.fetch_add(1, Release);
        }

        fn hygiene(&self) -> Option<Arc<Hygiene>> {
            held(self.hygiene.read()).clone()
        }

        /// Tells of what is found, to be counted if it `counts`.
        fn teller(&self, counts: bool) -> impl Fn(Kind) + Copy {
            move |kind| {
                if counts {
                    // Relaxed: a count that is only shown.
                    self.counts[kind as usize].fetch_add(1, Relaxed);
                }
            }
        }

        /// The label values without secrets, if they had any; `count` what was found.
        pub(crate) fn cleaned(&self, labels: &[&str], count: bool) -> Option<Vec<String>> {
            let hygiene = self.hygiene()?;
            let tell = self.teller(count);
            let clean = |label: &&str| kept(&hygiene.clean_and_tell(label, tell)).to_owned();
            let cleaned: Vec<String> = labels.iter().map(clean).collect();
            cleaned.iter().ne(labels.iter()).then_some(cleaned)
        }

        /// A label value without secrets, of what is no series; `count` what was found.
        pub(crate) fn clean<'t>(&self, value: &'t str, count: bool) -> Cow<'t, str> {
            // Who never set it takes no lock.
            if self.version() == 0 {
                return value.into();
            }
            self.hygiene().map_or(value.into(), |hygiene| hygiene.clean_and_tell(value, self.teller(count)))
        }

        /// Whether anything is looked for, and how often each kind was found.
        pub(crate) fn counts(&self) -> Option<impl Iterator<Item = (Kind, u64)>> {
            self.hygiene()?;
            // Relaxed: as where it is counted.
            Some(Kind::ALL.into_iter().zip(&self.counts).map(|(kind, count)| (kind, count.load(Relaxed))))
        }
    }

    impl Registry {
        /// A label value as the registry would keep it, for what is shown beside its series. Nothing is counted.
        #[doc(hidden)]
        #[must_use]
        pub fn clean_label<'t>(&self, value: &'t str) -> Cow<'t, str> {
            self.guard().clean(value, false)
        }

        /// Replaces secrets in label values from now on, or no more. It acts where a series is made, so it costs a record
        /// nothing; a lookup of the value as it was finds the series of the clean one. What was replaced is counted by kind
        /// in `tykmetrics_label_values_redacted_total`, which the [`EngineCollector`](crate::EngineCollector) shows.
        ///
        /// Series that are there already and have secrets in their labels leave at once, and what they counted goes to
        /// the series of the clean values; so does what handles on them still record, at each scrape. Exemplars and what an
        /// info says are cleaned as they are kept. Constant labels, and what collectors give, stay as they are.
        ///
        /// ```
        /// use tykmetrics::{Hygiene, Registry};
        ///
        /// let registry = Registry::new();
        /// registry.set_hygiene(Some(Hygiene::options().build()?));
        /// let logins = registry.counter("logins_total", "Logins").label_names(["user"]).register()?;
        /// logins.inc(&["joe@example.com"])?;
        /// assert_eq!(registry.snapshot().value("logins_total", &[("user", "[email]")]), Some(1.0));
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        pub fn set_hygiene(&self, hygiene: Option<Hygiene>) {
            self.guard().set(hygiene.map(Arc::new));
            for family in self.guard().families() {
                family.hand_over_what_is_not_clean();
                family.side.clean(self.guard());
                family.reclaim_once();
            }
        }
    }
}

#[cfg(all(feature = "hygiene", test, not(loom)))]
mod tests {
    use crate::hygiene::Kind;

    #[test]
    fn every_kind_has_its_count() {
        for (at, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, at);
        }
    }
}

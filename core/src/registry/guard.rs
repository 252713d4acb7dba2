//! Hygiene at the door of the registry: what label values are cleaned by, for series that are made, looked up and removed, and
//! for what exemplars and infos say.
//!
//! The index only has clean label values. So a lookup searches for what it was given first, and cleans when that is not
//! there: a value without secrets is looked at once, when its series is made, and one with secrets at each lookup that a
//! thread's cache does not answer. Without the feature, or before it is set, nothing of this is done.

#[cfg(feature = "hygiene")]
pub(crate) use with::{All, Guard, Guards};
#[cfg(not(feature = "hygiene"))]
pub(crate) use without::{All, Guard, Guards};

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
    use crate::registry::Registry;
    use crate::registry::family::Core;
    use std::borrow::Cow;
    use std::sync::Arc;

    impl Registry {
        pub(in crate::registry) fn clean_by(&self) -> u32 {
            0
        }

        pub(in crate::registry) fn look_at(&self, _: &Arc<Core>) -> bool {
            false
        }

        pub(in crate::registry) fn look_away(&self, _: &Arc<Core>) {}

        pub(in crate::registry) fn clean(&self, _: &Arc<Core>, _: u32) {}
    }

    /// Nobody at the door.
    #[derive(Debug, Default)]
    pub(crate) struct Guard;

    impl Guard {
        /// A registry is guarded too.
        pub(crate) fn join(&self, _: &Arc<crate::registry::Inner>) {}
    }

    /// There are no rules.
    pub(crate) enum All {}

    impl All {
        /// A label value without secrets.
        pub(crate) fn clean<'t>(&self, _: &'t str, _: bool) -> Cow<'t, str> {
            match *self {}
        }
    }

    /// Who looks at a family's labels.
    pub(crate) struct Guards;

    impl Guards {
        pub(crate) fn new(_: &Arc<Guard>) -> Guards {
            Guards
        }

        /// What changes when other values are clean.
        pub(crate) fn version(&self) -> u32 {
            0
        }

        /// What is replaced, if anything is.
        pub(crate) fn all(&self) -> Option<All> {
            None
        }

        /// The label values without secrets, if they had any.
        pub(crate) fn cleaned(&self, _: &[&str], _: bool) -> Option<Vec<String>> {
            None
        }
    }
}

#[cfg(feature = "hygiene")]
mod with {
    use crate::hygiene::{Hygiene, Kind};
    use crate::record::Metric;
    use crate::registry::family::Core;
    use crate::registry::side;
    use crate::registry::words::kept;
    use crate::registry::{FamilyVec, Inner, Registry};
    use crate::sync::{AtomicU32, AtomicU64, Mutex, Ordering::*, RwLock, held};
    use std::borrow::Cow;
    use std::sync::{Arc, Weak};

    type Counts = [AtomicU64; Kind::ALL.len()];

    /// What is replaced, and where it is counted.
    pub(crate) struct Rules {
        hygiene: Hygiene,
        counts: Arc<Counts>,
    }

    impl Rules {
        /// A label value without secrets; `count` what was found.
        pub(crate) fn clean<'t>(&self, value: &'t str, count: bool) -> Cow<'t, str> {
            self.hygiene.clean_and_tell(value, |kind| {
                if count {
                    // Relaxed: a count that is only shown.
                    self.counts[kind as usize].fetch_add(1, Relaxed);
                }
            })
        }
    }

    /// What is replaced in the label values of a registry's series, and how often it was.
    #[derive(Default)]
    pub(crate) struct Guard {
        rules: RwLock<Option<Arc<Rules>>>,
        version: AtomicU32,
        counts: Arc<Counts>,
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
                // In this order: who takes a family off the list remembers it before.
                families.extend(Registry { inner: Arc::clone(&inner) }.families().iter().cloned());
                families.extend(held(inner.unlisted.lock()).iter().filter_map(Weak::upgrade));
            }
            families
        }

        fn set(&self, rules: Option<Arc<Rules>>) {
            *held(self.rules.write()) = rules;
            // Release: pairs with `version`.
            self.version.fetch_add(1, Release);
            self.families().iter().for_each(|family| family.clean());
        }

        fn version(&self) -> u32 {
            // Acquire: pairs with the Release of `set`, so that whoever reads the new number finds what is new.
            self.version.load(Acquire)
        }

        fn rules(&self) -> Option<Arc<Rules>> {
            // Where it never was set no lock is taken.
            (self.version() > 0).then(|| held(self.rules.read()).clone()).flatten()
        }

        /// Whether anything is looked for, and how often each kind was found.
        pub(crate) fn counts(&self) -> Option<impl Iterator<Item = (Kind, u64)>> {
            let rules = self.rules()?;
            // Relaxed: as where it is counted.
            Some(Kind::ALL.into_iter().map(move |kind| (kind, rules.counts[kind as usize].load(Relaxed))))
        }
    }

    /// Who looks at a family's labels: the registry that made it, and those that list it.
    pub(crate) struct Guards {
        maker: Arc<Guard>,
        listers: RwLock<Vec<Weak<Guard>>>,
        /// Moves on when the rules of a lister may be others.
        version: AtomicU32,
    }

    /// What is replaced in a family, one after the other.
    pub(crate) struct All(Vec<Arc<Rules>>);

    impl All {
        /// A label value without secrets; `count` what was found.
        pub(crate) fn clean<'t>(&self, value: &'t str, count: bool) -> Cow<'t, str> {
            self.0.iter().fold(Cow::Borrowed(value), |text, rules| {
                let clean = match rules.clean(&text, count) {
                    Cow::Owned(clean) => Some(clean),
                    Cow::Borrowed(_) => None,
                };
                clean.map_or(text, Cow::Owned)
            })
        }
    }

    impl Guards {
        pub(crate) fn new(maker: &Arc<Guard>) -> Guards {
            Guards { maker: Arc::clone(maker), listers: RwLock::default(), version: AtomicU32::new(0) }
        }

        /// What changes when other values are clean.
        pub(crate) fn version(&self) -> u32 {
            // Acquire: pairs with the Release of `clean`, as the maker's with that of `set`.
            self.version.load(Acquire).wrapping_add(self.maker.version())
        }

        /// What is replaced, if anything is.
        pub(crate) fn all(&self) -> Option<All> {
            // Where nobody ever set it no lock is taken.
            if self.version() == 0 {
                return None;
            }
            let listers: Vec<Arc<Guard>> = held(self.listers.read()).iter().filter_map(Weak::upgrade).collect();
            let all: Vec<_> =
                self.maker.rules().into_iter().chain(listers.iter().filter_map(|one| one.rules())).collect();
            (!all.is_empty()).then_some(All(all))
        }

        /// The label values without secrets, if they had any; `count` what was found.
        pub(crate) fn cleaned(&self, labels: &[&str], count: bool) -> Option<Vec<String>> {
            let all = self.all()?;
            let clean = |label: &&str| kept(&all.clean(label, count)).to_owned();
            let cleaned: Vec<String> = labels.iter().map(clean).collect();
            cleaned.iter().ne(labels.iter()).then_some(cleaned)
        }
    }

    impl Core {
        /// What was found in the family's labels may be looked for otherwise now: whatever is there is looked at again.
        fn clean(self: &Arc<Self>) {
            // Release: pairs with `Guards::version`.
            self.guards.version.fetch_add(1, Release);
            self.hand_over_what_is_not_clean();
            self.side.clean(&self.guards);
            self.reclaim_once();
        }
    }

    impl Registry {
        /// What is another number when other values are clean.
        pub(in crate::registry) fn clean_by(&self) -> u32 {
            self.guard().version()
        }

        /// Has a family's labels looked at that is listed here, now or in a moment. False if they are already.
        pub(in crate::registry) fn look_at(&self, family: &Arc<Core>) -> bool {
            let (guard, guards) = (self.guard(), &family.guards);
            let mut listers = held(guards.listers.write());
            let is_known = |known: &Weak<Guard>| std::ptr::eq(known.as_ptr(), Arc::as_ptr(guard));
            if Arc::ptr_eq(&guards.maker, guard) || listers.iter().any(is_known) {
                return false;
            }
            listers.retain(|known| known.strong_count() > 0);
            listers.push(Arc::downgrade(guard));
            true
        }

        /// The family is listed here no more.
        pub(in crate::registry) fn look_away(&self, family: &Arc<Core>) {
            let guards = &family.guards;
            held(guards.listers.write()).retain(|known| !std::ptr::eq(known.as_ptr(), Arc::as_ptr(self.guard())));
            // Release: pairs with `Guards::version`.
            guards.version.fetch_add(1, Release);
        }

        /// Cleans a family that is listed here, unless it is clean by these rules. To be called while no lock is held.
        pub(in crate::registry) fn clean(&self, family: &Arc<Core>, by: u32) {
            if self.guard().version() != by {
                family.clean();
            }
        }

        /// Cleans an exemplar that a collector of the host's tells. Nothing is counted.
        #[doc(hidden)]
        pub fn clean_exemplar(&self, labels: &mut Vec<(String, String)>) {
            if let Some(rules) = self.guard().rules() {
                side::clean(labels, &All(vec![rules]), false);
            }
        }

        /// Replaces secrets in label values from now on, or no more. It acts where a series is made, so it costs a record
        /// nothing but where an exemplar is kept; a lookup of the value as it was finds the series of the clean one. What was
        /// replaced is counted by kind in `tykmetrics_label_values_redacted_total`, which the
        /// [`EngineCollector`](crate::EngineCollector) shows.
        ///
        /// Series that are there already and have secrets in their labels leave at once, and what they counted goes to
        /// the series of the clean values; so does what handles on them still record, at each scrape. Exemplars and what an
        /// info says are cleaned as they are kept; an exemplar that is too long then has no labels. Constant labels, and what
        /// collectors give, stay as they are. Families that others made are cleaned too, as long as they are listed here.
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
            let counts = Arc::clone(&self.guard().counts);
            self.guard().set(hygiene.map(|hygiene| Arc::new(Rules { hygiene, counts })));
        }
    }

    impl<M: Metric> FamilyVec<M> {
        /// The text without secrets, if anybody looks for them in the family. For hosts that keep exemplars themselves.
        #[doc(hidden)]
        #[must_use]
        pub fn clean_label<'t>(&self, text: &'t str) -> Cow<'t, str> {
            self.core().guards.all().map_or(text.into(), |all| all.clean(text, false))
        }

        /// What is another number when what is looked for may be other secrets; 0 where nothing ever was.
        #[doc(hidden)]
        #[must_use]
        pub fn cleaned_by(&self) -> u32 {
            self.core().guards.version()
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

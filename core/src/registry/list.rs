//! Which families a registry lists, and under which names: those it made, and those that others made.

use super::family::Core;
use super::{FamilyVec, Registry, conflict, name};
use crate::error::{Error, ErrorCode, Result};
use crate::merge::snapshot::Meta;
use crate::record::Metric;
use crate::sync::held;
use std::collections::HashMap;
use std::sync::Arc;

impl Registry {
    /// Lists a family in this registry too, beside those it was registered with: it is rendered and kept up here from
    /// now on, with the constant labels of both. Its limits stay those of the registry that made it, which counts its
    /// series. Nothing happens if it is listed already.
    ///
    /// ```
    /// use tykmetrics::{Format, Registry};
    ///
    /// let (shown, hidden) = (Registry::new(), Registry::new());
    /// let jobs = hidden.counter("jobs_total", "Jobs").label_names(["queue"]).unlisted().register()?;
    /// jobs.with(&["mail"])?.inc();
    /// assert!(hidden.render(Format::Text).is_empty());
    /// shown.list(&jobs)?;
    /// assert_eq!(shown.snapshot().value("jobs_total", &[("queue", "mail")]), Some(1.0));
    /// # Ok::<(), tykmetrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// When its name is taken by another family, or not allowed here. The registry is as it was.
    pub fn list<M: Metric>(&self, family: &FamilyVec<M>) -> Result<()> {
        self.list_core(family.core())
    }

    /// Takes a family out, by its full name. Handles on it keep working and are no longer rendered. False if there is
    /// none of that name.
    pub fn unregister(&self, name: &str) -> bool {
        let mut names = held(self.inner.names.lock());
        let mut families = held(self.inner.families.write());
        let Some(at) = families.iter().position(|family| family.meta.name == name) else { return false };
        let mut list = families.to_vec();
        let family = list.remove(at);
        names.retain(|_, owner| owner.uid != family.uid);
        *families = Arc::new(list);
        self.look_away(&family);
        family.changed();
        self.remember(&family);
        // What is left of it may be the last of the host's callbacks, which are dropped where no lock is held.
        drop((families, names));
        true
    }

    fn list_core(&self, family: &Arc<Core>) -> Result<()> {
        let meta = &family.meta;
        self.name_rule().check(meta)?;
        // Shown here with the labels of this registry too, of which none may be there twice.
        if let Some((label, _)) = self.const_labels().iter().find(|(name, _)| meta.label_names.contains(name)) {
            let message = format!(
                "metric {:?} has a label {label:?}, which every series of this registry carries: \
                 list it in another registry, or name one of the labels otherwise",
                meta.name
            );
            return Err(Error::new(ErrorCode::InvalidLabel, message));
        }
        let is_listed = |names: &HashMap<String, Arc<Core>>| {
            names.get(&name::classic(&meta.name)).is_some_and(|known| known.uid == family.uid)
        };
        {
            let names = held(self.inner.names.lock());
            if is_listed(&names) {
                return Ok(());
            }
            check_free(&names, meta)?;
            self.look_at(family);
        }
        // Before it is seen here, and while no lock is held.
        let by = self.clean_by();
        self.clean(family, 0);
        let mut names = held(self.inner.names.lock());
        if is_listed(&names) {
            return Ok(());
        }
        // Again, since somebody may have listed it and taken it out meanwhile.
        let by = if self.look_at(family) { 0 } else { by };
        let entered = self.enter(&mut names, family);
        if entered.is_err() {
            self.look_away(family);
        }
        drop(names);
        // And since the rules may be others by now.
        self.clean(family, by);
        entered
    }

    /// Enters a family under every name it prints.
    pub(super) fn enter(&self, names: &mut HashMap<String, Arc<Core>>, family: &Arc<Core>) -> Result<()> {
        let meta = &family.meta;
        let samples = check_free(names, meta)?;
        names.extend(samples.into_iter().map(|sample| (sample, Arc::clone(family))));
        let mut families = held(self.inner.families.write());
        // A scrape that holds the list before keeps it; nobody does most of the time, and then this is a push.
        Arc::make_mut(&mut families).push(Arc::clone(family));
        Ok(())
    }
}

/// The names that a metric prints, if no other one has any of them.
fn check_free(names: &HashMap<String, Arc<Core>>, meta: &Meta) -> Result<Vec<String>> {
    let samples = name::samples(&meta.name, meta.kind);
    let Some((sample, owner)) = samples.iter().find_map(|sample| names.get_key_value(sample)) else {
        return Ok(samples);
    };
    let owner = &owner.meta.name;
    Err(conflict(&meta.name, &format!("metric {owner:?} already prints {sample:?} (in some format)")))
}

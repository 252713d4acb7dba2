//! Text that describes the target: a version, a region, a build.

use super::metric;
use crate::error::Result;
use crate::registry::bound::Bound;
use crate::registry::name::check_labels;

/// A handle on an info metric, whose value is a set of labels. Not for the record path: it locks and allocates.
#[derive(Clone, Debug)]
pub struct Info(Bound);

metric!(Info, INFO, 0);

impl Info {
    pub(super) fn of(bound: Bound) -> Self {
        Info(bound)
    }

    /// Replaces the labels.
    ///
    /// # Errors
    /// When a name is not one the registry takes, is there twice, or is one of the family's own labels. The labels stay as
    /// they were.
    pub fn set(&self, labels: &[(&str, &str)]) -> Result<()> {
        let meta = &self.0.family.meta;
        let own = meta.label_names.iter().chain(meta.const_labels.iter().map(|(name, _)| name)).map(String::as_str);
        let all = own.chain(labels.iter().map(|(name, _)| *name));
        check_labels(&meta.name, meta.kind, all, self.0.family.spec.names)?;
        self.0.family.side.set_info(self.0.slot, labels, &self.0.family.guards);
        Ok(())
    }
}

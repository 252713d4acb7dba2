//! Text that describes the target: a version, a region, a build.

use super::metric;
use crate::error::{Error, ErrorCode, Result};
use crate::registry::bound::Bound;

/// A handle on an info metric, whose value is a set of labels. Not for the record path: it locks and allocates.
#[derive(Clone, Debug)]
pub struct Info(Bound);

metric!(Info, INFO);

impl Info {
    pub(super) fn of(bound: Bound) -> Self {
        Info(bound)
    }

    /// Replaces the labels.
    ///
    /// # Errors
    /// When a name is empty, there twice, or one of the family's own labels. The labels stay as they were.
    pub fn set(&self, labels: &[(&str, &str)]) -> Result<()> {
        let meta = &self.0.family.meta;
        let own = |name: &str| {
            meta.label_names.iter().chain(meta.const_labels.iter().map(|(name, _)| name)).any(|own| own == name)
        };
        for (at, (name, _)) in labels.iter().enumerate() {
            if name.is_empty() || own(name) || labels[..at].iter().any(|(earlier, _)| earlier == name) {
                let message = format!(
                    "info {:?}: label {name:?} is empty, there twice or one of the metric's own labels; choose another name",
                    meta.name
                );
                return Err(Error::new(ErrorCode::InvalidLabel, message));
            }
        }
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.0.family.side.set_info(self.0.slot, labels);
        Ok(())
    }
}

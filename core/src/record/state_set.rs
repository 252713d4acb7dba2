//! Which of a fixed set of states hold.

use super::metric;
use crate::error::{Error, ErrorCode, Result};
use crate::registry::bound::Bound;
use crate::shard::cell;
use crate::sync::Ordering::Relaxed;

/// A handle on a state set. Clones are the same series.
#[derive(Clone, Debug)]
pub struct StateSet(Bound);

metric!(StateSet, STATE_SET, 0);

impl StateSet {
    pub(super) fn of(bound: Bound) -> Self {
        StateSet(bound)
    }

    /// Makes `state` the one that holds, and no other.
    ///
    /// # Errors
    /// When there is no such state. Nothing changes then.
    pub fn enter(&self, state: &str) -> Result<()> {
        let bit = self.bit(state)?;
        // Relaxed: the word publishes nothing else.
        self.0.shared().store(bit, Relaxed);
        Ok(())
    }

    /// Says of one state whether it holds; the others stay as they are.
    ///
    /// # Errors
    /// When there is no such state. Nothing changes then.
    pub fn set(&self, state: &str, holds: bool) -> Result<()> {
        let bit = self.bit(state)?;
        // Relaxed: as above.
        match holds {
            true => self.0.shared().fetch_or(bit, Relaxed),
            false => self.0.shared().fetch_and(!bit, Relaxed),
        };
        Ok(())
    }

    /// Whether a state holds; false if there is none of that name.
    pub fn holds(&self, state: &str) -> bool {
        self.bit(state).is_ok_and(|bit| cell::read(self.0.shared()) & bit != 0)
    }

    fn bit(&self, state: &str) -> Result<u64> {
        let meta = &self.0.family.meta;
        match meta.states.iter().position(|known| known == state) {
            Some(at) => Ok(1 << at),
            None => {
                let (name, states) = (&meta.name, meta.states.join(", "));
                let message = format!("state set {name:?} has no state {state:?}; it has {states}");
                Err(Error::new(ErrorCode::NotFound, message))
            }
        }
    }
}

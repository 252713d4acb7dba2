//! What a family is made of: the options of a registration, checked.

use super::name::NameRule;
use crate::merge::snapshot::Kind;
use std::time::Duration;

/// How the cells of a series are read. Public only so that a sealed trait can name it; no path leads here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cells {
    /// Adds of whole numbers, and a companion for fractions.
    Count,
    /// Adds that go both ways, as two's complement.
    Signed,
    /// One shared f64.
    Float,
    /// Buckets and sums, laid out by the family's shape.
    Buckets,
    /// One shared word with a bit for each state.
    States,
    /// None that is read: the text lies beside.
    Text,
}

/// A summary's sliding window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WindowSpec {
    pub(crate) length: Duration,
    /// Steps it slides by.
    pub(crate) steps: u32,
}

/// The options of a family that its series need.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spec {
    pub(crate) kind: Kind,
    pub(crate) cells: Cells,
    /// The most series it has; others go to the overflow series.
    pub(crate) limit: u32,
    /// Series that get a private cell in every slab; the later ones are shared.
    pub(crate) private: u32,
    pub(crate) expire_after: Option<Duration>,
    /// Which names its registry takes.
    pub(crate) names: NameRule,
    /// The quantiles a summary shows.
    pub(crate) quantiles: Vec<f64>,
    pub(crate) window: Option<WindowSpec>,
}

impl Spec {
    /// Series that may be given a private cell. A gauge's value is one word whoever sets it, so it has none.
    pub(super) fn private_series(&self) -> u32 {
        match self.cells {
            Cells::Count | Cells::Signed | Cells::Buckets => self.private,
            Cells::Float | Cells::States | Cells::Text => 0,
        }
    }
}

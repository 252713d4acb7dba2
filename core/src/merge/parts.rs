//! Plain numbers without a copy of everything: a step of the merge is copied and given, and its memory used for the next.
//!
//! For who sums up a registry that may have millions of series, as the page of the endpoint does.

use super::Visitor;
use super::snapshot::{Family, Meta, Row};
use crate::registry::Registry;
use crate::sync::is_outside;
use std::sync::Arc;
use std::time::Instant;

impl Registry {
    /// As [`snapshot`](Self::snapshot), in parts of some hundred series. A family with more of them comes in several parts,
    /// one after the other, with the same [`meta`](Family::meta) (the same `Arc`); one that has none is an empty part. A collector's family is one
    /// part, as it made it.
    ///
    /// ```
    /// # let registry = tykmetrics::Registry::new();
    /// let jobs = registry.counter("jobs_total", "Jobs").labels(["queue"]).register()?;
    /// (0..1000).for_each(|queue| jobs.inc([queue.to_string().as_str()]));
    /// let mut series = Vec::new();
    /// registry.snapshot_in_parts(|part| series.push(part.len()));
    /// assert!(series.len() > 1);
    /// assert_eq!(series.iter().sum::<usize>(), 1000);
    /// # Ok::<(), tykmetrics::Error>(())
    /// ```
    pub fn snapshot_in_parts(&self, part: impl FnMut(&Family)) {
        let begun = Instant::now();
        self.visit(&mut Parts { family: Family::default(), untold: false, is_over: false, give: part });
        self.count_scrape(begun, 0);
    }
}

/// A visitor that gives what it is told, step by step.
struct Parts<F> {
    family: Family,
    /// True while nobody was told of the family, which an empty part does when it ends.
    untold: bool,
    is_over: bool,
    give: F,
}

impl<F: FnMut(&Family)> Visitor for Parts<F> {
    fn begin(&mut self, meta: &Arc<Meta>) {
        self.family.meta = Arc::clone(meta);
        (self.untold, self.is_over) = (true, false);
    }
    fn row(&mut self, row: &Row<'_>) {
        self.family.push_row(row);
    }
    fn step(&mut self) -> bool {
        debug_assert!(is_outside(), "a part is given while no lock is held");
        if !self.family.is_empty() || (self.untold && self.is_over) {
            (self.give)(&self.family);
            self.family.forget_series();
            self.untold = false;
        }
        true
    }
    fn end(&mut self) {
        self.is_over = true;
    }
}

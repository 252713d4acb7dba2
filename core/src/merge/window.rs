//! A sliding window over a series that only grows: what it holds now, less what it held when the window began.
//!
//! Nothing is recorded twice and nothing is reset for a window: it keeps a few past states of the merged counts, as
//! sparse as they are, and takes the difference at scrape. It moves when it is looked at, so it is as fine as the
//! scrapes are.

use super::distribution::Distribution;
use crate::registry::spec::WindowSpec;
use std::collections::VecDeque;

/// The past states of one series.
pub(crate) struct Window {
    length_ms: u64,
    step_ms: u64,
    /// How often the series had been reset when the window was made.
    round: u32,
    /// When, and what was counted by then; the oldest first. The first is where the window begins.
    past: VecDeque<(u64, Distribution)>,
}

impl Window {
    /// A window over a series that began empty at `created_ms`.
    pub(crate) fn new(spec: WindowSpec, created_ms: u64, round: u32, like: &Distribution) -> Window {
        let length_ms = (spec.length.as_millis() as u64).max(1);
        let nothing = Distribution::empty(like.shape().clone());
        Window {
            length_ms,
            round,
            step_ms: (length_ms / u64::from(spec.steps.max(1))).max(1),
            past: VecDeque::from([(created_ms, nothing)]),
        }
    }

    /// How often the series had been reset when the window was made.
    pub(crate) fn round(&self) -> u32 {
        self.round
    }

    /// What came within the window that ends now. It reaches back the window's length and at most one step more, or as
    /// far as the last scrape before it where scrapes are further apart.
    pub(crate) fn slide(&mut self, now: &Distribution, now_ms: u64) -> Distribution {
        // The beginning moves to the latest state that is still as old as the window is long.
        while self.past.get(1).is_some_and(|(at, _)| at + self.length_ms <= now_ms) {
            self.past.pop_front();
        }
        let seen = match self.past.front() {
            Some((_, begin)) => now.delta(begin),
            None => now.clone(),
        };
        if self.past.back().is_none_or(|(at, _)| at + self.step_ms <= now_ms) {
            self.past.push_back((now_ms, now.clone()));
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Buckets, Shape, ShapeOptions};
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn a_window_holds_what_came_within_its_length() {
        let options = ShapeOptions { buckets: Buckets::none(), native: None, ..ShapeOptions::default() };
        let shape = Arc::new(Shape::new(options).expect("a shape"));
        let mut counts = vec![0; shape.slots()];
        let mut state = |value: f64| {
            counts[shape.slot_of(value)] += 1;
            Distribution::from_counts(shape.clone(), &counts, 0.0)
        };
        let spec = WindowSpec { length: Duration::from_secs(10), steps: 5 };
        let first = state(0.1);
        let mut window = Window::new(spec, 0, 0, &first);
        let mut seen = Vec::new();
        for second in 1..=40 {
            // One value a second: slow ones in the first 20 s, quick ones after.
            let now = state(if second <= 20 { 1.0 } else { 0.001 });
            let within = window.slide(&now, second * 1000);
            seen.push((within.count(), within.quantile(0.5)));
        }
        // Never shorter than its length once it is that old, never longer than a step more.
        assert!(seen[12..].iter().all(|(count, _)| (10..=12).contains(count)), "{seen:?}");
        assert!(seen[19].1 > 0.9, "only slow values: {:?}", seen[19]);
        assert!(seen[32].1 < 0.002, "only quick values: {:?}", seen[32]);
        assert!(window.past.len() <= 7, "bounded by its steps");
    }
}

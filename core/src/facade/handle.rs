//! Our handles, as the facade's traits want them.
//!
//! `facade` makes one per series and key; the macros call them. Recording goes straight to our handle. Only
//! `absolute` takes a lock, because it has to read before it adds.

use crate::record::{Counter, Gauge, Histogram};
use crate::sync::{Mutex, held};
use metrics::{CounterFn, GaugeFn, HistogramFn};
use std::sync::Arc;

pub(super) struct CounterHandle {
    counter: Counter,
    raising: Arc<Mutex<()>>,
}

impl CounterHandle {
    pub(super) fn new(counter: Counter, raising: Arc<Mutex<()>>) -> Self {
        CounterHandle { counter, raising }
    }
}

impl CounterFn for CounterHandle {
    fn increment(&self, value: u64) {
        self.counter.add(value);
    }

    /// Adds what `value` is ahead. An increment that lands between the reading and the adding counts as one that came
    /// after; another `absolute` waits.
    fn absolute(&self, value: u64) {
        let _turn = held(self.raising.lock());
        let missing = value.saturating_sub(self.counter.whole());
        if missing > 0 {
            self.counter.add(missing);
        }
    }
}

pub(super) struct GaugeHandle(pub(super) Gauge);

impl GaugeFn for GaugeHandle {
    fn increment(&self, value: f64) {
        self.0.add(value);
    }

    fn decrement(&self, value: f64) {
        self.0.sub(value);
    }

    fn set(&self, value: f64) {
        self.0.set(value);
    }
}

pub(super) struct HistogramHandle(pub(super) Histogram);

impl HistogramFn for HistogramHandle {
    fn record(&self, value: f64) {
        self.0.observe(value);
    }

    fn record_many(&self, value: f64, count: usize) {
        self.0.observe_many(value, count as u64);
    }
}

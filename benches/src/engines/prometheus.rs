//! The `prometheus` crate (tikv's `rust-prometheus`).
//!
//! Without its protobuf feature: the text alone is compared. A histogram is a pair of shards of atomics.

use std::hint::black_box;

use ::prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder,
};

use super::sink::Sink;
use super::{Engine, Scraped, Series, Store, Work};
use crate::measure::repeat;
use crate::workload::{self, BOUND, BOUNDS, HISTOGRAM_NAME, LOOKUP_LABELS, SERIES_LABELS, SERIES_NAME, workload};

pub(super) struct Prometheus;

impl Engine for Prometheus {
    const NAME: &'static str = "prometheus 0.14";

    fn counter() -> Option<Work> {
        let counter = IntCounter::new("requests_total", "Requests.").ok()?;
        Some(Work::shared(move |n| {
            let counter = black_box(&counter);
            repeat(n, |_| counter.inc());
        }))
    }

    fn histogram() -> Option<Work> {
        let histogram = Histogram::with_opts(options()).ok()?;
        let work = workload();
        Some(Work::shared(move |n| {
            let histogram = black_box(&histogram);
            repeat(n, |i| histogram.observe(work.second(i)));
        }))
    }

    fn lookup() -> Option<Work> {
        let family = IntCounterVec::new(Opts::new("requests_total", "Requests."), &LOOKUP_LABELS).ok()?;
        let work = workload();
        for set in &work.known {
            family.with_label_values(set).inc();
        }
        Some(Work::shared(move |n| {
            let family = black_box(&family);
            repeat(n, |i| family.with_label_values(work.visit(i)).inc());
        }))
    }

    fn counters(n: usize) -> Option<Box<dyn Series>> {
        Some(Box::new(Counters::new(n)?))
    }

    fn histograms(n: usize, store: Store) -> Option<Box<dyn Series>> {
        if store == Store::Hdr {
            return None;
        }
        let registry = Registry::new();
        let family = HistogramVec::new(options(), &SERIES_LABELS).ok()?;
        registry.register(Box::new(family.clone())).ok()?;
        Some(Box::new(Histograms { n, turn: 0, family, text: Text::of(registry) }))
    }

    fn scraped(n: usize) -> Option<Scraped> {
        let mut counters = Counters::new(n)?;
        counters.touch();
        let mut bound = Vec::with_capacity(BOUND);
        workload().each_series(BOUND, |_, method, route, id| {
            bound.push(counters.family.with_label_values(&[method, route, id]));
        });
        let histogram = Histogram::with_opts(options()).ok()?;
        counters.text.registry.register(Box::new(histogram.clone())).ok()?;
        let work = workload();
        Some(Scraped {
            record: std::sync::Arc::new(move |n| {
                repeat(n, |i| {
                    bound[i % BOUND].inc();
                    histogram.observe(work.second(i));
                });
            }),
            scrape: Box::new(move || counters.stream()),
            settle: Box::new(|| {}),
        })
    }
}

fn options() -> HistogramOpts {
    HistogramOpts::new(HISTOGRAM_NAME, "Time to answer.").buckets(BOUNDS.to_vec())
}

struct Text {
    registry: Registry,
    buffer: Vec<u8>,
}

impl Text {
    fn of(registry: Registry) -> Self {
        Self { registry, buffer: Vec::new() }
    }

    fn render(&mut self) -> usize {
        self.buffer.clear();
        TextEncoder::new().encode(&self.registry.gather(), &mut self.buffer).map_or(0, |()| self.buffer.len())
    }

    fn stream(&mut self) -> usize {
        let mut sink = Sink::default();
        TextEncoder::new().encode(&self.registry.gather(), &mut sink).map_or(0, |()| sink.0)
    }
}

struct Counters {
    n: usize,
    family: IntCounterVec,
    text: Text,
}

impl Counters {
    fn new(n: usize) -> Option<Self> {
        let registry = Registry::new();
        let family = IntCounterVec::new(Opts::new(SERIES_NAME, "Requests."), &SERIES_LABELS).ok()?;
        registry.register(Box::new(family.clone())).ok()?;
        Some(Self { n, family, text: Text::of(registry) })
    }
}

impl Series for Counters {
    fn touch(&mut self) {
        workload().each_series(self.n, |i, method, route, id| {
            self.family.with_label_values(&[method, route, id]).inc_by(workload::increment(i));
        });
    }

    fn render(&mut self) -> usize {
        self.text.render()
    }

    fn stream(&mut self) -> usize {
        self.text.stream()
    }
}

struct Histograms {
    n: usize,
    turn: usize,
    family: HistogramVec,
    text: Text,
}

impl Series for Histograms {
    fn touch(&mut self) {
        self.turn += 1;
        let work = workload();
        work.each_series(self.n, |i, method, route, id| {
            self.family.with_label_values(&[method, route, id]).observe(work.second(i * 31 + self.turn));
        });
    }

    fn render(&mut self) -> usize {
        self.text.render()
    }

    fn stream(&mut self) -> usize {
        self.text.stream()
    }
}

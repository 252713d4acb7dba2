//! The `prometheus-client` crate (the official client).
//!
//! Label sets are structs of `&'static str` where the values are known, its cheapest form; only the unique label is
//! a `String`. It writes OpenMetrics text, a few bytes longer than the others'.

use std::hint::black_box;

use ::prometheus_client::encoding::EncodeLabelSet;
use ::prometheus_client::encoding::text::encode;
use ::prometheus_client::metrics::counter::Counter;
use ::prometheus_client::metrics::family::Family;
use ::prometheus_client::metrics::histogram::Histogram;
use ::prometheus_client::registry::Registry;

use super::sink::Sink;
use super::{Engine, Scraped, Series, Store, Work};
use crate::measure::repeat;
use crate::workload::{self, BOUND, BOUNDS, HISTOGRAM_NAME, workload};

pub(super) struct PrometheusClient;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByStatus {
    method: &'static str,
    route: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ById {
    method: &'static str,
    route: &'static str,
    id: String,
}

type Counters = Family<ById, Counter>;
type Histograms = Family<ById, Histogram, fn() -> Histogram>;

impl Engine for PrometheusClient {
    const NAME: &'static str = "prometheus-client 0.25";

    fn counter() -> Option<Work> {
        let counter: Counter = Counter::default();
        Some(Work::shared(move |n| {
            let counter = black_box(&counter);
            repeat(n, |_| {
                counter.inc();
            });
        }))
    }

    fn histogram() -> Option<Work> {
        let histogram = classic();
        let work = workload();
        Some(Work::shared(move |n| {
            let histogram = black_box(&histogram);
            repeat(n, |i| histogram.observe(work.second(i)));
        }))
    }

    fn lookup() -> Option<Work> {
        let family = Family::<ByStatus, Counter>::default();
        let work = workload();
        for &[method, route, status] in &work.known {
            family.get_or_create(&ByStatus { method, route, status }).inc();
        }
        Some(Work::shared(move |n| {
            let family = black_box(&family);
            repeat(n, |i| {
                let &[method, route, status] = work.visit(i);
                family.get_or_create(&ByStatus { method, route, status }).inc();
            });
        }))
    }

    fn counters(n: usize) -> Option<Box<dyn Series>> {
        let (family, text) = family(Counters::default(), "http_requests", "Requests");
        Some(Box::new(Touched { n, turn: 0, family, text, touch: add }))
    }

    fn histograms(n: usize, store: Store) -> Option<Box<dyn Series>> {
        if store == Store::Hdr {
            return None;
        }
        let empty = Histograms::new_with_constructor(classic);
        let (family, text) = family(empty, HISTOGRAM_NAME, "Time to answer");
        Some(Box::new(Touched { n, turn: 0, family, text, touch: observe }))
    }

    fn scraped(n: usize) -> Option<Scraped> {
        let (family, mut text) = family(Counters::default(), "http_requests", "Requests");
        add(&family, n, 0);
        let mut bound = Vec::with_capacity(BOUND);
        workload().each_series(BOUND, |_, method, route, id| {
            bound.push(family.get_or_create_owned(&ById { method, route, id: id.to_owned() }));
        });
        let histogram = classic();
        text.registry.register(HISTOGRAM_NAME, "Time to answer", histogram.clone());
        let work = workload();
        Some(Scraped {
            record: std::sync::Arc::new(move |n| {
                repeat(n, |i| {
                    bound[i % BOUND].inc();
                    histogram.observe(work.second(i));
                });
            }),
            scrape: Box::new(move || text.stream()),
            settle: Box::new(|| {}),
        })
    }
}

fn classic() -> Histogram {
    Histogram::new(BOUNDS)
}

fn family<M>(family: M, name: &str, help: &str) -> (M, Text)
where
    M: ::prometheus_client::registry::Metric + Clone,
{
    let mut registry = Registry::default();
    registry.register(name, help, family.clone());
    (family, Text { registry, buffer: String::new() })
}

fn add(family: &Counters, n: usize, _turn: usize) {
    workload().each_series(n, |i, method, route, id| {
        family.get_or_create(&ById { method, route, id: id.to_owned() }).inc_by(workload::increment(i));
    });
}

fn observe(family: &Histograms, n: usize, turn: usize) {
    let work = workload();
    work.each_series(n, |i, method, route, id| {
        family.get_or_create(&ById { method, route, id: id.to_owned() }).observe(work.second(i * 31 + turn));
    });
}

struct Text {
    registry: Registry,
    buffer: String,
}

impl Text {
    fn render(&mut self) -> usize {
        self.buffer.clear();
        encode(&mut self.buffer, &self.registry).map_or(0, |()| self.buffer.len())
    }

    fn stream(&mut self) -> usize {
        let mut sink = Sink::default();
        encode(&mut sink, &self.registry).map_or(0, |()| sink.0)
    }
}

struct Touched<F> {
    n: usize,
    turn: usize,
    family: F,
    text: Text,
    touch: fn(&F, usize, usize),
}

impl<F: Send> Series for Touched<F> {
    fn touch(&mut self) {
        self.turn += 1;
        (self.touch)(&self.family, self.n, self.turn);
    }

    fn render(&mut self) -> usize {
        self.text.render()
    }

    fn stream(&mut self) -> usize {
        self.text.stream()
    }
}

//! Our own adapter.
//!
//! Limits are raised above the series made, so that none lands in a family's overflow series. A histogram is the HDR
//! store with exact classic bounds, except where the classic store is asked for.

use std::convert::Infallible;
use std::hint::black_box;

use ::tykmetrics::{Counter, Family, Format, Histogram, Registry};

use super::sink::Sink;
use super::{Engine, Role, Scraped, Series, Store, Work};
use crate::measure::repeat;
use crate::workload::{self, BOUND, BOUNDS, HISTOGRAM_NAME, LOOKUP_LABELS, SERIES_LABELS, SERIES_NAME, workload};

pub(super) struct Tykmetrics;

impl Engine for Tykmetrics {
    const NAME: &'static str = "tykmetrics";
    const ROLE: Role = Role::Ours;

    fn counter() -> Option<Work> {
        let counter = Registry::new().counter("requests_total", "Requests.").register().ok()?;
        Some(Work::shared(move |n| {
            let counter = black_box(&counter);
            repeat(n, |_| counter.inc());
        }))
    }

    fn histogram() -> Option<Work> {
        let histogram = Registry::new().histogram(HISTOGRAM_NAME, "Time to answer.").buckets(BOUNDS).register().ok()?;
        let work = workload();
        Some(Work::shared(move |n| {
            let histogram = black_box(&histogram);
            repeat(n, |i| histogram.observe(work.second(i)));
        }))
    }

    fn lookup() -> Option<Work> {
        let family = Registry::new().counter("requests_total", "Requests.").labels(LOOKUP_LABELS).register().ok()?;
        let work = workload();
        for set in &work.known {
            family.inc(*set);
        }
        Some(Work::shared(move |n| {
            let family = black_box(&family);
            repeat(n, |i| family.inc(*work.visit(i)));
        }))
    }

    fn counters(n: usize) -> Option<Box<dyn Series>> {
        Some(Box::new(counters(n)?))
    }

    fn histograms(n: usize, store: Store) -> Option<Box<dyn Series>> {
        let registry = Registry::new();
        let series = u32::try_from(n).ok()?;
        let builder = registry.histogram(HISTOGRAM_NAME, "Time to answer.").buckets(BOUNDS).limit(series);
        let builder = match store {
            Store::Classic => builder.compact(),
            // Pages of its own for every writer and series: what is weighed is a page per active writer.
            Store::Hdr => builder.private_series(series),
        };
        let family = builder.labels(SERIES_LABELS).register().ok()?;
        Some(Box::new(Touched { n, turn: 0, family, text: Text::of(registry), touch: observe }))
    }

    fn scraped(n: usize) -> Option<Scraped> {
        let mut counters = counters(n)?;
        counters.touch();
        let mut bound = Vec::with_capacity(BOUND);
        workload().each_series(BOUND, |_, method, route, id| bound.push(counters.family.with([method, route, id])));
        let builder = counters.text.registry.histogram(HISTOGRAM_NAME, "Time to answer.").buckets(BOUNDS);
        let histogram = builder.register().ok()?;
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

type Counters = Family<Counter, 3>;
type Histograms = Family<Histogram, 3>;

fn counters(n: usize) -> Option<Touched<Counters>> {
    let registry = Registry::new();
    let builder = registry.counter(SERIES_NAME, "Requests.").limit(u32::try_from(n).ok()?);
    let family = builder.labels(SERIES_LABELS).register().ok()?;
    Some(Touched { n, turn: 0, family, text: Text::of(registry), touch: add })
}

fn add(family: &Counters, n: usize, _turn: usize) {
    workload().each_series(n, |i, method, route, id| family.add([method, route, id], workload::increment(i)));
}

fn observe(family: &Histograms, n: usize, turn: usize) {
    let work = workload();
    work.each_series(n, |i, method, route, id| family.observe([method, route, id], work.second(i * 31 + turn)));
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
        let Self { registry, buffer } = self;
        buffer.clear();
        registry.render_into(Format::Text, buffer);
        buffer.len()
    }

    fn stream(&mut self) -> usize {
        let mut counted = Sink::default();
        let sink = &mut |chunk: &[u8]| -> Result<(), Infallible> {
            counted.take(chunk);
            Ok(())
        };
        let Ok(()) = self.registry.render_to(Format::Text, sink);
        counted.0
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

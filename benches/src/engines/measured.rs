//! The `measured` crate: interned label values, families sharded over locks.
//!
//! Two contenders. One learns label values as they come, as the other peers do. The other is told every value
//! before it starts, which turns a lookup into three table reads and an array index; no program with routes or
//! ids of its users' making can do that, so it is shown and is no "best peer".

use std::hint::black_box;

use ::measured::metric::MetricFamilyEncoding;
use ::measured::metric::histogram::Thresholds;
use ::measured::metric::name::MetricName;
use ::measured::text::{BufferedTextEncoder, TextEncoder};
use ::measured::{Counter, CounterVec, Histogram, HistogramVec, LabelGroup};
use lasso::{Rodeo, RodeoReader, Spur};
use paracord::ParaCord;

use super::sink::Sink;
use super::{Engine, Scraped, Series, Store, Work};
use crate::measure::repeat;
use crate::workload::{self, BOUND, BOUNDS, HISTOGRAM_NAME, SERIES_NAME, workload};

pub(super) struct Measured;
pub(super) struct MeasuredFixed;

#[derive(Clone, Copy, PartialEq, Debug, LabelGroup)]
#[label(set = ByStatusSet)]
struct ByStatus<'a> {
    #[label(dynamic_with = ParaCord, default)]
    method: &'a str,
    #[label(dynamic_with = ParaCord, default)]
    route: &'a str,
    #[label(dynamic_with = ParaCord, default)]
    status: &'a str,
}

type Fixed = RodeoReader<Spur, ahash::RandomState>;

#[derive(Clone, Copy, PartialEq, Debug, LabelGroup)]
#[label(set = ByStatusFixedSet)]
struct ByStatusFixed<'a> {
    #[label(fixed_with = Fixed)]
    method: &'a str,
    #[label(fixed_with = Fixed)]
    route: &'a str,
    #[label(fixed_with = Fixed)]
    status: &'a str,
}

#[derive(Clone, Copy, PartialEq, Debug, LabelGroup)]
#[label(set = ByIdSet)]
struct ById<'a> {
    #[label(dynamic_with = ParaCord, default)]
    method: &'a str,
    #[label(dynamic_with = ParaCord, default)]
    route: &'a str,
    #[label(dynamic_with = ParaCord, default)]
    id: &'a str,
}

const N: usize = BOUNDS.len();
type Counters = CounterVec<ByIdSet>;
type Histograms = HistogramVec<ByIdSet, N>;

impl Engine for Measured {
    const NAME: &'static str = "measured 0.0.25";

    fn counter() -> Option<Work> {
        let counter = Counter::new();
        Some(Work::shared(move |n| {
            let counter = black_box(&counter);
            repeat(n, |_| counter.inc());
        }))
    }

    fn histogram() -> Option<Work> {
        let histogram: Histogram<N> = Histogram::with_metadata(Thresholds::with_buckets(BOUNDS));
        let work = workload();
        Some(Work::shared(move |n| {
            let histogram = black_box(&histogram);
            repeat(n, |i| histogram.observe(work.second(i)));
        }))
    }

    fn lookup() -> Option<Work> {
        let family = CounterVec::<ByStatusSet>::new();
        let work = workload();
        for &[method, route, status] in &work.known {
            family.inc(ByStatus { method, route, status });
        }
        Some(Work::shared(move |n| {
            let family = black_box(&family);
            repeat(n, |i| {
                let &[method, route, status] = work.visit(i);
                family.inc(ByStatus { method, route, status });
            });
        }))
    }

    fn counters(n: usize) -> Option<Box<dyn Series>> {
        Some(Box::new(Touched {
            n,
            turn: 0,
            name: MetricName::from_str(SERIES_NAME),
            family: Counters::new(),
            buffer: BufferedTextEncoder::new(),
            touch: add,
        }))
    }

    fn histograms(n: usize, store: Store) -> Option<Box<dyn Series>> {
        if store == Store::Hdr {
            return None;
        }
        Some(Box::new(Touched {
            n,
            turn: 0,
            name: MetricName::from_str(HISTOGRAM_NAME),
            family: Histograms::with_metadata(Thresholds::with_buckets(BOUNDS)),
            buffer: BufferedTextEncoder::new(),
            touch: observe,
        }))
    }

    /// A counter of a family is bound by its identity alone: each add finds it again in the family's map.
    fn scraped(n: usize) -> Option<Scraped> {
        let family: &'static Counters = Box::leak(Box::new(Counters::new()));
        let histogram: &'static Histogram<N> =
            Box::leak(Box::new(Histogram::with_metadata(Thresholds::with_buckets(BOUNDS))));
        add(family, n, 0);
        let mut bound = Vec::with_capacity(BOUND);
        workload()
            .each_series(BOUND, |_, method, route, id| bound.push(family.with_labels(ById { method, route, id })));
        let work = workload();
        Some(Scraped {
            record: std::sync::Arc::new(move |n| {
                repeat(n, |i| {
                    family.get_metric(bound[i % BOUND]).inc();
                    histogram.observe(work.second(i));
                });
            }),
            scrape: Box::new(move || stream(family, SERIES_NAME) + stream(histogram, HISTOGRAM_NAME)),
            settle: Box::new(|| {}),
        })
    }
}

impl Engine for MeasuredFixed {
    const NAME: &'static str = "measured 0.0.25, values told before";

    fn lookup() -> Option<Work> {
        let [method, route, status] = workload::lookup_values().map(|values| {
            let mut rodeo = Rodeo::with_hasher(ahash::RandomState::new());
            for value in values {
                rodeo.get_or_intern(value);
            }
            rodeo.into_reader()
        });
        let family = CounterVec::with_label_set(ByStatusFixedSet::new(method, route, status));
        let work = workload();
        for &[method, route, status] in &work.known {
            family.inc(ByStatusFixed { method, route, status });
        }
        let run = Work::shared(move |n| {
            let family = black_box(&family);
            repeat(n, |i| {
                let &[method, route, status] = work.visit(i);
                family.inc(ByStatusFixed { method, route, status });
            });
        });
        Some(run.but("every label value told before it starts"))
    }
}

fn add(family: &Counters, n: usize, _turn: usize) {
    workload().each_series(n, |i, method, route, id| family.inc_by(ById { method, route, id }, workload::increment(i)));
}

fn observe(family: &Histograms, n: usize, turn: usize) {
    let work = workload();
    work.each_series(n, |i, method, route, id| family.observe(ById { method, route, id }, work.second(i * 31 + turn)));
}

fn stream<F: MetricFamilyEncoding<TextEncoder<Sink>>>(family: &F, name: &'static str) -> usize {
    let mut encoder = TextEncoder::new(Sink::default());
    family.collect_family_into(MetricName::from_str(name), &mut encoder).map_or(0, |()| encoder.writer.0)
}

struct Touched<F> {
    n: usize,
    turn: usize,
    name: &'static MetricName,
    family: F,
    buffer: BufferedTextEncoder,
    touch: fn(&F, usize, usize),
}

impl<F> Series for Touched<F>
where
    F: Send + MetricFamilyEncoding<BufferedTextEncoder> + MetricFamilyEncoding<TextEncoder<Sink>>,
{
    fn touch(&mut self) {
        self.turn += 1;
        (self.touch)(&self.family, self.n, self.turn);
    }

    fn render(&mut self) -> usize {
        let Ok(()) = self.family.collect_family_into(self.name, &mut self.buffer);
        self.buffer.finish().len()
    }

    fn stream(&mut self) -> usize {
        let mut encoder = TextEncoder::new(Sink::default());
        self.family.collect_family_into(self.name, &mut encoder).map_or(0, |()| encoder.writer.0)
    }
}

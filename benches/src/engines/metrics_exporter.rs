//! The `metrics` facade with `metrics-exporter-prometheus` behind it.
//!
//! Its histograms keep every sample until somebody renders or does the upkeep; the upkeep is done between rounds,
//! outside the clock, as the exporter's own background task would.

use std::hint::black_box;
use std::sync::OnceLock;

use ::metrics::{Counter, Histogram, counter, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::sink::Sink;
use super::{Engine, Scraped, Series, Store, Work};
use crate::measure::repeat;
use crate::workload::{self, BOUND, BOUNDS, HISTOGRAM_NAME, SERIES_NAME, workload};

pub(super) struct MetricsExporter;

impl Engine for MetricsExporter {
    const NAME: &'static str = "metrics 0.24 + exporter 0.18";

    fn counter() -> Option<Work> {
        let recorder = recorder()?;
        let counter = with_local_recorder(&recorder, || counter!("requests_total"));
        Some(Work::shared(move |n| {
            let _alive = &recorder;
            let counter = black_box(&counter);
            repeat(n, |_| counter.increment(1));
        }))
    }

    fn histogram() -> Option<Work> {
        let recorder = recorder()?;
        let handle = recorder.handle();
        let histogram = with_local_recorder(&recorder, || histogram!(HISTOGRAM_NAME));
        let work = workload();
        let run = Work::shared(move |n| {
            let histogram = black_box(&histogram);
            repeat(n, |i| histogram.record(work.second(i)));
        });
        Some(run.settled_by(move || handle.run_upkeep()))
    }

    fn lookup() -> Option<Work> {
        installed()?;
        let work = workload();
        for &[method, route, status] in &work.known {
            counter!("requests_total", "method" => method, "route" => route, "status" => status).increment(1);
        }
        Some(Work::shared(move |n| {
            repeat(n, |i| {
                let &[method, route, status] = work.visit(i);
                counter!("requests_total", "method" => method, "route" => route, "status" => status).increment(1);
            });
        }))
    }

    fn counters(n: usize) -> Option<Box<dyn Series>> {
        Some(Box::new(Touched::new(n, add)?))
    }

    fn histograms(n: usize, store: Store) -> Option<Box<dyn Series>> {
        if store == Store::Hdr {
            return None;
        }
        Some(Box::new(Touched::new(n, observe)?))
    }

    fn scraped(n: usize) -> Option<Scraped> {
        let mut series = Touched::new(n, add)?;
        series.touch();
        let mut bound: Vec<Counter> = Vec::with_capacity(BOUND);
        let histogram: Histogram = with_local_recorder(&series.recorder, || {
            workload().each_series(BOUND, |_, method, route, id| {
                bound.push(counter!(SERIES_NAME, "method" => method, "route" => route, "id" => id.to_owned()));
            });
            histogram!(HISTOGRAM_NAME)
        });
        let handle = series.handle.clone();
        let work = workload();
        Some(Scraped {
            record: std::sync::Arc::new(move |n| {
                repeat(n, |i| {
                    bound[i % BOUND].increment(1);
                    histogram.record(work.second(i));
                });
            }),
            scrape: Box::new(move || series.stream()),
            settle: Box::new(move || handle.run_upkeep()),
        })
    }
}

fn recorder() -> Option<PrometheusRecorder> {
    Some(PrometheusBuilder::new().set_buckets(&BOUNDS).ok()?.build_recorder())
}

/// The recorder of the process: the lookup is timed through the macros, as programs write it.
fn installed() -> Option<&'static PrometheusHandle> {
    static INSTALLED: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let handle = INSTALLED.get_or_init(|| {
        let recorder = recorder()?;
        let handle = recorder.handle();
        ::metrics::set_global_recorder(recorder).ok()?;
        Some(handle)
    });
    handle.as_ref()
}

fn add(n: usize, _turn: usize) {
    workload().each_series(n, |i, method, route, id| {
        counter!(SERIES_NAME, "method" => method, "route" => route, "id" => id.to_owned())
            .increment(workload::increment(i));
    });
}

fn observe(n: usize, turn: usize) {
    let work = workload();
    work.each_series(n, |i, method, route, id| {
        histogram!(HISTOGRAM_NAME, "method" => method, "route" => route, "id" => id.to_owned())
            .record(work.second(i * 31 + turn));
    });
}

struct Touched {
    n: usize,
    turn: usize,
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    buffer: Vec<u8>,
    touch: fn(usize, usize),
}

impl Touched {
    fn new(n: usize, touch: fn(usize, usize)) -> Option<Self> {
        let recorder = recorder()?;
        let handle = recorder.handle();
        Some(Self { n, turn: 0, recorder, handle, buffer: Vec::new(), touch })
    }
}

impl Series for Touched {
    fn touch(&mut self) {
        self.turn += 1;
        with_local_recorder(&self.recorder, || (self.touch)(self.n, self.turn));
    }

    fn render(&mut self) -> usize {
        self.buffer.clear();
        self.handle.render_to_write(&mut self.buffer).map_or(0, |()| self.buffer.len())
    }

    fn stream(&mut self) -> usize {
        let mut sink = Sink::default();
        self.handle.render_to_write(&mut sink).map_or(0, |()| sink.0)
    }
}

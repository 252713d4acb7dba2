//! The contenders, one small adapter each, behind one trait.
//!
//! An adapter holds the inner loop, so that the contender is called as a program would call it: statically, and
//! inlined where its author allows. `scenarios` sees contenders only through function pointers, once per some
//! million operations. What a contender cannot do it leaves out; what it does less of, it says.

mod atomic_histogram;
mod hdr;
mod measured;
mod metrics_exporter;
mod prometheus;
mod prometheus_client;
mod sink;
mod tykmetrics;

use std::sync::Arc;

/// Whether a contender is us, someone to be compared with, or a bare loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Ours,
    Peer,
    Limit,
}

/// How a contender is driven: `n` operations per call.
pub(crate) enum Run {
    /// By any number of threads at once.
    Shared(Arc<dyn Fn(u64) + Send + Sync>),
    /// By one thread only.
    Single(Box<dyn FnMut(u64)>),
}

/// Something to time.
pub(crate) struct Work {
    pub(crate) run: Run,
    /// What must happen between two rounds, outside the clock.
    pub(crate) settle: Option<Box<dyn FnMut()>>,
    /// What this contender does less than the others; such a one is shown and is no "best peer".
    pub(crate) less: Option<&'static str>,
}

impl Work {
    pub(crate) fn shared(run: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self { run: Run::Shared(Arc::new(run)), settle: None, less: None }
    }

    pub(crate) fn single(run: impl FnMut(u64) + 'static) -> Self {
        Self { run: Run::Single(Box::new(run)), settle: None, less: None }
    }

    pub(crate) fn settled_by(mut self, settle: impl FnMut() + 'static) -> Self {
        self.settle = Some(Box::new(settle));
        self
    }

    pub(crate) fn but(mut self, less: &'static str) -> Self {
        self.less = Some(less);
        self
    }
}

/// A family of `n` series with three labels.
pub(crate) trait Series: Send {
    /// Records once into every series, through a lookup; the first call makes them.
    fn touch(&mut self);
    /// Writes the text of the whole registry into a buffer that is kept, and says how long it is.
    fn render(&mut self) -> usize;
    /// Writes the text of the whole registry into a sink that only counts.
    fn stream(&mut self) -> usize;
}

/// How a histogram stores what it observes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Store {
    /// The classic bounds only.
    Classic,
    /// A log-linear store with the classic bounds exact.
    Hdr,
}

/// A registry with many series, a writer for some of them, and a scrape of all.
pub(crate) struct Scraped {
    /// One operation: add to one of the bound counters and observe into the bound histogram.
    pub(crate) record: Arc<dyn Fn(u64) + Send + Sync>,
    /// Renders everything into a sink that only counts, and says how many bytes it took.
    pub(crate) scrape: Box<dyn FnMut() -> usize + Send>,
    /// What must happen between two windows, outside the clock.
    pub(crate) settle: Box<dyn FnMut()>,
}

/// What an adapter offers.
pub(crate) trait Engine {
    /// Name and release, as printed.
    const NAME: &'static str;
    const ROLE: Role = Role::Peer;

    /// One bound counter, added 1.
    fn counter() -> Option<Work> {
        None
    }

    /// One bound histogram with the default bounds, observing the prepared latencies.
    fn histogram() -> Option<Work> {
        None
    }

    /// A counter found by three labels and added 1, over the 64 known sets.
    fn lookup() -> Option<Work> {
        None
    }

    /// `n` counters with three labels, none recorded yet.
    fn counters(_n: usize) -> Option<Box<dyn Series>> {
        None
    }

    /// `n` histograms with three labels and the default bounds, none recorded yet.
    fn histograms(_n: usize, _store: Store) -> Option<Box<dyn Series>> {
        None
    }

    /// `n` counters and one histogram, bound by a writer and scraped.
    fn scraped(_n: usize) -> Option<Scraped> {
        None
    }
}

/// An adapter as values: what `scenarios` iterates over.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) counter: fn() -> Option<Work>,
    pub(crate) histogram: fn() -> Option<Work>,
    pub(crate) lookup: fn() -> Option<Work>,
    pub(crate) counters: fn(usize) -> Option<Box<dyn Series>>,
    pub(crate) histograms: fn(usize, Store) -> Option<Box<dyn Series>>,
    pub(crate) scraped: fn(usize) -> Option<Scraped>,
}

impl Contender {
    fn of<E: Engine>() -> Self {
        Self {
            name: E::NAME,
            role: E::ROLE,
            counter: E::counter,
            histogram: E::histogram,
            lookup: E::lookup,
            counters: E::counters,
            histograms: E::histograms,
            scraped: E::scraped,
        }
    }
}

/// Every contender, ours first.
pub(crate) fn contenders() -> Vec<Contender> {
    vec![
        Contender::of::<tykmetrics::Tykmetrics>(),
        Contender::of::<prometheus::Prometheus>(),
        Contender::of::<prometheus_client::PrometheusClient>(),
        Contender::of::<metrics_exporter::MetricsExporter>(),
        Contender::of::<measured::Measured>(),
        Contender::of::<measured::MeasuredFixed>(),
        Contender::of::<hdr::Hdr>(),
        Contender::of::<atomic_histogram::AtomicLogLinear>(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 50;

    #[test]
    fn every_family_of_counters_renders_every_series_and_streams_the_same_amount() {
        for contender in contenders() {
            let Some(mut series) = (contender.counters)(N) else { continue };
            series.touch();
            let rendered = series.render();
            // A line holds at least the family's name, three labels and a digit.
            assert!(rendered > N * 50, "{}: {rendered} bytes", contender.name);
            assert_eq!(rendered, series.stream(), "{}", contender.name);
        }
    }

    #[test]
    fn every_family_of_histograms_renders_a_line_per_bound() {
        for contender in contenders() {
            for store in [Store::Classic, Store::Hdr] {
                let Some(mut series) = (contender.histograms)(N, store) else { continue };
                series.touch();
                assert!(series.render() > N * 13 * 50, "{} {store:?}", contender.name);
            }
        }
    }

    #[test]
    fn every_contender_runs_the_work_it_offers() {
        for contender in contenders() {
            for work in [(contender.counter)(), (contender.histogram)(), (contender.lookup)()].into_iter().flatten() {
                match work.run {
                    Run::Shared(run) => run(10_000),
                    Run::Single(mut run) => run(10_000),
                }
            }
            if let Some(mut scraped) = (contender.scraped)(N + 64) {
                (scraped.record)(1000);
                assert!((scraped.scrape)() > N * 50, "{}", contender.name);
                (scraped.settle)();
            }
        }
    }
}

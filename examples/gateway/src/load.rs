//! The load: workers that draw requests and serve them, and a count of them that owes nothing to the registry.
//!
//! `main` runs it twice: with recording off, to learn what the generator itself costs, and with recording on. A worker
//! draws a request, counts it in its own [`Tally`] and gives it to [`Metrics::serve`]. Nothing sleeps: the time a
//! request took is drawn, not waited for, so the workers record as fast as they can.

use crate::metrics::Metrics;
use crate::os;
use crate::traffic::{Generator, MODELS, PROVIDERS, ROUTES, Request, STATUSES};
use std::hint::black_box;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What a worker counted by itself, in plain numbers.
#[derive(Default, Clone)]
pub(crate) struct Tally {
    pub(crate) statuses: [[u64; STATUSES.len()]; ROUTES.len()],
    pub(crate) models: [u64; MODELS.len()],
    pub(crate) provider_errors: [u64; PROVIDERS.len()],
    pub(crate) cache_hits: u64,
    pub(crate) cache_misses: u64,
    pub(crate) db_queries: u64,
    pub(crate) batches: u64,
    /// CPU time that the workers used.
    pub(crate) cpu_nanos: u64,
}

impl Tally {
    #[inline]
    fn count(&mut self, request: &Request) {
        self.statuses[request.route][request.status] += 1;
        self.db_queries += ROUTES[request.route].queries;
        self.cache_hits += u64::from(request.cached == Some(true));
        self.cache_misses += u64::from(request.cached == Some(false));
        if let Some(model) = request.model {
            self.models[model] += 1;
            self.provider_errors[MODELS[model].1] += u64::from(request.upstream_failed());
        }
    }

    fn add(&mut self, other: &Tally) {
        self.statuses.iter_mut().flatten().zip(other.statuses.iter().flatten()).for_each(|(n, more)| *n += more);
        self.models.iter_mut().zip(&other.models).for_each(|(n, more)| *n += more);
        self.provider_errors.iter_mut().zip(&other.provider_errors).for_each(|(n, more)| *n += more);
        self.cache_hits += other.cache_hits;
        self.cache_misses += other.cache_misses;
        self.db_queries += other.db_queries;
        self.batches += other.batches;
        self.cpu_nanos += other.cpu_nanos;
    }

    pub(crate) fn requests(&self) -> u64 {
        self.statuses.iter().flatten().sum()
    }

    /// How often a metric was called. Each request moves the gauge of those in flight twice, counts itself, its
    /// queries and its status, and records its time and size.
    pub(crate) fn records(&self) -> u64 {
        let upstream: u64 = self.models.iter().sum();
        let errors: u64 = self.provider_errors.iter().sum();
        7 * self.requests() + self.cache_hits + self.cache_misses + 2 * upstream + errors + self.batches
    }
}

/// Requests between two looks at the clock and at the sign to stop.
const BATCH: usize = 1024;

fn work(worker: usize, metrics: &Metrics, recording: bool, stop: &AtomicBool) -> Tally {
    let (mut generator, mut tally) = (Generator::new(worker), Tally::default());
    let begun = os::thread_nanos();
    // Relaxed: the sign to stop publishes nothing; counts come back by joining the thread.
    while !stop.load(Relaxed) {
        // Records when it is dropped, at the end of the batch.
        let _timer = recording.then(|| metrics.batches.start_timer());
        tally.batches += 1;
        for _ in 0..BATCH {
            let request = generator.request();
            tally.count(&request);
            if recording {
                metrics.serve(&request);
            }
            // With recording off, the request is made all the same.
            black_box(&request);
        }
    }
    tally.cpu_nanos = os::thread_nanos().saturating_sub(begun);
    tally
}

/// Stops the workers, also when whoever waits for them panics.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        // Relaxed: as in `work`.
        self.0.store(true, Relaxed);
    }
}

/// Keeps `workers` threads at work for as long as `meanwhile` takes, and adds up what they counted.
///
/// # Errors
/// When the system has no thread to give.
pub(crate) fn run<T>(
    metrics: &Metrics,
    workers: usize,
    recording: bool,
    meanwhile: impl FnOnce() -> T,
) -> io::Result<(Tally, T)> {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stopping = Stop(&stop);
        let mut threads = Vec::with_capacity(workers);
        for worker in 0..workers {
            let (metrics, stop) = (metrics, &stop);
            let thread = std::thread::Builder::new().name(format!("worker {worker}"));
            threads.push(thread.spawn_scoped(scope, move || work(worker, metrics, recording, stop))?);
        }
        let seen = meanwhile();
        drop(stopping);
        let mut tally = Tally::default();
        for thread in threads {
            tally.add(&thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        Ok((tally, seen))
    })
}

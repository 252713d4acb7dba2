//! The load: requests out of a small random generator, and a count of them that owes nothing to the registry.
//!
//! `main` runs it twice: with recording off, to learn what the generator itself costs, and with recording on. A worker
//! draws a request, counts it in its own [`Tally`] and gives it to [`Metrics::serve`]. Nothing sleeps: the time a
//! request took is drawn, not waited for, so the workers record as fast as they can.

use crate::metrics::Metrics;
use crate::os;
use std::hint::black_box;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// A route of the gateway.
pub(crate) struct Route {
    pub(crate) endpoint: &'static str,
    pub(crate) method: &'static str,
    /// Its share of all requests.
    share: f64,
    /// The time in the middle of its answers.
    median_seconds: f64,
    /// From here on an answer is slow, and keeps its trace id.
    pub(crate) slow_seconds: f64,
    /// The usual size of its answers.
    bytes: f64,
    /// Queries to the database for each request.
    pub(crate) queries: u64,
    /// The share of requests that the cache answers, if it is asked.
    cache: Option<f64>,
    /// Whether a provider is asked for what the cache does not have.
    upstream: bool,
}

#[rustfmt::skip]
pub(crate) const ROUTES: [Route; 5] = [
    Route {
        endpoint: "/api/chat", method: "POST", share: 0.45,
        median_seconds: 0.6, slow_seconds: 4.0, bytes: 4096.0, queries: 2, cache: None, upstream: true,
    },
    Route {
        endpoint: "/api/completions", method: "POST", share: 0.2,
        median_seconds: 0.35, slow_seconds: 2.5, bytes: 2048.0, queries: 2, cache: None, upstream: true,
    },
    Route {
        endpoint: "/api/embeddings", method: "POST", share: 0.15,
        median_seconds: 0.08, slow_seconds: 0.5, bytes: 12288.0, queries: 1, cache: Some(0.3), upstream: true,
    },
    Route {
        endpoint: "/api/models", method: "GET", share: 0.15,
        median_seconds: 0.012, slow_seconds: 0.08, bytes: 8192.0, queries: 1, cache: Some(0.9), upstream: false,
    },
    Route {
        endpoint: "/api/account", method: "GET", share: 0.05,
        median_seconds: 0.02, slow_seconds: 0.13, bytes: 512.0, queries: 4, cache: None, upstream: false,
    },
];

pub(crate) const PROVIDERS: [&str; 3] = ["openai", "anthropic", "google"];

/// Models, and which of the providers has each.
pub(crate) const MODELS: [(&str, usize); 6] = [
    ("gpt-4", 0),
    ("gpt-4o-mini", 0),
    ("claude-3-opus", 1),
    ("claude-3-haiku", 1),
    ("gemini-pro", 2),
    ("gemini-flash", 2),
];

/// Statuses, and the share of requests that end with each.
pub(crate) const STATUSES: [(&str, f64); 5] =
    [("200", 0.975), ("400", 0.01), ("429", 0.008), ("500", 0.003), ("502", 0.004)];
const INTERNAL_ERROR: usize = 3;
const BAD_GATEWAY: usize = 4;

/// What became of a request: drawn at once, where a real gateway learns it bit by bit.
pub(crate) struct Request {
    /// Index in [`ROUTES`].
    pub(crate) route: usize,
    /// Index in [`STATUSES`].
    status: usize,
    /// Index in [`MODELS`], if a provider was asked.
    pub(crate) model: Option<usize>,
    /// Whether the cache had the answer, if it was asked.
    pub(crate) cached: Option<bool>,
    pub(crate) seconds: f64,
    pub(crate) bytes: f64,
    pub(crate) trace: u64,
}

impl Request {
    pub(crate) fn status(&self) -> &'static str {
        STATUSES[self.status].0
    }

    pub(crate) fn upstream_failed(&self) -> bool {
        self.status == BAD_GATEWAY
    }
}

/// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016): the same requests in
/// every run.
struct Generator(u64);

impl Generator {
    fn new(worker: usize) -> Generator {
        // The golden ratio's bits, an odd number: workers begin far apart, and never at 0, where xorshift stays.
        Generator((worker as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn draw(&mut self) -> [f64; 4] {
        let bits = self.bits();
        [0, 16, 32, 48].map(|at| (bits >> at & 0xffff) as f64 / 65536.0)
    }

    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    #[inline]
    fn request(&mut self) -> Request {
        let [route, status, model, cache] = self.draw();
        let [a, b, c, d] = self.draw();
        let trace = self.bits();
        let route = pick(ROUTES.iter().map(|route| route.share), route);
        let setup = &ROUTES[route];
        let cached = setup.cache.map(|hits| cache < hits);
        let hit = cached == Some(true);
        let model = (setup.upstream && !hit).then_some((model * MODELS.len() as f64) as usize);
        let status = match pick(STATUSES.iter().map(|(_, share)| *share), status) {
            BAD_GATEWAY if model.is_none() => INTERNAL_ERROR,
            status => status,
        };
        // Four uniform numbers add up to nearly a normal one, of variance 1/3; its exponential is lognormal.
        let normal = (a + b + c + d - 2.0) * 3f64.sqrt();
        let faster = if hit { 0.1 } else { 1.0 };
        // One request in 256 hits something slow: a cold model, a retry.
        let slower = if trace & 0xff == 0 { 8.0 } else { 1.0 };
        let seconds = setup.median_seconds * (0.5 * normal).exp() * faster * slower;
        let bytes = (setup.bytes * (0.25 + 1.5 * a)).round();
        Request { route, status, model, cached, seconds, bytes, trace }
    }
}

/// Which of `shares` the number `at` (0 to 1) falls in; the last one for what rounding leaves over.
fn pick(shares: impl ExactSizeIterator<Item = f64>, mut at: f64) -> usize {
    let last = shares.len() - 1;
    for (index, share) in shares.enumerate() {
        if at < share {
            return index;
        }
        at -= share;
    }
    last
}

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

    /// How often a metric was called. Each request moves two gauges' worth of in-flight, counts itself, its queries and
    /// its status, and records its time and size.
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

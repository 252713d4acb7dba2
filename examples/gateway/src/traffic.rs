//! What arrives: the routes, providers and models of the gateway, and requests drawn from a small random generator.
//!
//! `load` draws requests here and counts them, `metrics` records them. Nothing here knows of either.

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
    pub(crate) status: usize,
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
pub(crate) struct Generator(u64);

impl Generator {
    pub(crate) fn new(worker: usize) -> Generator {
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

    /// The next request.
    #[inline]
    pub(crate) fn request(&mut self) -> Request {
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
        // One request in 251 hits something slow: a cold model, a retry.
        let slower = if trace.is_multiple_of(251) { 8.0 } else { 1.0 };
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

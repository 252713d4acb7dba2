//! The work that every contender is given.
//!
//! The same latencies, the same label sets in the same shuffled order, the same series: made once, from a fixed
//! seed, before any clock starts. Contenders read it and never change it.

use std::fmt::Write;
use std::sync::OnceLock;

/// The 11 bounds that Prometheus client libraries use when none are given, in seconds.
pub(crate) const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The label names of the lookup.
pub(crate) const LOOKUP_LABELS: [&str; 3] = ["method", "route", "status"];

/// The label names of the series that are rendered and weighed; `id` is unique.
pub(crate) const SERIES_LABELS: [&str; 3] = ["method", "route", "id"];

/// The counter family that is rendered and weighed.
pub(crate) const SERIES_NAME: &str = "http_requests_total";

/// The histogram family that is weighed.
pub(crate) const HISTOGRAM_NAME: &str = "http_request_duration_seconds";

/// Latencies prepared, so that no contender pays for making them. A power of two: an index is one `and`.
pub(crate) const VALUES: usize = 4096;

/// Series that a writer holds bound handles of while a scrape runs.
pub(crate) const BOUND: usize = 64;

const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
const LOOKUP_ROUTES: [&str; 4] =
    ["/api/v1/orders", "/api/v1/orders/{id}", "/api/v1/customers/{id}/invoices", "/healthz"];
const STATUSES: [&str; 4] = ["200", "201", "404", "500"];
const ROUTES: usize = 100;

/// One set of three label values.
pub(crate) type LabelSet = [&'static str; 3];

/// Everything prepared.
pub(crate) struct Workload {
    /// Latencies in seconds, log-normal around 30 ms, none below 1 ms or above 1 s.
    pub(crate) seconds: Vec<f64>,
    /// The same latencies in whole nanoseconds, for contenders that take integers.
    pub(crate) nanos: Vec<u64>,
    /// The 64 label sets, as a program registers them.
    pub(crate) known: Vec<LabelSet>,
    /// The same 64 sets in strings of their own, as requests bring them: equal text, other addresses.
    pub(crate) asked: Vec<LabelSet>,
    /// Which set each visit asks for.
    pub(crate) order: Vec<u8>,
    routes: Vec<&'static str>,
}

/// The work, made at the first call.
pub(crate) fn workload() -> &'static Workload {
    static WORKLOAD: OnceLock<Workload> = OnceLock::new();
    WORKLOAD.get_or_init(Workload::new)
}

impl Workload {
    fn new() -> Self {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let seconds: Vec<f64> =
            (0..VALUES).map(|_| (0.03_f64.ln() + random.normal()).exp().clamp(0.001, 1.0)).collect();
        let nanos = seconds.iter().map(|s| (s * 1e9) as u64).collect();
        let order = (0..VALUES).map(|_| (random.next() >> 58) as u8).collect();
        let routes = (0..ROUTES).map(|r| leak(&format!("/route/{r:02}"))).collect();
        Self { seconds, nanos, known: label_sets(), asked: label_sets(), order, routes }
    }

    /// The latency of the `i`th observation.
    #[inline(always)]
    pub(crate) fn second(&self, i: usize) -> f64 {
        self.seconds[i % VALUES]
    }

    /// The label set that the `i`th request asks for.
    #[inline(always)]
    pub(crate) fn visit(&self, i: usize) -> &LabelSet {
        &self.asked[self.order[i % VALUES] as usize]
    }

    /// Calls `visit` with the number and the label values of each of `n` series, the last value being unique.
    pub(crate) fn each_series(&self, n: usize, mut visit: impl FnMut(usize, &'static str, &'static str, &str)) {
        let mut id = String::with_capacity(16);
        for i in 0..n {
            id.clear();
            // Writing into a String cannot fail.
            let _ = write!(id, "{i:07}");
            visit(i, METHODS[i % METHODS.len()], self.routes[i / METHODS.len() % ROUTES], &id);
        }
    }
}

/// What is added to the `i`th series at each pass: never nothing, so that every value has changed, and of
/// differing length in text.
pub(crate) fn increment(i: usize) -> u64 {
    // A prime beside a power of ten: amounts of 1 to 5 digits, in no order that a predictor learns.
    (i as u64 * 7919) % 100_000 + 1
}

/// The values that each of the three labels of the lookup takes.
pub(crate) fn lookup_values() -> [&'static [&'static str]; 3] {
    [&METHODS, &LOOKUP_ROUTES, &STATUSES]
}

fn label_sets() -> Vec<LabelSet> {
    let mut sets = Vec::with_capacity(64);
    for method in METHODS {
        for route in LOOKUP_ROUTES {
            for status in STATUSES {
                sets.push([leak(method), leak(route), leak(status)]);
            }
        }
    }
    sets
}

// The work lives as long as the process.
fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn unit(&mut self) -> f64 {
        // The upper 53 bits, moved off zero so that its logarithm exists.
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    // Box and Muller's transform.
    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn latencies_lie_between_a_millisecond_and_a_second_and_around_thirty_milliseconds() {
        let mut seconds = workload().seconds.clone();
        assert!(seconds.iter().all(|s| (0.001..=1.0).contains(s)));
        seconds.sort_by(f64::total_cmp);
        let median = seconds[VALUES / 2];
        assert!((0.025..0.036).contains(&median), "median {median}");
    }

    #[test]
    fn requests_bring_the_known_label_sets_in_strings_of_their_own() {
        let work = workload();
        assert_eq!(work.known, work.asked);
        let known: HashSet<_> = work.known.iter().flatten().map(|text| text.as_ptr()).collect();
        assert!(work.asked.iter().flatten().all(|text| !known.contains(&text.as_ptr())));
    }

    #[test]
    fn every_known_label_set_is_visited() {
        let visited: HashSet<_> = (0..VALUES).map(|i| workload().visit(i)).collect();
        assert_eq!(visited.len(), 64);
    }

    #[test]
    fn the_last_label_of_a_series_is_unique() {
        let mut ids = HashSet::new();
        workload().each_series(1000, |_, _, _, id| assert!(ids.insert(id.to_owned())));
        assert_eq!(ids.len(), 1000);
    }
}

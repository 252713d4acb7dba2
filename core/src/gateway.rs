//! What a gateway to AI providers tells of its requests: by endpoint, provider and model, its cache, its database and the
//! services it calls.
//!
//! The families are those of GatewayZ. Everything that is a rate, an average or a quantile is worked out when somebody
//! scrapes, from the counters and histograms that records add to. Nothing here knows how a request was served.

mod derived;

use crate::collect::Collector;
use crate::error::Result;
use crate::merge::snapshot::Snapshot;
use crate::record::{Counter, Histogram};
use crate::registry::{Family, Registry};
use crate::shard::Shard;
use derived::Derived;
use std::collections::HashSet;
use std::sync::Arc;

/// A status from here on is an error, as HTTP has it.
const FIRST_ERROR: u32 = 400;

/// The families that records go to.
const NAMES: [&str; 16] = [
    "http_requests_total",
    "http_request_errors_total",
    "http_response_status_total",
    "http_request_latency_seconds",
    "provider_requests_total",
    "provider_errors_total",
    "provider_latency_seconds",
    "model_requests_total",
    "model_errors_total",
    "model_latency_seconds",
    "cache_hits_total",
    "cache_misses_total",
    "db_queries_total",
    "db_query_latency_seconds",
    "external_api_calls_total",
    "external_api_errors_total",
];

/// The families of a gateway.
///
/// ```
/// use tykmetrics::{Gateway, Registry};
///
/// let registry = Registry::new();
/// let gateway = Gateway::new(&registry)?;
/// gateway.record_request("/api/chat", "POST", 0.245, 200, Some("openai"), Some("gpt-4"));
/// let snapshot = registry.snapshot();
/// assert_eq!(snapshot.value("http_requests_total", &[("endpoint", "/api/chat")]), Some(1.0));
/// assert_eq!(snapshot.value("provider_error_rate", &[("provider", "openai")]), Some(0.0));
/// # Ok::<(), tykmetrics::Error>(())
/// ```
#[derive(Clone)]
pub struct Gateway {
    families: Arc<Families>,
    derived: Derived,
    /// The number that the registry knows the collector of what is derived by.
    collector: u64,
}

/// The families, shared with the collector of what is derived from them.
struct Families {
    requests: Family<Counter, 2>,
    errors: Family<Counter, 2>,
    statuses: Family<Counter, 2>,
    latency: Family<Histogram, 1>,
    providers: Party,
    models: Party,
    cache_hits: Counter,
    cache_misses: Counter,
    queries: Counter,
    query_latency: Histogram,
    calls: Family<Counter, 1>,
    call_errors: Family<Counter, 1>,
}

/// A provider or a model, which requests are made to.
struct Party {
    requests: Family<Counter, 1>,
    errors: Family<Counter, 1>,
    latency: Family<Histogram, 1>,
}

impl Party {
    fn new(registry: &Registry, label: &str) -> Result<Party> {
        let counter = |name: &str, help: &str| {
            registry.counter(format!("{label}_{name}"), format!("{help} {label}")).labels([label]).register()
        };
        Ok(Party {
            requests: counter("requests_total", "Requests by")?,
            errors: counter("errors_total", "Requests that failed, by")?,
            latency: registry
                .histogram(format!("{label}_latency_seconds"), format!("Latency of requests in seconds, by {label}"))
                .labels([label])
                .register()?,
        })
    }
}

/// The series of requests to a provider or a model.
#[derive(Debug, Clone)]
struct PartySeries {
    requests: Counter,
    errors: Counter,
    latency: Histogram,
}

impl PartySeries {
    fn record_on(&self, shard: &Shard, failed: bool, seconds: f64) {
        self.requests.add_on(shard, 1);
        self.latency.observe_on(shard, seconds);
        if failed {
            self.errors.add_on(shard, 1);
        }
    }

    fn record(&self, failed: bool, seconds: f64) {
        self.requests.inc();
        self.latency.observe(seconds);
        if failed {
            self.errors.inc();
        }
    }
}

/// Every series that a request of one endpoint, method, status, provider and model is counted in: what is looked up once
/// and kept.
#[derive(Debug, Clone)]
pub struct Outcome {
    requests: Counter,
    status: Counter,
    latency: Histogram,
    errors: Counter,
    failed: bool,
    provider: Option<PartySeries>,
    model: Option<PartySeries>,
}

/// A duration as it is observed: one that is negative is none, and counted apart like a NaN.
#[inline]
fn duration(seconds: f64) -> f64 {
    if seconds >= 0.0 { seconds } else { f64::NAN }
}

impl Outcome {
    /// Counts a request. Without its duration if that is negative or not finite.
    pub fn record(&self, seconds: f64) {
        let seconds = duration(seconds);
        self.requests.inc();
        self.status.inc();
        self.latency.observe(seconds);
        if self.failed {
            self.errors.inc();
        }
        self.parties().for_each(|party| party.record(self.failed, seconds));
    }

    /// Counts a request through a shard that the caller holds.
    #[inline]
    pub fn record_on(&self, shard: &Shard, seconds: f64) {
        let seconds = duration(seconds);
        self.requests.add_on(shard, 1);
        self.status.add_on(shard, 1);
        self.latency.observe_on(shard, seconds);
        if self.failed {
            self.errors.add_on(shard, 1);
        }
        self.parties().for_each(|party| party.record_on(shard, self.failed, seconds));
    }

    fn parties(&self) -> impl Iterator<Item = &PartySeries> {
        self.provider.iter().chain(&self.model)
    }
}

impl Gateway {
    /// The families, new or those that were registered before.
    ///
    /// # Errors
    /// When one of the names is taken by another metric. The registry is as it was.
    pub fn new(registry: &Registry) -> Result<Gateway> {
        let before: HashSet<String> = registry.snapshot().families.iter().map(|f| f.meta.name.clone()).collect();
        let made = Gateway::register(registry);
        if made.is_err() {
            NAMES.iter().filter(|name| !before.contains(**name)).for_each(|name| {
                registry.unregister(name);
            });
        }
        made
    }

    fn register(registry: &Registry) -> Result<Gateway> {
        let by_endpoint =
            |name: &str, help: &str, label: &str| registry.counter(name, help).labels(["endpoint", label]).register();
        let counter = |name: &str, help: &str| registry.counter(name, help).register();
        let families = Families {
            requests: by_endpoint("http_requests_total", "HTTP requests", "method")?,
            errors: by_endpoint("http_request_errors_total", "HTTP requests that failed", "method")?,
            statuses: by_endpoint("http_response_status_total", "HTTP responses by status code", "status")?,
            latency: registry
                .histogram("http_request_latency_seconds", "Latency of HTTP requests in seconds")
                .labels(["endpoint"])
                .register()?,
            providers: Party::new(registry, "provider")?,
            models: Party::new(registry, "model")?,
            cache_hits: counter("cache_hits_total", "Cache hits")?,
            cache_misses: counter("cache_misses_total", "Cache misses")?,
            queries: counter("db_queries_total", "Database queries")?,
            query_latency: registry
                .histogram("db_query_latency_seconds", "Latency of database queries in seconds")
                .register()?,
            calls: registry
                .counter("external_api_calls_total", "Calls to external services")
                .labels(["service"])
                .register()?,
            call_errors: registry
                .counter("external_api_errors_total", "Calls to external services that failed")
                .labels(["service"])
                .register()?,
        };
        let families = Arc::new(families);
        let derived = Derived::new(Arc::clone(&families));
        let collector = registry.register_collector(derived.clone());
        Ok(Gateway { families, derived, collector })
    }

    /// Takes what is derived out of the registry that this was made with. The families stay.
    pub fn hide_derived(&self, registry: &Registry) -> bool {
        registry.unregister_collector(self.collector)
    }

    /// What is worked out from the families when somebody scrapes, by itself: for hosts that put expositions together.
    #[must_use]
    pub fn derived(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.derived.collect(&mut snapshot);
        snapshot
    }

    /// The series of requests that ended so. To keep: the lookups cost more than the records.
    pub fn outcome(
        &self,
        endpoint: &str,
        method: &str,
        status_code: u32,
        provider: Option<&str>,
        model: Option<&str>,
    ) -> Outcome {
        let families = &*self.families;
        let series = |party: &Party, name: &str| PartySeries {
            requests: party.requests.with([name]),
            errors: party.errors.with([name]),
            latency: party.latency.with([name]),
        };
        Outcome {
            requests: families.requests.with([endpoint, method]),
            status: families.statuses.with([endpoint, itoa::Buffer::new().format(status_code)]),
            latency: families.latency.with([endpoint]),
            // There from the first request on, at zero, so that a rate of errors can be had.
            errors: families.errors.with([endpoint, method]),
            failed: status_code >= FIRST_ERROR,
            provider: provider.map(|name| series(&families.providers, name)),
            model: model.map(|name| series(&families.models, name)),
        }
    }

    /// Counts a request. One that is made of the same endpoint, status, provider and model again and again is cheaper
    /// through its [`outcome`](Self::outcome).
    pub fn record_request(
        &self,
        endpoint: &str,
        method: &str,
        seconds: f64,
        status_code: u32,
        provider: Option<&str>,
        model: Option<&str>,
    ) {
        self.outcome(endpoint, method, status_code, provider, model).record(seconds);
    }

    /// The counter of cache hits.
    pub fn cache_hits(&self) -> &Counter {
        &self.families.cache_hits
    }

    /// The counter of cache misses.
    pub fn cache_misses(&self) -> &Counter {
        &self.families.cache_misses
    }

    /// Counts a database query.
    pub fn record_db_query(&self, seconds: f64) {
        self.families.queries.inc();
        self.families.query_latency.observe(duration(seconds));
    }

    /// Counts a call to another service.
    pub fn record_external_api_call(&self, service: &str, error: bool) {
        self.families.calls.inc([service]);
        // There from the first call on, at zero.
        self.families.call_errors.add([service], u64::from(error));
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

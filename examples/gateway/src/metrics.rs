//! Every metric of the gateway, in one struct of handles.
//!
//! The pattern to copy: register once, at the start, where an error can still be told; keep a bound handle for every
//! label set that is known then, so that a record is one add; keep the family where a label comes with the answer.
//! `main` makes it, workers share it by reference, and [`Metrics::serve`] is all that a request touches.

use crate::traffic::{MODELS, PROVIDERS, ROUTES, Request};
use std::time::{Duration, Instant};
use tykmetrics::{
    Counter, EngineCollector, Family, Histogram, ProcessCollector, Registry, Result, StateSet, Summary, UpDown,
};

/// The window of the response sizes' quantiles.
pub(crate) const SIZES_WINDOW: Duration = Duration::from_secs(10);

/// The handles of the gateway.
pub(crate) struct Metrics {
    pub(crate) registry: Registry,
    pub(crate) state: StateSet,
    /// How long a worker takes for a batch of requests, in real time.
    pub(crate) batches: Histogram,
    routes: Vec<Route>,
    upstreams: Vec<Upstream>,
    /// By endpoint and status: the status is only known with the answer.
    statuses: Family<Counter, 2>,
    /// By model: clients name it in the body of the request.
    models: Family<Counter, 1>,
    cache_hits: Counter,
    cache_misses: Counter,
    db_queries: Counter,
    in_flight: UpDown,
    sizes: Summary,
}

/// What is bound when a route is set up.
struct Route {
    requests: Counter,
    duration: Histogram,
}

/// What is bound when an upstream provider is configured.
struct Upstream {
    requests: Counter,
    errors: Counter,
}

impl Metrics {
    /// Registers everything.
    ///
    /// # Errors
    /// When a name or an option is refused, or taken by another metric of the registry.
    pub(crate) fn new(registry: Registry) -> Result<Metrics> {
        let requests = registry
            .counter("http_requests_total", "Requests by endpoint and method.")
            .labels(["endpoint", "method"])
            .register()?;
        // The default bounds are made for seconds and end at 10; a model may think for longer.
        let durations = registry
            .histogram("http_request_duration_seconds", "Time to answer a request.")
            .unit("seconds")
            .buckets([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
            .labels(["endpoint"])
            .register()?;
        let routes = ROUTES.iter().map(|route| Route {
            requests: requests.with([route.endpoint, route.method]),
            duration: durations.with([route.endpoint]),
        });

        let asked = registry.counter("provider_requests_total", "Requests to upstream providers.");
        let failed = registry.counter("provider_errors_total", "Requests that upstream providers failed to answer.");
        let (asked, failed) = (asked.labels(["provider"]).register()?, failed.labels(["provider"]).register()?);
        let upstreams =
            PROVIDERS.iter().map(|name| Upstream { requests: asked.with([name]), errors: failed.with([name]) });

        let metrics = Metrics {
            routes: routes.collect(),
            upstreams: upstreams.collect(),
            statuses: registry
                .counter("http_response_status_total", "Responses by endpoint and status.")
                .labels(["endpoint", "status"])
                .register()?,
            models: registry
                .counter("model_requests_total", "Requests by model.")
                .labels(["model"])
                // Whoever sends requests chooses this label: a limit keeps inventive clients from filling the memory.
                .limit(1000)
                .register()?,
            cache_hits: registry.counter("cache_hits_total", "Answers found in the cache.").register()?,
            cache_misses: registry.counter("cache_misses_total", "Answers not found in the cache.").register()?,
            db_queries: registry.counter("db_queries_total", "Queries to the database.").register()?,
            in_flight: registry.up_down("http_requests_in_flight", "Requests being served now.").register()?,
            sizes: registry
                .summary("http_response_size_bytes", "Size of response bodies, of the last ten seconds.")
                .unit("bytes")
                // The default range is made for seconds; beyond it, sizes would all count as its end.
                .range(16.0, 64e6)
                .window(SIZES_WINDOW)
                .register()?,
            state: registry
                .state_set("gateway_state", "What the gateway is doing.", ["starting", "serving", "draining"])
                .register()?,
            batches: registry
                .histogram("load_batch_duration_seconds", "Time a worker takes for a batch of requests.")
                .unit("seconds")
                .buckets([0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1])
                .register()?,
            registry,
        };
        metrics.describe()?;
        Ok(metrics)
    }

    /// What is said once, or asked at every scrape, and needs no handle afterwards.
    fn describe(&self) -> Result<()> {
        let registry = &self.registry;
        let build = registry.info("gateway_build", "The build that is running.").register()?;
        build.set(&[("version", env!("CARGO_PKG_VERSION"))])?;
        let begun = Instant::now();
        let uptime = registry.gauge("gateway_uptime_seconds", "Time since the start.").unit("seconds").register()?;
        uptime.callback(move || begun.elapsed().as_secs_f64());
        registry.register_collector(ProcessCollector::new());
        registry.register_collector(EngineCollector::new(registry));
        self.state.enter("starting")
    }

    /// Records one request, as a middleware would around the handler of the route.
    #[inline]
    pub(crate) fn serve(&self, request: &Request) {
        let (route, setup) = (&self.routes[request.route], &ROUTES[request.route]);
        self.in_flight.inc();
        route.requests.inc();
        self.db_queries.add(setup.queries);
        match request.cached {
            Some(true) => self.cache_hits.inc(),
            Some(false) => self.cache_misses.inc(),
            None => {}
        }
        if let Some(model) = request.model {
            let (name, provider) = MODELS[model];
            let upstream = &self.upstreams[provider];
            upstream.requests.inc();
            if request.upstream_failed() {
                upstream.errors.inc();
            }
            self.models.inc([name]);
        }
        // The answer is there.
        self.statuses.inc([setup.endpoint, request.status()]);
        self.sizes.observe(request.bytes);
        if request.seconds < setup.slow_seconds {
            route.duration.observe(request.seconds);
        } else {
            self.slow(&route.duration, request);
        }
        self.in_flight.dec();
    }

    /// A slow request leaves its trace id beside its bucket, so that a dashboard can lead to the trace.
    #[cold]
    fn slow(&self, duration: &Histogram, request: &Request) {
        let trace = format!("{:016x}", request.trace);
        // The time is recorded even where an exemplar is refused, and 24 characters of 128 never are.
        let _ = duration.observe_with_exemplar(request.seconds, &[("trace_id", &trace)]);
    }
}

//! The families of a gateway to AI providers, and what is derived from them.

use tykmetrics::snapshot::Snapshot;
use tykmetrics::{CellEncoding, Gateway, Owner, Registry, Shard};

fn value(snapshot: &Snapshot, name: &str, labels: &[(&str, &str)]) -> f64 {
    snapshot.value(name, labels).unwrap_or_else(|| panic!("{name}{labels:?} is not there"))
}

#[test]
fn a_request_is_counted_in_every_family_it_touches() {
    let registry = Registry::new();
    let gateway = Gateway::new(&registry).unwrap();
    gateway.record_request("/api/chat", "POST", 0.25, 200, Some("openai"), Some("gpt-4"));
    gateway.record_request("/api/chat", "POST", 0.75, 502, Some("openai"), None);
    gateway.record_request("/api/models", "GET", 0.001, 404, None, None);
    let all = registry.snapshot();
    assert_eq!(value(&all, "http_requests_total", &[("endpoint", "/api/chat"), ("method", "POST")]), 2.0);
    assert_eq!(value(&all, "http_request_errors_total", &[("endpoint", "/api/chat")]), 1.0);
    assert_eq!(value(&all, "http_request_errors_total", &[("endpoint", "/api/models")]), 1.0);
    assert_eq!(value(&all, "http_response_status_total", &[("endpoint", "/api/chat"), ("status", "502")]), 1.0);
    assert_eq!(value(&all, "provider_requests_total", &[("provider", "openai")]), 2.0);
    assert_eq!(value(&all, "provider_errors_total", &[("provider", "openai")]), 1.0);
    assert_eq!(value(&all, "provider_error_rate", &[("provider", "openai")]), 0.5);
    assert_eq!(value(&all, "model_requests_total", &[("model", "gpt-4")]), 1.0);
    assert_eq!(value(&all, "model_error_rate", &[("model", "gpt-4")]), 0.0);
    assert_eq!(value(&all, "http_request_latency_avg_seconds", &[("endpoint", "/api/chat")]), 0.5);
    assert_eq!(value(&all, "provider_latency_avg_seconds", &[("provider", "openai")]), 0.5);
    let near = |name: &str, labels: &[(&str, &str)], expected: f64| {
        let found = value(&all, name, labels);
        assert!((found / expected - 1.0).abs() <= 0.016, "{name} is {found}, not about {expected}");
    };
    near("http_request_latency_p50_seconds", &[("endpoint", "/api/chat")], 0.25);
    near("http_request_latency_p99_seconds", &[("endpoint", "/api/chat")], 0.75);
    near("provider_latency_min_seconds", &[("provider", "openai")], 0.25);
    near("provider_latency_max_seconds", &[("provider", "openai")], 0.75);
    near("model_latency_p95_seconds", &[("model", "gpt-4")], 0.25);
    assert!(value(&all, "gatewayz_uptime_seconds", &[]) >= 0.0);
}

#[test]
fn an_outcome_that_is_kept_records_what_a_lookup_records() {
    let registry = Registry::new();
    let gateway = Gateway::new(&registry).unwrap();
    let shard = Shard::open(Owner::Holder, CellEncoding::U64).unwrap();
    let outcome = gateway.outcome("/api/chat", "POST", 500, Some("openai"), Some("gpt-4"));
    outcome.record(0.5);
    outcome.record_on(&shard, 0.5);
    gateway.record_request("/api/chat", "POST", 0.5, 500, Some("openai"), Some("gpt-4"));
    let all = registry.snapshot();
    for (name, labels) in [
        ("http_requests_total", ("endpoint", "/api/chat")),
        ("http_request_errors_total", ("method", "POST")),
        ("http_response_status_total", ("status", "500")),
        ("provider_requests_total", ("provider", "openai")),
        ("provider_errors_total", ("provider", "openai")),
        ("model_requests_total", ("model", "gpt-4")),
        ("model_errors_total", ("model", "gpt-4")),
    ] {
        assert_eq!(value(&all, name, &[labels]), 3.0, "{name}");
    }
    for name in ["http_request_latency_seconds", "provider_latency_seconds", "model_latency_seconds"] {
        let series = all.family(name).unwrap().series().next().unwrap();
        assert_eq!(series.value().count(), Some(3), "{name}");
    }
}

#[test]
fn what_was_never_recorded_shows_no_rate_and_no_average() {
    let registry = Registry::new();
    let gateway = Gateway::new(&registry).unwrap();
    let all = registry.snapshot();
    assert_eq!(all.value("cache_hit_rate", &[]), None);
    assert_eq!(all.value("db_query_latency_avg_seconds", &[]), None);
    gateway.cache_hits().add(3);
    gateway.cache_misses().inc();
    gateway.record_db_query(0.5);
    gateway.record_external_api_call("stripe", false);
    gateway.record_external_api_call("stripe", true);
    let all = registry.snapshot();
    assert_eq!(value(&all, "cache_hit_rate", &[]), 0.75);
    assert_eq!(value(&all, "cache_hits_total", &[]), 3.0);
    assert_eq!(value(&all, "db_query_latency_avg_seconds", &[]), 0.5);
    assert_eq!(value(&all, "db_queries_total", &[]), 1.0);
    assert_eq!(value(&all, "external_api_calls_total", &[("service", "stripe")]), 2.0);
    assert_eq!(value(&all, "external_api_errors_total", &[("service", "stripe")]), 1.0);
}

#[test]
fn two_gateways_of_a_registry_are_one() {
    let registry = Registry::new();
    let (one, other) = (Gateway::new(&registry).unwrap(), Gateway::new(&registry).unwrap());
    one.record_request("/a", "GET", 0.1, 200, None, None);
    other.record_request("/a", "GET", 0.1, 200, None, None);
    let text = String::from_utf8(registry.render(tykmetrics::Format::Text)).unwrap();
    assert_eq!(text.matches("# TYPE gatewayz_uptime_seconds").count(), 1, "{text}");
    assert!(text.contains("http_requests_total{endpoint=\"/a\",method=\"GET\"} 2\n"), "{text}");
}

#[test]
fn a_taken_name_is_an_error_that_names_it() {
    let registry = Registry::new();
    registry.gauge("provider_errors_total", "Taken").register().unwrap();
    let error = Gateway::new(&registry).unwrap_err();
    assert!(error.message().contains("provider_errors_total"), "{error}");
    let left: Vec<_> = registry.snapshot().families.iter().map(|family| family.meta.name.clone()).collect();
    assert_eq!(left, ["provider_errors_total"], "nothing was changed");
}

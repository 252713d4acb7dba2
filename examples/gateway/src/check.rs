//! Whether the registry counted what the load generator did: every series, to the last request.
//!
//! `main` calls it once the workers are done. The two sides share nothing but the requests: one is a [`Tally`] of plain
//! numbers, the other a snapshot.

use crate::load::Tally;
use crate::traffic::{MODELS, PROVIDERS, ROUTES, STATUSES};
use std::collections::BTreeMap;
use tykmetrics::snapshot::{Series, Snapshot, Value};

/// A series, and what it should have counted.
struct Expected {
    family: &'static str,
    labels: Vec<(&'static str, &'static str)>,
    count: u64,
}

/// What the comparison came to.
pub(crate) struct Verdict {
    /// Requests that the registry knows of.
    pub(crate) registry: u64,
    /// How many series were compared.
    pub(crate) series: usize,
    /// A line for every difference.
    pub(crate) differences: Vec<String>,
}

/// What a series counted: additions of a counter, observations of the others.
pub(crate) fn count(series: Series<'_>) -> u64 {
    match series.value() {
        Value::Counter { whole, .. } => *whole,
        Value::Histogram(distribution) => distribution.count(),
        Value::Summary(quantiles) => quantiles.count,
        other => other.as_f64().unwrap_or(0.0) as u64,
    }
}

/// What all series of `family` that have `labels` counted.
pub(crate) fn total(snapshot: &Snapshot, family: &str, labels: &[(&str, &str)]) -> u64 {
    let has = |series: &Series<'_>| labels.iter().all(|(name, value)| series.label(name) == Some(value));
    snapshot.family(family).map_or(0, |family| family.series().filter(has).map(count).sum())
}

/// Compares the two sides.
pub(crate) fn compare(tally: &Tally, snapshot: &Snapshot) -> Verdict {
    let expected = expected(tally);
    let mut differences = Vec::new();
    let mut families: BTreeMap<&str, u64> = BTreeMap::new();
    for Expected { family, labels, count } in &expected {
        let found = total(snapshot, family, labels);
        if found != *count {
            differences.push(format!("{family} {labels:?}: the load generator has {count}, the registry {found}"));
        }
        *families.entry(family).or_default() += count;
    }
    // Nothing was counted in a series that nobody expects.
    for (family, count) in families {
        let found = total(snapshot, family, &[]);
        if found != count {
            differences.push(format!("{family}, all series: the load generator has {count}, the registry {found}"));
        }
    }
    let registry = total(snapshot, "http_requests_total", &[]);
    Verdict { registry, series: expected.len(), differences }
}

fn expected(tally: &Tally) -> Vec<Expected> {
    let mut all = Vec::new();
    let mut expect = |family, labels: &[(&'static str, &'static str)], count| {
        all.push(Expected { family, labels: labels.to_vec(), count });
    };
    for (route, statuses) in ROUTES.iter().zip(&tally.statuses) {
        let (endpoint, requests) = (("endpoint", route.endpoint), statuses.iter().sum());
        expect("http_requests_total", &[endpoint, ("method", route.method)], requests);
        expect("http_request_duration_seconds", &[endpoint], requests);
        for ((status, _), count) in STATUSES.iter().zip(statuses) {
            expect("http_response_status_total", &[endpoint, ("status", status)], *count);
        }
    }
    for (provider, name) in PROVIDERS.iter().enumerate() {
        let of_provider = MODELS.iter().zip(&tally.models).filter(|((_, owner), _)| *owner == provider);
        expect("provider_requests_total", &[("provider", name)], of_provider.map(|(_, count)| count).sum());
        expect("provider_errors_total", &[("provider", name)], tally.provider_errors[provider]);
    }
    for ((model, _), count) in MODELS.iter().zip(&tally.models) {
        expect("model_requests_total", &[("model", model)], *count);
    }
    expect("cache_hits_total", &[], tally.cache_hits);
    expect("cache_misses_total", &[], tally.cache_misses);
    expect("db_queries_total", &[], tally.db_queries);
    expect("http_response_size_bytes", &[], tally.requests());
    expect("load_batch_duration_seconds", &[], tally.batches);
    expect("http_requests_in_flight", &[], 0);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use tykmetrics::Registry;

    #[test]
    fn one_request_too_few_is_a_difference() {
        let registry = Registry::new();
        let statuses = registry.counter("http_response_status_total", "").labels(["endpoint", "status"]);
        let statuses = statuses.register().expect("a family");
        let mut tally = Tally::default();
        assert!(compare(&tally, &registry.snapshot()).differences.is_empty());
        statuses.inc(["/api/chat", "200"]);
        assert_eq!(compare(&tally, &registry.snapshot()).differences.len(), 2, "the series and its family");
        tally.statuses[0][0] = 1;
        let differences = compare(&tally, &registry.snapshot()).differences;
        assert!(!differences.iter().any(|line| line.starts_with("http_response_status_total")), "{differences:?}");
        assert!(differences.iter().any(|line| line.starts_with("http_requests_total")), "{differences:?}");
    }
}

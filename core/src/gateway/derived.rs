//! What is worked out at scrape: averages, quantiles, rates of errors and of cache hits, uptime.

use super::{Families, Party};
use crate::collect::Collector;
use crate::merge::distribution::Distribution;
use crate::merge::snapshot::{Family, Kind, Meta, Series, Snapshot, Value};
use crate::record::{Counter, Histogram};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// A number that is read off a histogram, by the word its gauge is called by.
type Reading = (&'static str, &'static str, fn(&Distribution) -> f64);

const AVERAGE: Reading = ("avg", "Average", |seen| seen.mean());
const QUANTILES: [Reading; 3] = [
    ("p50", "Median", |seen| seen.quantile(0.5)),
    ("p95", "95th percentile of the", |seen| seen.quantile(0.95)),
    ("p99", "99th percentile of the", |seen| seen.quantile(0.99)),
];
/// The middle of a bucket may be within what is exactly known: the average.
const EXTREMES: [Reading; 2] =
    [("min", "Minimum", |seen| seen.min().min(seen.mean())), ("max", "Maximum", |seen| seen.max().max(seen.mean()))];

/// The collector of a gateway's derived gauges.
#[derive(Clone)]
pub(super) struct Derived {
    families: Arc<Families>,
    began: Instant,
}

impl Derived {
    pub(super) fn new(families: Arc<Families>) -> Derived {
        Derived { families, began: Instant::now() }
    }
}

impl Collector for Derived {
    fn collect(&self, into: &mut Snapshot) {
        let families = &*self.families;
        let latencies = families.latency.snapshot();
        readings(into, "http_request_latency", &latencies, [AVERAGE].into_iter().chain(QUANTILES));
        for (party, label) in [(&families.providers, "provider"), (&families.models, "model")] {
            error_rate(into, label, party);
            let latencies = party.latency.snapshot();
            let stem = format!("{label}_latency");
            readings(into, &stem, &latencies, [AVERAGE].into_iter().chain(EXTREMES).chain(QUANTILES));
        }
        cache_hit_rate(into, &families.cache_hits, &families.cache_misses);
        query_average(into, &families.query_latency);
        let mut uptime =
            gauge("gatewayz_uptime_seconds".into(), "Time since the gateway began, in seconds".into(), None);
        uptime.push(&[], Value::Gauge(self.began.elapsed().as_secs_f64()));
        into.families.push(uptime);
    }
}

fn gauge(name: String, help: String, label: Option<&str>) -> Family {
    let label_names = label.into_iter().map(str::to_owned).collect();
    Family::new(Meta { name, help, kind: Kind::Gauge, label_names, ..Meta::default() })
}

/// A gauge family for each reading of a family of latencies with one label.
fn readings(into: &mut Snapshot, stem: &str, latencies: &Family, readings: impl Iterator<Item = Reading>) {
    let Some(label) = latencies.meta.label_names.first() else { return };
    for (word, help, read) in readings {
        let mut family =
            gauge(format!("{stem}_{word}_seconds"), format!("{help} latency in seconds, by {label}"), Some(label));
        for series in latencies.series() {
            // The overflow series stands for many, and has none of their labels.
            let (Some(name), Some(seen)) = (series.label(label), series.value().as_histogram()) else { continue };
            if !seen.is_empty() {
                family.push(&[name], Value::Gauge(read(seen)));
            }
        }
        into.families.push(family);
    }
}

fn error_rate(into: &mut Snapshot, label: &str, party: &Party) {
    let (requests, errors) = (party.requests.snapshot(), party.errors.snapshot());
    let mut family =
        gauge(format!("{label}_error_rate"), format!("Share of requests that failed, 0 to 1, by {label}"), Some(label));
    let count = |series: Series<'_>| series.value().as_f64().unwrap_or(0.0);
    let failed: HashMap<&str, f64> = errors.series().filter_map(|s| Some((s.label(label)?, count(s)))).collect();
    for series in requests.series() {
        let (Some(name), all) = (series.label(label), count(series)) else { continue };
        let failed = failed.get(name).copied().unwrap_or(0.0);
        if all > 0.0 {
            // Requests that fail between the two readings are in one and not in the other.
            family.push(&[name], Value::Gauge((failed / all).min(1.0)));
        }
    }
    into.families.push(family);
}

fn cache_hit_rate(into: &mut Snapshot, hits: &Counter, misses: &Counter) {
    let (hits, misses) = (hits.value(), misses.value());
    let mut family = gauge("cache_hit_rate".into(), "Share of lookups that the cache answered, 0 to 1".into(), None);
    if hits + misses > 0.0 {
        family.push(&[], Value::Gauge(hits / (hits + misses)));
    }
    into.families.push(family);
}

fn query_average(into: &mut Snapshot, latency: &Histogram) {
    let mut family =
        gauge("db_query_latency_avg_seconds".into(), "Average latency of database queries in seconds".into(), None);
    let seen = latency.distribution();
    if !seen.is_empty() {
        family.push(&[], Value::Gauge(seen.mean()));
    }
    into.families.push(family);
}

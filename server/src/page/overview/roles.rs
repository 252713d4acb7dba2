//! Which families tell of requests, known by their shape: name, kind and labels. `docs/overview.md` has the rules.
//!
//! The overview asks here, and of labels and outcomes so do `/metrics/health` and `tykmetrics top`, which must not call
//! failed what the page does not. Nothing is registered for this: what the engine's own families, the middlewares of the doors and those of other
//! ecosystems have in common is enough. What is not recognised is still listed.

use tykmetrics::snapshot::{Kind, Meta};

/// What requests are called, as plural and singular: `http_requests_total`, `http_request_duration_seconds`.
const NOUNS: [(&str, &str); 4] =
    [("requests", "request"), ("handled", "handling"), ("calls", "call"), ("queries", "query")];

/// Units of a duration, and how many seconds one is.
const UNITS: [(&str, f64); 5] =
    [("_seconds", 1.0), ("_milliseconds", 1e-3), ("_ms", 1e-3), ("_microseconds", 1e-6), ("_us", 1e-6)];

/// Labels that say where a request went, the best first.
const ENDPOINTS: [&str; 15] = [
    "route",
    "endpoint",
    "path",
    "handler",
    "api_name",
    "api_id",
    "operation",
    "grpc_method",
    "rpc_method",
    "rpc",
    "uri",
    "url",
    "view",
    "resource",
    "service",
];

const STATUSES: [&str; 12] = [
    "status",
    "status_code",
    "code",
    "http_status",
    "http_status_code",
    "http_response_status_code",
    "grpc_code",
    "grpc_status",
    "status_class",
    "response_code",
    "outcome",
    "result",
];

/// Labels that are neither a place nor an outcome.
const ASIDE: [&str; 6] = ["method", "http_method", "verb", "type", "grpc_type", "error_type"];

/// What a family tells of requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Role {
    /// It counts them.
    Requests,
    /// It counts their outcomes.
    Outcomes,
    /// It counts those that failed.
    Errors,
    /// It has their durations, in a unit of so many seconds.
    Latency(f64),
}

/// A family that tells of requests: of which, and what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Told<'a> {
    pub(super) role: Role,
    /// What stands before the noun: `http_`.
    pub(super) prefix: &'a str,
    /// The plural; none where the name has no noun, as `provider_latency_seconds`, and belongs to what has that prefix.
    pub(super) noun: Option<&'static str>,
}

/// What `meta` tells of requests, if it does.
pub(super) fn told(meta: &Meta) -> Option<Told<'_>> {
    match meta.kind {
        Kind::Counter => counter(meta.name.strip_suffix("_total").unwrap_or(&meta.name)),
        Kind::Histogram | Kind::Summary => latency(&meta.name),
        _ => None,
    }
}

/// What stands before `end`, if it ends a word and begins one.
fn before<'a>(name: &'a str, end: &str) -> Option<&'a str> {
    name.strip_suffix(end).filter(|prefix| prefix.is_empty() || prefix.ends_with('_'))
}

fn counter(name: &str) -> Option<Told<'_>> {
    for (plural, singular) in NOUNS {
        let told = |role, prefix| Some(Told { role, prefix, noun: Some(plural) });
        if let Some(prefix) = before(name, plural).or_else(|| before(name, singular)) {
            return told(Role::Requests, prefix);
        }
        let failed = name.strip_suffix("_errors").or_else(|| name.strip_suffix("_failures"));
        if let Some(prefix) = failed.and_then(|name| before(name, singular)) {
            return told(Role::Errors, prefix);
        }
    }
    if let Some(prefix) = before(name, "response_status").or_else(|| before(name, "responses")) {
        return Some(Told { role: Role::Outcomes, prefix, noun: Some("requests") });
    }
    before(name, "errors").map(|prefix| Told { role: Role::Errors, prefix, noun: None })
}

fn latency(name: &str) -> Option<Told<'_>> {
    let (name, unit) = UNITS.iter().find_map(|(end, unit)| Some((name.strip_suffix(end)?, *unit)))?;
    let (role, mut stem) = (Role::Latency(unit), None);
    for word in ["duration", "latency", "time"] {
        stem = stem.or_else(|| before(name, word));
    }
    for (plural, singular) in NOUNS {
        let named = match stem {
            Some(stem) => stem.strip_suffix('_').and_then(|stem| before(stem, singular)),
            None => before(name, plural).or_else(|| before(name, singular)),
        };
        if let Some(prefix) = named {
            return Some(Told { role, prefix, noun: Some(plural) });
        }
    }
    stem.map(|prefix| Told { role, prefix, noun: None })
}

/// Which of `names` says where a request went: a known one, or the first that says nothing else; `method` if that is all.
#[must_use]
pub fn endpoint_label<S: AsRef<str>>(names: &[S]) -> Option<usize> {
    let at = |wanted: &&str| names.iter().position(|name| name.as_ref() == *wanted);
    let other = |name: &S| !STATUSES.contains(&name.as_ref()) && !ASIDE.contains(&name.as_ref());
    ENDPOINTS.iter().find_map(at).or_else(|| names.iter().position(other)).or_else(|| at(&"method"))
}

/// Which of `names` says how a request ended.
#[must_use]
pub fn status_label<S: AsRef<str>>(names: &[S]) -> Option<usize> {
    STATUSES.iter().find_map(|wanted| names.iter().position(|name| name.as_ref() == *wanted))
}

/// Whether a request that ended so failed: an HTTP status of 400 and above (or its class, `4xx`), a gRPC code other than
/// OK, a word in place of a code other than `success`, a word that says so.
#[must_use]
pub fn is_error(label: &str, status: &str) -> bool {
    let bytes = status.as_bytes();
    match bytes.first() {
        None => false,
        Some(b'4' | b'5') if bytes.len() == 3 => true,
        Some(b'0'..=b'9') => bytes.len() < 3 && status != "0",
        Some(_) if label.contains("code") || label.starts_with("grpc") => {
            !["ok", "success"].iter().any(|word| status.eq_ignore_ascii_case(word))
        }
        Some(_) => ["error", "failed", "failure", "timeout", "client_error", "server_error"]
            .iter()
            .any(|word| status.eq_ignore_ascii_case(word)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, kind: Kind) -> Option<(Role, String, Option<&'static str>)> {
        let meta = Meta { name: name.to_owned(), kind, ..Meta::default() };
        told(&meta).map(|told| (told.role, told.prefix.to_owned(), told.noun))
    }

    #[test]
    fn the_families_of_gateways_and_middlewares_are_known_by_their_shape() {
        let http = |role| Some((role, "http_".to_owned(), Some("requests")));
        let (counter, histogram) = (Kind::Counter, Kind::Histogram);
        assert_eq!(of("http_requests_total", counter), http(Role::Requests));
        assert_eq!(of("http_requests", counter), http(Role::Requests));
        assert_eq!(of("http_request_errors_total", counter), http(Role::Errors));
        assert_eq!(of("http_response_status_total", counter), http(Role::Outcomes));
        assert_eq!(of("http_request_latency_seconds", histogram), http(Role::Latency(1.0)));
        assert_eq!(of("http_request_duration_ms", Kind::Summary), http(Role::Latency(1e-3)));
        let tyk = "tyk_gateway_gateway_".to_owned();
        assert_eq!(
            of("tyk_gateway_gateway_request_duration_seconds", histogram),
            Some((Role::Latency(1.0), tyk, Some("requests")))
        );
        let provider = "provider_".to_owned();
        assert_eq!(of("provider_latency_seconds", histogram), Some((Role::Latency(1.0), provider.clone(), None)));
        assert_eq!(of("provider_errors_total", counter), Some((Role::Errors, provider, None)));
        let grpc = "grpc_server_".to_owned();
        assert_eq!(of("grpc_server_request_total", counter), Some((Role::Requests, grpc.clone(), Some("requests"))));
        assert_eq!(of("grpc_server_handling_seconds", histogram), Some((Role::Latency(1.0), grpc, Some("handled"))));
        for (name, kind) in [
            ("http_requests_total", Kind::Gauge),
            ("http_request_size_bytes", histogram),
            ("prerequests_total", counter),
            ("cache_hits_total", counter),
            ("", counter),
        ] {
            assert_eq!(of(name, kind), None, "{name}");
        }
    }

    #[test]
    fn a_place_is_preferred_to_a_method_and_a_status() {
        let at = |names: &[&str]| endpoint_label(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(at(&["method", "route", "status"]), Some(1));
        assert_eq!(at(&["api_id", "api_name", "method", "status_code"]), Some(1));
        assert_eq!(at(&["method", "provider"]), Some(1));
        assert_eq!(at(&["status", "method"]), Some(1));
        assert_eq!(at(&["status"]), None);
    }

    #[test]
    fn what_failed_is_told_by_http_grpc_and_words() {
        for (label, status) in
            [("status", "404"), ("code", "5xx"), ("grpc_code", "Unavailable"), ("code", "14"), ("status", "Error")]
        {
            assert!(is_error(label, status), "{label} {status}");
        }
        for (label, status) in [
            ("status", "200"),
            ("code", "3xx"),
            ("code", "Success"),
            ("grpc_code", "OK"),
            ("code", "0"),
            ("status", "hit"),
            ("status", ""),
        ] {
            assert!(!is_error(label, status), "{label} {status}");
        }
    }
}

//! What `/metrics` must say if nothing was lost, and what it does say.
//!
//! A door's families are its own: Go's middleware has a label for the status where the others have a family. [`Dialect`] tells
//! them apart, and [`expected`] makes of a tally every series that the requests must have left. [`differences`] looks both
//! ways: a series that is too many is as wrong as one that is missing.

use crate::load::Tally;
use crate::traffic::{MODELS, Parameter, ROUTES};
use std::collections::BTreeMap;
use tykmetrics::samples::{Dialect as Text, parse_bytes};

/// Values by series: the name with its labels, in the order of their names.
pub(crate) type Series = BTreeMap<String, f64>;

/// Whose families a gateway has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The Go module's: `nethttp`, and `RecordRequest` with a provider and its model as API.
    Go,
    /// The engine's `Gateway`: Python, Node, Rust.
    Gateway(Parameter),
}

/// What is compared of each dialect: every series of these names. What is in flight must be nothing.
const GO: [&str; 6] = [
    "http_requests_total",
    "http_request_duration_seconds_count",
    "http_requests_in_flight",
    "tyk_gateway_gateway_requests_total",
    "tyk_gateway_gateway_request_duration_seconds_count",
    "tyk_gateway_gateway_request_errors_total",
];
const GATEWAY: [&str; 11] = [
    "http_requests_total",
    "http_request_errors_total",
    "http_response_status_total",
    "http_request_latency_seconds_count",
    "http_requests_in_flight",
    "provider_requests_total",
    "provider_errors_total",
    "provider_latency_seconds_count",
    "model_requests_total",
    "model_errors_total",
    "model_latency_seconds_count",
];

impl Dialect {
    fn names(self) -> &'static [&'static str] {
        match self {
            Dialect::Go => &GO,
            Dialect::Gateway(_) => &GATEWAY,
        }
    }
}

fn series(name: &str, labels: &[(&str, &str)]) -> String {
    let mut labels = labels.to_vec();
    labels.sort_unstable();
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    if labels.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", labels.join(",")) }
}

/// Every series that these answers must have left.
pub(crate) fn expected(dialect: Dialect, tally: &Tally) -> Series {
    let mut all = Series::new();
    for ((route, status, model), count) in &tally.answers {
        let route = &ROUTES[*route];
        let model = model.map(|model| MODELS[model]);
        let text = status.to_string();
        let is_error = *status >= 400;
        let mut add = |name: &str, labels: &[(&str, &str)]| {
            *all.entry(series(name, labels)).or_default() += *count as f64;
        };
        match dialect {
            Dialect::Go => {
                let template = route.template(Parameter::Braces);
                let of = [("method", route.method), ("route", &template)];
                add("http_requests_total", &[of[0], of[1], ("status", &text)]);
                add("http_request_duration_seconds_count", &of);
                let Some((provider, model)) = model else { continue };
                let of = [("api_id", provider), ("api_name", model), ("method", route.method)];
                add("tyk_gateway_gateway_requests_total", &[of[0], of[1], of[2], ("status_code", &text)]);
                add("tyk_gateway_gateway_request_duration_seconds_count", &of);
                if is_error {
                    let kind = if *status >= 500 { "server_error" } else { "client_error" };
                    add("tyk_gateway_gateway_request_errors_total", &[of[0], of[1], of[2], ("error_type", kind)]);
                }
            }
            Dialect::Gateway(parameter) => {
                let template = route.template(parameter);
                for endpoint in [Some(template.as_str()), route.upstream].into_iter().flatten() {
                    let of = [("endpoint", endpoint), ("method", route.method)];
                    add("http_requests_total", &of);
                    add("http_response_status_total", &[of[0], ("status", &text)]);
                    add("http_request_latency_seconds_count", &of[..1]);
                    if is_error {
                        add("http_request_errors_total", &of);
                    }
                }
                let Some((provider, model)) = model else { continue };
                for (party, name) in [("provider", provider), ("model", model)] {
                    add(&format!("{party}_requests_total"), &[(party, name)]);
                    add(&format!("{party}_latency_seconds_count"), &[(party, name)]);
                    if is_error {
                        add(&format!("{party}_errors_total"), &[(party, name)]);
                    }
                }
            }
        }
    }
    all
}

/// What of an exposition is compared. Zeros are left out: a family of errors has them before there are any.
pub(crate) fn found(dialect: Dialect, exposition: &[u8]) -> Result<Series, String> {
    let families = parse_bytes(exposition, Text::TextAsWritten).map_err(|error| format!("its exposition, {error}"))?;
    let mut all = Series::new();
    for sample in families.iter().flat_map(|family| &family.samples) {
        if dialect.names().contains(&&*sample.name) && sample.value != 0.0 {
            let labels: Vec<_> = sample.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
            all.insert(series(&sample.name, &labels), sample.value);
        }
    }
    Ok(all)
}

/// Where they differ, in words.
pub(crate) fn differences(expected: &Series, found: &Series) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    let value = |series: &Series, name: &String| series.get(name).copied().unwrap_or_default();
    let differ = names.into_iter().filter(|name| value(expected, name) != value(found, name));
    differ
        .map(|name| {
            format!("{name} is {} in /metrics and {} by the load generator", value(found, name), value(expected, name))
        })
        .collect()
}

/// The columns of the table: requests, by status, with errors, of models.
pub(crate) struct Columns {
    pub(crate) requests: u64,
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) errors: u64,
    pub(crate) upstream: u64,
}

impl Columns {
    /// What was sent.
    pub(crate) fn sent(tally: &Tally) -> Columns {
        let mut statuses = BTreeMap::new();
        tally.answers.iter().for_each(|((_, status, _), count)| *statuses.entry(*status).or_default() += count);
        let upstream = tally.answers.iter().filter(|(key, _)| key.2.is_some()).map(|(_, count)| count).sum();
        Columns { requests: tally.requests(), statuses, errors: tally.errors(), upstream }
    }

    /// What `/metrics` says.
    pub(crate) fn of(dialect: Dialect, series: &Series) -> Columns {
        let matching = |name: &str| {
            let start = format!("{name}{{");
            series.iter().filter(move |(series, _)| series.starts_with(&start))
        };
        // Steps behind the routes have endpoints of their own in the same families.
        let of_routes = |series: &str| !series.contains("endpoint=\"upstream.");
        let mut statuses = BTreeMap::new();
        let by_status = match dialect {
            Dialect::Go => "http_requests_total",
            Dialect::Gateway(_) => "http_response_status_total",
        };
        for (series, count) in matching(by_status).filter(|(series, _)| of_routes(series)) {
            let status = series.split("status=\"").nth(1).and_then(|rest| rest.split('"').next()?.parse().ok());
            *statuses.entry(status.unwrap_or(0)).or_default() += *count as u64;
        }
        let sum =
            |name: &str| matching(name).filter(|(series, _)| of_routes(series)).map(|(_, count)| *count as u64).sum();
        let (errors, upstream) = match dialect {
            // Go's middleware has no family of errors: a status says it.
            Dialect::Go => (
                statuses.iter().filter(|(status, _)| **status >= 400).map(|(_, count)| count).sum(),
                sum("tyk_gateway_gateway_requests_total"),
            ),
            Dialect::Gateway(_) => (sum("http_request_errors_total"), sum("provider_requests_total")),
        };
        Columns { requests: sum("http_requests_total"), statuses, errors, upstream }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> Tally {
        let answers = [((0, 200, None), 5), ((0, 404, None), 2), ((4, 500, Some(0)), 3), ((6, 404, None), 1)];
        Tally { answers: answers.into_iter().collect(), troubles: Vec::new() }
    }

    #[test]
    fn a_status_a_route_and_a_model_are_found_in_either_dialect() {
        let go = expected(Dialect::Go, &tally());
        let node = expected(Dialect::Gateway(Parameter::Colon), &tally());
        for (all, series, count) in [
            (&go, r#"http_requests_total{method="GET",route="/api/users/{id}",status="404"}"#, 2.0),
            (&go, r#"http_requests_total{method="GET",route="unmatched",status="404"}"#, 1.0),
            (
                &go,
                r#"tyk_gateway_gateway_request_errors_total{api_id="openai",api_name="gpt-4o",error_type="server_error",method="POST"}"#,
                3.0,
            ),
            (&node, r#"http_requests_total{endpoint="/api/users/:id",method="GET"}"#, 7.0),
            (&node, r#"http_requests_total{endpoint="upstream.chat",method="POST"}"#, 3.0),
            (&node, r#"model_errors_total{model="gpt-4o"}"#, 3.0),
        ] {
            assert_eq!(all.get(series), Some(&count), "{series} in {all:#?}");
        }
        for (dialect, all) in [(Dialect::Go, go), (Dialect::Gateway(Parameter::Colon), node)] {
            let columns = Columns::of(dialect, &all);
            assert_eq!((columns.requests, columns.errors, columns.upstream), (11, 6, 3));
            assert_eq!(columns.statuses, BTreeMap::from([(200, 5), (404, 3), (500, 3)]));
        }
    }

    #[test]
    fn a_series_too_few_and_one_too_many_are_told() {
        let dialect = Dialect::Gateway(Parameter::Braces);
        let text = "# TYPE http_requests_total counter\nhttp_requests_total{method=\"GET\",endpoint=\"/x\"} 2\n\
                    # TYPE model_errors_total counter\nmodel_errors_total{model=\"m\"} 0\n\
                    # TYPE other_total counter\nother_total 7\n";
        let found = found(dialect, text.as_bytes()).expect("an exposition");
        assert_eq!(found, Series::from([(r#"http_requests_total{endpoint="/x",method="GET"}"#.to_owned(), 2.0)]));
        let expected = Series::from([("http_requests_total{endpoint=\"/y\"}".to_owned(), 1.0)]);
        assert_eq!(
            differences(&expected, &found),
            [
                r#"http_requests_total{endpoint="/x",method="GET"} is 2 in /metrics and 0 by the load generator"#,
                r#"http_requests_total{endpoint="/y"} is 0 in /metrics and 1 by the load generator"#,
            ]
        );
        assert_eq!(differences(&expected, &expected), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_exposition_is_an_error() {
        let error = found(Dialect::Go, b"<html>").expect_err("it is no exposition");
        assert!(error.starts_with("its exposition, line 1"), "{error}");
    }
}

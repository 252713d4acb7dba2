//! Snapshots for the tests of rendering: one of everything, and small ones.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod line;

use std::sync::Arc;
use tykmetrics::merge::distribution::Distribution;
use tykmetrics::shape::{Buckets, Shape, ShapeOptions, Store};
use tykmetrics::snapshot::{Exemplar, Family, Kind, Meta, Quantiles, Row, Snapshot, Text, Value};

/// A moment that is not a whole second: 2023-11-14T22:13:20.125Z.
pub(crate) const BEGAN: u64 = 1_700_000_000_125;

pub(crate) fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| text.to_string()).collect()
}

pub(crate) fn pairs(texts: &[(&str, &str)]) -> Vec<(String, String)> {
    texts.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

pub(crate) fn meta(kind: Kind, name: &str, help: &str, labels: &[&str]) -> Meta {
    Meta { name: name.into(), help: help.into(), kind, label_names: strings(labels), ..Meta::default() }
}

pub(crate) fn counter(whole: u64) -> Value {
    Value::Counter { whole, part: 0.0 }
}

/// A histogram of these values; with native buckets if a schema is named, else with the classic ones alone.
pub(crate) fn histogram(bounds: &[f64], native: Option<i32>, observed: &[f64]) -> Distribution {
    let buckets = if bounds.is_empty() { Buckets::none() } else { Buckets::explicit(bounds) };
    let store = if native.is_some() { Store::Hdr } else { Store::Compact };
    let shape = Arc::new(Shape::new(ShapeOptions { store, buckets, native, ..ShapeOptions::default() }).unwrap());
    let mut counts = vec![0; shape.slots()];
    for &value in observed {
        counts[shape.slot_of(value)] += 1;
    }
    // The sum of no floats is minus zero; that of a histogram never is.
    Distribution::from_counts(shape, &counts, observed.iter().sum::<f64>() + 0.0)
}

pub(crate) fn exemplar(trace: &str, value: f64, at_ms: u64) -> Exemplar {
    Exemplar { labels: pairs(&[("trace_id", trace)]), value, at_ms }
}

pub(crate) fn family(meta: Meta, series: &[(&[&str], Value)]) -> Family {
    let mut family = Family::new(meta);
    for (labels, value) in series {
        family.push(labels, value.clone());
    }
    family
}

/// Adds a series with everything a row can have.
pub(crate) fn add(family: &mut Family, labels: &[&str], value: &Value, created_ms: u64, exemplars: &[Exemplar]) {
    let names = family.meta.label_names.clone();
    let values: Vec<Text<'_>> = labels.iter().map(|label| Text::new(label)).collect();
    family.push_row(&Row { names: &names, values: &values, value, created_ms, exemplars });
}

pub(crate) fn snapshot(families: impl Into<Vec<Family>>) -> Snapshot {
    Snapshot { families: families.into(), at_ms: BEGAN }
}

/// One of everything, with names of the classic kind.
pub(crate) fn classic_zoo() -> Snapshot {
    let mut requests = Family::new(Meta {
        const_labels: pairs(&[("zone", "eu-1"), ("odd", "a\"b\\c\nd")]),
        ..meta(Kind::Counter, "http_requests_total", "Requests \\ answered,\n\"all\" of them.", &["method", "status"])
    });
    add(&mut requests, &["GET", "200"], &counter(1027), BEGAN, &[exemplar("4bf92f", 1.0, BEGAN + 500)]);
    add(&mut requests, &["POST", ""], &Value::Counter { whole: 3, part: 0.25 }, 0, &[]);
    add(&mut requests, &["odd \"value\" \\ with\nall, {of} = it # ☃", "500"], &counter(u64::MAX), BEGAN, &[]);
    let overflow = strings(&["otel_metric_overflow"]);
    requests.push_row(&Row {
        names: &overflow,
        values: &[Text::new("true")],
        value: &counter(7),
        created_ms: BEGAN,
        exemplars: &[],
    });

    let mut latency = Family::new(Meta {
        unit: "seconds".into(),
        ..meta(Kind::Histogram, "http_request_duration_seconds", "How long requests took.", &["method"])
    });
    let observed = histogram(&[0.005, 0.1, 1.0, 2.5], Some(3), &[0.001, 0.002, 0.05, 0.7, 0.8, 0.9, 30.0]);
    let seen = [exemplar("a", 0.7, BEGAN), exemplar("b", 0.8, BEGAN + 1), exemplar("c", 30.0, 0)];
    add(&mut latency, &["GET"], &Value::Histogram(observed), BEGAN, &seen);
    add(&mut latency, &["PUT"], &Value::Histogram(histogram(&[0.005, 0.1, 1.0, 2.5], Some(3), &[])), 0, &[]);

    let mut quantiles = Family::new(meta(Kind::Summary, "rpc_seconds", "", &["service"]));
    let values = vec![(0.5, 0.25), (0.9, 1.0), (0.99, f64::NAN)];
    add(&mut quantiles, &["a"], &Value::Summary(Quantiles { values, count: 12, sum: 4.5 }), BEGAN, &[]);
    add(&mut quantiles, &["b"], &Value::Summary(Quantiles { values: vec![], count: 0, sum: 0.0 }), 0, &[]);

    let info = Meta { const_labels: pairs(&[("zone", "eu-1")]), ..meta(Kind::Info, "build", "What runs.", &["part"]) };
    let states =
        Meta { states: strings(&["starting", "up", "down"]), ..meta(Kind::StateSet, "unit_state", "", &["part"]) };
    snapshot([
        requests,
        family(meta(Kind::Counter, "retries", "A counter without its suffix.", &[]), &[(&[], counter(5))]),
        family(
            Meta { unit: "bytes".into(), ..meta(Kind::Gauge, "queue_bytes", "Waiting.", &["queue"]) },
            &[
                (&["whole"], Value::Gauge(12345678.0)),
                (&["fraction"], Value::Gauge(-0.1)),
                (&["small"], Value::Gauge(1.5e-9)),
                (&["large"], Value::Gauge(1e300)),
                (&["nan"], Value::Gauge(f64::NAN)),
                (&["inf"], Value::Gauge(f64::INFINITY)),
                (&["minus inf"], Value::Gauge(f64::NEG_INFINITY)),
            ],
        ),
        latency,
        family(
            meta(Kind::Histogram, "temperature_celsius", "Below zero too.", &[]),
            &[(&[], Value::Histogram(histogram(&[-10.0, 0.0, 10.0], None, &[-20.0, -5.0, 3.0])))],
        ),
        family(
            meta(Kind::Histogram, "only_inf", "No bounds.", &[]),
            &[(&[], Value::Histogram(histogram(&[], None, &[1.0, 2.0])))],
        ),
        quantiles,
        family(info, &[(&["api"], Value::Info(pairs(&[("version", "1.2.3"), ("rev", "a\\b")])))]),
        family(states, &[(&["db"], Value::StateSet(vec![false, true, false]))]),
        family(meta(Kind::Unknown, "foreign", "Who knows.", &[]), &[(&[], Value::Unknown(2.5))]),
        family(meta(Kind::Gauge, "nobody", "A family without series.", &["a"]), &[]),
    ])
}

/// Families whose names and labels are not of the classic kind.
pub(crate) fn utf8_zoo() -> Snapshot {
    let mut size = Family::new(Meta {
        const_labels: pairs(&[("cloud.zone", "eu")]),
        ..meta(Kind::Histogram, "http.server.size", "Sizes.", &["http.route", "plain"])
    });
    add(&mut size, &["/a", "b"], &Value::Histogram(histogram(&[1.0, 8.0], Some(2), &[0.5, 3.0, 9.0])), BEGAN, &[]);
    let states = Meta { states: strings(&["on", "off"]), ..meta(Kind::StateSet, "lamp.state", "", &[]) };
    snapshot([
        family(
            meta(Kind::Counter, "http.server.requests_total", "Dots.", &["http.method"]),
            &[(&["GET"], counter(3)), (&["a\"b"], Value::Counter { whole: 1, part: 0.5 })],
        ),
        family(meta(Kind::Gauge, "größe", "No labels.", &[]), &[(&[], Value::Gauge(1.0))]),
        family(meta(Kind::Gauge, "with \"quotes\" \\ and ☃", "", &["lab\"el"]), &[(&["x"], Value::Gauge(2.0))]),
        size,
        family(
            meta(Kind::Summary, "rpc.time", "", &[]),
            &[(&[], Value::Summary(Quantiles { values: vec![(0.5, 1.5)], count: 2, sum: 3.0 }))],
        ),
        family(meta(Kind::Info, "target.build", "", &[]), &[(&[], Value::Info(pairs(&[("os.type", "linux")])))]),
        family(states, &[(&[], Value::StateSet(vec![true, false]))]),
    ])
}

//! The overview against what was recorded, and its bounds.

use super::*;
use serde_json::Value as Json;
use tykmetrics::snapshot::{Quantiles, Value};
use tykmetrics::{Gateway, Registry, Snapshot};

fn bytes(snapshot: &Snapshot, started_ms: u64) -> Vec<u8> {
    overview(&|part| snapshot.families.iter().for_each(part), &|| (snapshot.at_ms, started_ms))
}

fn of(snapshot: &Snapshot) -> Json {
    serde_json::from_slice(&bytes(snapshot, 0)).expect("JSON")
}

fn meta(name: &str, kind: Kind, labels: &[&str]) -> Meta {
    let label_names = labels.iter().map(|label| (*label).to_owned()).collect();
    Meta { name: name.to_owned(), kind, label_names, ..Meta::default() }
}

fn count(whole: u64) -> Value {
    Value::Counter { whole, part: 0.0 }
}

/// The families that one document of the middlewares' makes: a route with two statuses, and one with one.
fn requests() -> Registry {
    let registry = Registry::new();
    let total = registry.counter("http_requests_total", "Requests.").labels(["method", "route", "status"]);
    let total = total.register().unwrap();
    total.add(["GET", "/a", "200"], 7);
    total.add(["POST", "/a", "503"], 2);
    total.add(["GET", "/b", "404"], 1);
    let seconds = registry.histogram("http_request_duration_seconds", "Durations.").labels(["method", "route"]);
    let seconds = seconds.register().unwrap();
    (0..7).for_each(|_| seconds.observe(["GET", "/a"], 0.25));
    (0..2).for_each(|_| seconds.observe(["POST", "/a"], 0.26));
    seconds.observe(["GET", "/b"], 0.28);
    registry
}

#[test]
fn a_family_in_many_parts_is_told_as_a_whole_one() {
    let registry = requests();
    let ids = registry.counter("ids_total", "Ids.").labels(["id"]).register().unwrap();
    (0..5_000).for_each(|id| ids.add([id.to_string().as_str()], id));
    registry.gauge("empty", "Has no series.").labels(["a"]).register().unwrap();
    let parts = std::cell::Cell::new(0);
    let counted = |part: &mut dyn FnMut(&Family)| {
        registry.snapshot_in_parts(|one| {
            parts.set(parts.get() + 1);
            part(one);
        });
    };
    let snapshot = registry.snapshot();
    let in_parts = String::from_utf8(overview(&counted, &|| (snapshot.at_ms, 0))).unwrap();
    assert_eq!(in_parts, String::from_utf8(bytes(&snapshot, 0)).unwrap());
    assert!(parts.get() > snapshot.families.len() && in_parts.contains("\"empty\""), "{in_parts}");
}

#[test]
fn the_moment_is_when_the_first_part_came() {
    let (registry, came) = (requests(), std::cell::Cell::new(0));
    let late = |part: &mut dyn FnMut(&Family)| {
        came.set(7);
        registry.snapshot_in_parts(part);
        came.set(9);
    };
    let json: Json = serde_json::from_slice(&overview(&late, &|| (came.get(), 0))).unwrap();
    assert_eq!(json["at_ms"], 7);
}

#[test]
fn an_endpoint_has_its_requests_errors_and_latencies_of_all_methods() {
    let json = of(&requests().snapshot());
    assert_eq!(json["totals"]["requests"], 10);
    assert_eq!(json["totals"]["errors"], 3);
    let group = &json["requests"][0];
    assert_eq!((&group["name"], &group["label"]), (&"http_requests".into(), &"route".into()));
    let a = &group["endpoints"][0];
    assert_eq!((&a["name"], &a["requests"], &a["errors"]), (&"/a".into(), &9.into(), &2.into()));
    // 0.25 is the upper end of the cell before 2^-2, and 0.26 in the first one above.
    assert_eq!(a["latency"]["per_octave"], 16);
    assert_eq!(a["latency"]["first"], -33);
    assert_eq!(a["latency"]["counts"], serde_json::json!([7, 2]));
    assert_eq!(group["endpoints"][1]["name"], "/b");
    assert_eq!(group["total"]["latency"]["count"], 10);
}

#[test]
fn a_gateways_requests_by_endpoint_come_before_those_by_provider() {
    let registry = Registry::new();
    let gateway = Gateway::new(&registry).unwrap();
    gateway.record_request("/chat", "POST", 0.2, 200, Some("openai"), Some("gpt"));
    gateway.record_request("/chat", "POST", 0.4, 500, Some("openai"), Some("gpt"));
    gateway.record_db_query(0.001);
    let json = of(&registry.snapshot());
    let names: Vec<_> = json["requests"].as_array().unwrap().iter().map(|group| &group["name"]).collect();
    assert_eq!(names, ["http_requests", "provider_requests", "model_requests", "db_queries", "external_api_calls"]);
    let provider = &json["requests"][1]["endpoints"][0];
    assert_eq!((&provider["name"], &provider["errors"]), (&"openai".into(), &1.into()));
    assert_eq!(provider["latency"]["count"], 2);
    assert_eq!(json["totals"]["requests"], 2, "each request is one, however many families have it");
}

#[test]
fn tyks_families_are_understood() {
    let registry = Registry::new();
    let requests = tykmetrics::Requests::new(&registry, "tyk_gateway").unwrap();
    requests.record("a1", "orders", "GET", 502, 12_000_000);
    requests.record("a1", "orders", "GET", 200, 12_000_000);
    let group = &of(&registry.snapshot())["requests"][0];
    let row = &group["endpoints"][0];
    assert_eq!((&row["name"], &row["requests"], &row["errors"]), (&"orders".into(), &2.into(), &1.into()));
    assert_eq!(row["latency"]["count"], 2);
}

#[test]
fn a_histogram_alone_counts_requests_too_and_a_summary_gives_its_quantiles() {
    let registry = Registry::new();
    let seconds =
        registry.histogram("http_request_duration_seconds", "").labels(["handler", "code"]).register().unwrap();
    seconds.observe(["/x", "500"], 0.1);
    let mut snapshot = registry.snapshot();
    let mut summary = tykmetrics::snapshot::Family::new(meta("rpc_request_duration_ms", Kind::Summary, &["rpc"]));
    let of_ = |p50: f64| Value::Summary(Quantiles { values: vec![(0.5, p50)], count: 3, sum: 90.0 });
    summary.push(&["get"], of_(20.0)).push(&["put"], of_(f64::NAN));
    snapshot.families.push(summary);
    let json = of(&snapshot);
    let row = &json["requests"][0]["endpoints"][0];
    assert_eq!((&row["requests"], &row["errors"]), (&1.into(), &1.into()));
    let rpc = &json["requests"][1];
    assert_eq!(rpc["endpoints"][0]["latency"]["quantiles"], serde_json::json!([[0.5, 0.02]]));
    assert_eq!(rpc["endpoints"][1]["latency"]["quantiles"], serde_json::json!([[0.5, null]]));
    assert!(rpc["total"]["errors"].is_null(), "nothing tells of errors");
}

#[test]
fn a_family_says_which_label_makes_it_grow() {
    let mut family = tykmetrics::snapshot::Family::new(meta("f_total", Kind::Counter, &["method", "user"]));
    (0..3000).for_each(|n| {
        family.push(&[["GET", "PUT"][n % 2], &format!("u{n}")], count(1));
    });
    let json = of(&Snapshot { families: vec![family], at_ms: 5 });
    let listed = &json["families"][0];
    assert_eq!((&listed["label"], &listed["series"], &listed["exact"]), (&"user".into(), &3000.into(), &false.into()));
    assert!((2500..3500).contains(&listed["values"].as_u64().unwrap()), "{listed}");
}

#[test]
fn gauges_add_up_unless_their_name_says_that_they_do_not() {
    let registry = Registry::new();
    for name in ["queue_depth", "load_ratio"] {
        let gauge = registry.gauge(name, "").labels(["of"]).register().unwrap();
        gauge.set(["a"], 0.25);
        gauge.set(["b"], 0.5);
    }
    let numbers = &of(&registry.snapshot())["numbers"];
    assert_eq!((&numbers[0]["value"], &numbers[0]["by"]), (&0.75.into(), &"sum".into()));
    assert_eq!((&numbers[1]["value"], &numbers[1]["by"]), (&0.5.into(), &"max".into()));
}

#[test]
fn the_same_snapshot_gives_the_same_bytes() {
    let snapshot = requests().snapshot();
    assert_eq!(bytes(&snapshot, 3), bytes(&snapshot, 3));
}

/// Families with names, help and labels of the worst kind: control characters, which JSON writes with six bytes each.
fn worst(families: usize, series: usize) -> Snapshot {
    let long = |n: usize| format!("{n}_{}", "\u{1}".repeat(500));
    let mut snapshot = Snapshot { families: Vec::new(), at_ms: u64::MAX };
    for n in 0..families {
        let mut own = meta(&long(n), Kind::Gauge, &[&long(n), "b"]);
        own.help = long(n);
        let mut family = tykmetrics::snapshot::Family::new(own);
        family.push(&["", ""], Value::Gauge(-1.234_567_890_123_456_7e-300));
        snapshot.families.push(family);
    }
    let registry = Registry::new();
    let wide = registry.histogram("wide_seconds", "").register().unwrap();
    (0..4000).for_each(|n| wide.observe(1e-6 * 1.006f64.powi(n)));
    let distribution = registry.snapshot().families[0].series().next().unwrap().value().clone();
    let requests = |name: &str, kind, value: &Value| {
        let mut family = tykmetrics::snapshot::Family::new(Arc::new(meta(name, kind, &["route"])));
        (0..series).for_each(|n| {
            family.push(&[&long(n)], value.clone());
        });
        family
    };
    for prefix in ["http", "a", "b", "c", "d", "e", "f", "g"] {
        let (total, seconds) = (format!("{prefix}_requests_total"), format!("{prefix}_request_duration_seconds"));
        snapshot.families.push(requests(&total, Kind::Counter, &count(u64::MAX - 1)));
        snapshot.families.push(requests(&seconds, Kind::Histogram, &distribution));
    }
    snapshot
}

#[test]
fn it_stays_below_200_kb_whatever_there_is() {
    let bytes = bytes(&worst(3000, 300), 0);
    assert!(bytes.len() < 200_000, "{}", bytes.len());
    let json: Json = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(json["requests"].as_array().unwrap().len(), 6);
    assert_eq!(json["families_total"], 3016);
    let listed = json["families"].as_array().unwrap().len() as u64;
    assert_eq!(listed + json["families_left_out"].as_u64().unwrap(), 3016);
    assert!(listed > 50, "{listed}");
    let group = &json["requests"][0];
    let rows = group["endpoints"].as_array().unwrap().len() as u64;
    assert_eq!(rows + group["endpoints_left_out"].as_u64().unwrap(), 300);
}

#[test]
fn a_million_series_are_walked_once() {
    let mut family = tykmetrics::snapshot::Family::new(meta("http_requests_total", Kind::Counter, &["path", "status"]));
    for n in 0..1_000_000u32 {
        family.push(&[&format!("/user/{n}"), "200"], count(1));
    }
    let bytes = bytes(&Snapshot { families: vec![family], at_ms: 1 }, 0);
    let json: Json = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(json["totals"]["requests"], 1_000_000);
    let left = json["requests"][0]["endpoints_left_out"].as_u64().unwrap();
    assert!((850_000..1_150_000).contains(&left), "{left}");
    assert!(bytes.len() < 20_000, "{}", bytes.len());
}

/// The document of docs/overview.md is what the program that it shows gives.
#[test]
fn the_example_of_the_document_is_true() {
    let document = include_str!("../../../../docs/overview.md");
    let shown = document.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let shown: Json = serde_json::from_str(shown).expect("JSON");
    let mut json = of(&requests().snapshot());
    for moment in ["at_ms", "started_ms"] {
        json[moment] = shown[moment].clone();
    }
    assert_eq!(json, shown);
}

//! The formats for people and programs: protobuf as text, and JSON.

mod support;

use support::*;
use tykmetrics::render::Format;
use tykmetrics::snapshot::{Family, Kind, Meta, Value};

fn requests() -> Family {
    let mut family = Family::new(Meta {
        const_labels: pairs(&[("zone", "eu")]),
        ..meta(Kind::Counter, "requests_total", "All \\ \"of\"\nthem.", &["method"])
    });
    add(&mut family, &["GET"], &counter(1027), BEGAN, &[exemplar("x", 2.0, BEGAN)]);
    add(&mut family, &["a\"b"], &Value::Counter { whole: 2, part: 0.5 }, 0, &[]);
    family
}

#[test]
fn protobuf_as_text_for_people() {
    let text_of = |format: Format| String::from_utf8(snapshot([requests()]).render(format)).unwrap();
    assert_eq!(
        text_of(Format::ProtobufText),
        r#"name: "requests_total"
help: "All \\ \"of\"\nthem."
type: COUNTER
metric: {
  label: {
    name: "method"
    value: "GET"
  }
  label: {
    name: "zone"
    value: "eu"
  }
  counter: {
    value: 1027
    exemplar: {
      label: {
        name: "trace_id"
        value: "x"
      }
      value: 2
      timestamp: {
        seconds: 1700000000
        nanos: 125000000
      }
    }
    created_timestamp: {
      seconds: 1700000000
      nanos: 125000000
    }
  }
}
metric: {
  label: {
    name: "method"
    value: "a\"b"
  }
  label: {
    name: "zone"
    value: "eu"
  }
  counter: {
    value: 2.5
  }
}

"#
    );
    let compact = text_of(Format::ProtobufCompact);
    assert_eq!(compact.lines().count(), 1);
    let start =
        r#"name:"requests_total" help:"All \\ \"of\"\nthem." type:COUNTER metric:{label:{name:"method" value:"GET"} "#;
    assert!(compact.starts_with(start), "{compact}");
    assert!(compact.ends_with("value:\"eu\"} counter:{value:2.5}}\n"), "{compact}");
}

#[test]
fn json_is_one_document() {
    let parsed: serde_json::Value = serde_json::from_slice(&classic_zoo().render(Format::Json)).unwrap();
    let families = parsed["families"].as_array().unwrap();
    let of = |name: &str| families.iter().find(|family| family["name"] == name).unwrap();
    let requests = of("http_requests_total");
    assert_eq!(requests["type"], "counter");
    assert_eq!(requests["help"], "Requests \\ answered,\n\"all\" of them.");
    assert_eq!(requests["series"][0]["labels"]["odd"], "a\"b\\c\nd");
    assert_eq!(requests["series"][0]["value"], 1027);
    assert_eq!(requests["series"][0]["created_ms"], BEGAN);
    assert_eq!(requests["series"][0]["exemplars"][0]["labels"]["trace_id"], "4bf92f");
    assert_eq!(requests["series"][1]["value"], 3.25);
    assert_eq!(requests["series"][2]["value"], u64::MAX);
    assert_eq!(requests["series"][3]["labels"]["otel_metric_overflow"], "true");

    let latency = &of("http_request_duration_seconds")["series"];
    assert_eq!(latency[0]["count"], 7);
    assert_eq!(latency[0]["buckets"][1], serde_json::json!({"le": 0.1, "count": 3}));
    assert_eq!(latency[0]["buckets"][4], serde_json::json!({"le": "+Inf", "count": 7}));
    let median = latency[0]["quantiles"]["0.5"].as_f64().unwrap();
    assert!((median / 0.7 - 1.0).abs() < 0.016, "{median}");
    assert_eq!(latency[1]["quantiles"]["0.999"], "NaN");
    assert_eq!(of("http_request_duration_seconds")["unit"], "seconds");

    assert_eq!(of("rpc_seconds")["series"][0]["quantiles"], serde_json::json!({"0.5": 0.25, "0.9": 1, "0.99": "NaN"}));
    assert_eq!(of("build_info")["series"][0]["info"], serde_json::json!({"version": "1.2.3", "rev": "a\\b"}));
    let states = serde_json::json!({"starting": false, "up": true, "down": false});
    assert_eq!(of("unit_state")["series"][0]["states"], states);
    let gauges = of("queue_bytes")["series"].as_array().unwrap();
    let values: Vec<String> = gauges.iter().map(|series| series["value"].to_string()).collect();
    assert_eq!(values, ["12345678", "-0.1", "1.5e-9", "1e+300", "\"NaN\"", "\"+Inf\"", "\"-Inf\""]);
    assert!(!families.iter().any(|family| family["name"] == "nobody"));
}

//! What the engine writes is valid in every format, and what is wrong is found in every format.

use crate::support::check;
use std::time::Duration;
use tykmetrics::render::{Exposition, Histograms};
use tykmetrics::{Format, Registry};

fn registry() -> Registry {
    let registry = Registry::new();
    let requests = registry.counter("http_requests_total", "Requests").labels(["method", "a.b"]).register().unwrap();
    requests.add(["GET", "x\"\\\n"], 3);
    requests.add(["POST", ""], 4);
    let latency = registry.histogram("http_request_duration_seconds", "Time").labels(["method"]).register().unwrap();
    for millis in 1..200 {
        latency.with(["GET"]).observe_duration(Duration::from_millis(millis));
    }
    let summary = registry.summary("size_bytes", "Sizes").register().unwrap();
    summary.observe(12.0);
    registry.gauge("temperature_celsius", "Warmth").register().unwrap().set(-3.5);
    registry
}

/// The engine's formats that are read here, and the name that `--format` has for them.
const FORMATS: [(Format, &str); 7] = [
    (Format::Text, "text"),
    (Format::TextV1, "text"),
    (Format::OpenMetrics0, "openmetrics"),
    (Format::OpenMetrics, "openmetrics"),
    (Format::OpenMetrics2, "openmetrics2"),
    (Format::Protobuf, "protobuf"),
    (Format::Json, "json"),
];

#[test]
fn what_the_engine_writes_is_valid_and_well_named_in_every_format() {
    let registry = registry();
    for (format, name) in FORMATS {
        for histograms in [Histograms::Classic, Histograms::Native, Histograms::Both] {
            for created in [false, true] {
                let body = registry.render(Exposition { histograms, created, ..format.into() });
                for arguments in [&["--strict", "--format", name][..], &["--strict"]] {
                    let (status, said) = check(arguments, &body);
                    assert_eq!(status, 0, "{format:?}, {histograms:?}: {said}");
                    assert!(said.contains("4 families") || created, "{said}");
                }
            }
        }
    }
}

#[test]
fn an_engine_that_says_nothing_is_valid_in_every_format() {
    for (format, name) in FORMATS {
        let (status, said) = check(&["--strict", "--format", name], Registry::new().render(format));
        assert_eq!(status, 0, "{format:?}: {said}");
    }
}

#[test]
fn a_series_told_twice_is_found_in_every_format() {
    let texts: [(&str, &[u8], &str); 5] = [
        ("text", b"# HELP a h\na{b=\"1\"} 1\na{b=\"1\"} 1\n", "-:3:1: error[duplicate-series]"),
        ("openmetrics2", b"# TYPE a gauge\na{b=\"1\"} 1\na{b=\"1\"} 1\n# EOF\n", "-:3:1: error[duplicate-series]"),
        (
            "json",
            br#"{"families":[{"name":"a","type":"gauge","series":[{"labels":{},"value":1},{"labels":{},"value":2}]}]}"#,
            "-:1:23: error[duplicate-series]",
        ),
        ("protobuf", b"\x0d\x0a\x01a\x18\x01\x22\x02\x12\x00\x22\x02\x12\x00", "-:byte 0: error[duplicate-series]"),
        ("openmetrics", b"# TYPE a counter\na_total 1\n# TYPE a counter\na_total 1\n# EOF\n", "-:3:1: error[format]"),
    ];
    for (format, text, wanted) in texts {
        let (status, said) = check(&["--format", format], text);
        assert_eq!(status, 1, "{format}: {said}");
        assert!(said.contains(wanted), "{format}: {said}");
    }
}

#[test]
fn a_broken_input_is_refused_where_it_is_broken() {
    let cases: [(&str, &[u8], &str); 16] = [
        ("json", b"{\"families\": [{}]}", "-:1:15: error[format]: found an object without the member \"name\""),
        ("json", b"{\"families\": 3}", "-:1:14: error[format]: found 3 where a list must stand"),
        ("json", b"{\n \"families\": [}\n", "-:2:15: error[format]"),
        ("json", b"[]", "-:1:1: error[format]"),
        (
            "json",
            br#"{"families":[{"name":"a","type":"meter","series":[]}]}"#,
            "-:1:33: error[format]: found the text \"meter\"",
        ),
        ("json", br#"{"families":[{"name":"a","type":"gauge","series":[{"labels":{"b":1},"value":1}]}]}"#, "-:1:66:"),
        ("json", br#"{"families":[{"name":"a","type":"gauge","series":[{"labels":{},"value":"1"}]}]}"#, "-:1:72:"),
        ("protobuf", b"\x05\x0a\x01a\x18\x07", "byte 1: error[format]: found the type 7"),
        ("protobuf", b"\x7f\x0a\x01a", "byte 0: error[format]: found the length 127"),
        ("protobuf", b"\x02\x18\x01", "found a family without a name"),
        ("protobuf", b"\x09\x0a\x01a\x18\x01\x22\x02\x1a\x00", "without the field `gauge`"),
        ("protobuf", b"\x03\x0a\x01\xff", "not UTF-8"),
        ("openmetrics2", b"# TYPE a gauge\na {count:1,sum:1,bucket:[+Inf:1]}\n# EOF\n", "only a histogram"),
        ("openmetrics2", b"# TYPE a histogram\na 1\n# EOF\n", "-:2:3: error[format]"),
        ("openmetrics2", b"# TYPE a histogram\na {count:1,sum:1,bucket:[1:1]}\n# EOF\n", "the last bucket is +Inf"),
        ("openmetrics2", b"a 1\n", "found no # EOF"),
    ];
    for (format, text, wanted) in cases {
        let (status, said) = check(&["--format", format], text);
        assert_eq!(status, 1, "{format}, {text:?}: {said}");
        assert!(said.contains(wanted), "{format}, {text:?}: {said}");
    }
}

#[test]
fn every_piece_of_a_protobuf_is_refused_or_shorter() {
    let whole = registry().render(Format::Protobuf);
    let mut ends = 0;
    for end in 0..whole.len().min(600) {
        let (status, _) = check(&["--format", "protobuf", "--quiet"], &whole[..end]);
        ends += usize::from(status == 0);
    }
    // Only between two families is the stream whole.
    assert!((1..=4).contains(&ends), "{ends}");
}

/// A message field of protobuf: its key, its length, its bytes.
fn field(key: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![key];
    let mut length = bytes.len();
    while length >= 0x80 {
        field.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    field.extend_from_slice(bytes);
    field
}

#[test]
fn a_small_input_cannot_ask_for_any_amount_of_memory() {
    const LABELS: usize = 900;
    const BUCKETS: usize = 20_000;
    // Every bucket is a sample with all labels of its histogram: 18 million of them.
    let labels: Vec<u8> = (0..LABELS)
        .flat_map(|n| field(0x0a, &[field(0x0a, format!("l{n}").as_bytes()), field(0x12, b"v")].concat()))
        .collect();
    let histogram = field(0x3a, &[0x1a, 0x00].repeat(BUCKETS));
    let family = [field(0x0a, b"a"), vec![0x18, 4], field(0x22, &[labels, histogram].concat())].concat();
    // A length before the message is what a field is without its key.
    let protobuf = field(0, &family)[1..].to_vec();
    let names = |quote: &str, colon: &str| -> String {
        (0..LABELS).map(|n| format!("{quote}l{n}{quote}{colon}\"v\"")).collect::<Vec<_>>().join(",")
    };
    let buckets = vec!["{\"le\":1,\"count\":0}"; BUCKETS].join(",");
    let json = format!(
        "{{\"families\":[{{\"name\":\"a\",\"type\":\"histogram\",\"series\":[{{\"labels\":{{{}}},\"count\":0,\"sum\":0,\"buckets\":[{buckets}]}}]}}]}}",
        names("\"", ":")
    );
    let buckets = vec!["1:0"; BUCKETS].join(",");
    let open =
        format!("# TYPE a histogram\na{{{}}} {{count:0,sum:0,bucket:[{buckets},+Inf:0]}}\n# EOF\n", names("", "="));
    for (format, input) in [("protobuf", protobuf), ("json", json.into_bytes()), ("openmetrics2", open.into_bytes())] {
        let (status, said) = check(&["--format", format], &input);
        assert_eq!(status, 1, "{format}");
        assert!(said.contains("too much for an exposition of this size"), "{format}: {:.300}", said);
    }
}

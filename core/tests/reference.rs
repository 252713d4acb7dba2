//! Everything rendered as text is read by the reference parsers, and what they read is compared with the snapshot.
//!
//! The parsers are those of Python's `prometheus_client`, and `promtool`. A parser that is not there fails the test.

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use support::*;
use tykmetrics::render::{Escaping, Exposition, Format, escape_name};
use tykmetrics::snapshot::{Family, Kind, Series, Snapshot, Value};

/// A sample as a parser sees it: name, labels, value.
type Sample = (String, BTreeMap<String, String>, String);

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn tool(variable: &str, place: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| repository().join(place), PathBuf::from);
    assert!(path.exists(), "{} is missing: run `make tools`, or set {variable}", path.display());
    path
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the tool starts");
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// What the parser of prometheus_client reads: the samples, and `(family, type, help, unit)`.
fn parse(text: &[u8], dialect: &str) -> (Vec<Sample>, Vec<[String; 4]>) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/parse.py");
    let python = tool("TYKMETRICS_PYTHON", ".venv/bin/python3");
    let output = run(Command::new(python).arg(script).arg(dialect), text);
    let shown = String::from_utf8_lossy(text);
    assert!(output.status.success(), "{}\nrefused:\n{shown}", String::from_utf8_lossy(&output.stderr));
    let (mut samples, mut families) = (Vec::new(), Vec::new());
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |i: usize| row[i].as_str().unwrap().to_owned();
        if row[2].is_null() {
            families.push([text(0), text(1), text(4), text(6)]);
        } else {
            samples.push((text(2), serde_json::from_value(row[3].clone()).unwrap(), normal(&text(4))));
        }
    }
    (samples, families)
}

/// A number in one spelling.
fn normal(number: &str) -> String {
    format!("{:?}", number.parse::<f64>().unwrap())
}

fn shown(name: &str, escaping: Escaping) -> String {
    let classic =
        name.chars().enumerate().all(|(i, c)| c == '_' || c.is_ascii_alphabetic() || i > 0 && c.is_ascii_digit());
    if classic { name.to_owned() } else { escape_name(name, escaping).into_owned() }
}

/// The samples a text format has for a snapshot, told again without looking at the renderer.
fn expected(snapshot: &Snapshot, openmetrics: bool, escaping: Escaping, created: bool) -> Vec<Sample> {
    let mut samples = Vec::new();
    for family in &snapshot.families {
        let mut later = Vec::new();
        for series in family.series() {
            let mut own = one_series(family, &series, openmetrics, escaping);
            if created
                && series.created_ms() != 0
                && matches!(family.meta.kind, Kind::Counter | Kind::Histogram | Kind::Summary)
            {
                let name = shown(&family.meta.name, escaping);
                let stem = if family.meta.kind == Kind::Counter { name.trim_end_matches("_total") } else { &name };
                let value = format!("{:?}", series.created_ms() as f64 / 1000.0);
                let line = (format!("{stem}_created"), labels(family, &series, escaping, &[]), value);
                if openmetrics { own.push(line) } else { later.push(line) }
            }
            samples.append(&mut own);
        }
        samples.append(&mut later);
    }
    samples
}

fn labels(
    family: &Family,
    series: &Series<'_>,
    escaping: Escaping,
    more: &[(String, String)],
) -> BTreeMap<String, String> {
    let own = series.labels().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let all = own.chain(family.meta.const_labels.iter().cloned()).chain(more.iter().cloned());
    all.map(|(name, value)| (shown(&name, escaping), value)).collect()
}

fn one_series(family: &Family, series: &Series<'_>, openmetrics: bool, escaping: Escaping) -> Vec<Sample> {
    let name = shown(&family.meta.name, escaping);
    let line = |suffix: &str, more: &[(String, String)], value: f64| {
        (format!("{name}{suffix}"), labels(family, series, escaping, more), format!("{value:?}"))
    };
    match series.value() {
        Value::Counter { whole, part } => {
            // Both parsers insist on the suffix; that of the classic text adds it itself.
            let suffix = if name.ends_with("_total") { "" } else { "_total" };
            vec![line(suffix, &[], *whole as f64 + part)]
        }
        Value::Gauge(value) | Value::Unknown(value) => vec![line("", &[], *value)],
        Value::Info(info) => {
            let suffix = shown(&format!("{}_info", family.meta.name), escaping);
            let (_, labels, value) = line("", info, 1.0);
            vec![(suffix, labels, value)]
        }
        Value::StateSet(holds) => {
            let states = family.meta.states.iter().zip(holds);
            states
                .map(|(state, &holds)| line("", &pairs(&[(&family.meta.name, state)]), f64::from(u8::from(holds))))
                .collect()
        }
        Value::Summary(summary) => {
            let quantile = |(q, v): &(f64, f64)| line("", &pairs(&[("quantile", &bound(*q, openmetrics))]), *v);
            let mut lines: Vec<Sample> = summary.values.iter().map(quantile).collect();
            lines.extend([line("_sum", &[], summary.sum), line("_count", &[], summary.count as f64)]);
            lines
        }
        Value::Histogram(histogram) => {
            let buckets = histogram.cumulative().map(|(le, count)| (bound(le, openmetrics), count));
            let buckets = buckets.chain([("+Inf".to_owned(), histogram.count())]);
            let mut lines: Vec<Sample> =
                buckets.map(|(le, count)| line("_bucket", &pairs(&[("le", &le)]), count as f64)).collect();
            if !openmetrics || histogram.cumulative().all(|(le, _)| le >= 0.0) {
                lines.extend([line("_sum", &[], histogram.sum()), line("_count", &[], histogram.count() as f64)]);
            }
            lines
        }
        other => panic!("a kind of value this test does not know: {other:?}"),
    }
}

/// The bounds of the test snapshots need no exponent.
fn bound(bound: f64, openmetrics: bool) -> String {
    if openmetrics { format!("{bound:?}") } else { format!("{bound}") }
}

fn assert_same(mut read: Vec<Sample>, mut expected: Vec<Sample>, exposition: &Exposition) {
    assert!(!expected.is_empty());
    read.sort();
    expected.sort();
    let only_in = |one: &[Sample], other: &[Sample]| -> Vec<Sample> {
        one.iter().filter(|sample| !other.contains(sample)).cloned().collect()
    };
    assert_eq!((only_in(&read, &expected), only_in(&expected, &read)), (vec![], vec![]), "{exposition:?}");
    assert_eq!(read.len(), expected.len(), "{exposition:?}");
}

const ESCAPINGS: [Escaping; 4] = [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values];

#[test]
fn the_reference_parser_reads_the_classic_text_as_the_snapshot_has_it() {
    for zoo in [classic_zoo(), utf8_zoo()] {
        for escaping in ESCAPINGS {
            for created in [false, true] {
                let exposition = Exposition { escaping, created, ..Format::Text.into() };
                let (samples, _) = parse(&zoo.render(exposition), "text");
                assert_same(samples, expected(&zoo, false, escaping, created), &exposition);
            }
        }
    }
}

#[test]
fn the_reference_parser_reads_openmetrics_as_the_snapshot_has_it() {
    for zoo in [classic_zoo(), utf8_zoo()] {
        for format in [Format::OpenMetrics0, Format::OpenMetrics] {
            for escaping in ESCAPINGS {
                for created in [false, true] {
                    let exposition = Exposition { escaping, created, empty_families: created, ..format.into() };
                    let (samples, _) = parse(&zoo.render(exposition), "openmetrics");
                    assert_same(samples, expected(&zoo, true, escaping, created), &exposition);
                }
            }
        }
    }
}

#[test]
fn the_reference_parser_reads_the_metadata() {
    let zoo = classic_zoo();
    let (_, families) = parse(&zoo.render(Format::OpenMetrics), "openmetrics");
    let of = |name: &str| families.iter().find(|family| family[0] == name).unwrap().each_ref().map(String::as_str);
    assert_eq!(of("http_requests"), ["http_requests", "counter", "Requests \\ answered,\n\"all\" of them.", ""]);
    assert_eq!(of("queue_bytes"), ["queue_bytes", "gauge", "Waiting.", "bytes"]);
    assert_eq!(of("http_request_duration_seconds")[1..], ["histogram", "How long requests took.", "seconds"]);
    assert_eq!(of("build")[1..], ["info", "What runs.", ""]);
    assert_eq!(of("unit_state")[1], "stateset");
    assert_eq!(of("foreign")[1], "unknown");

    let (_, families) = parse(&zoo.render(Format::Text), "text");
    let of = |name: &str| families.iter().find(|family| family[0] == name).unwrap().each_ref().map(String::as_str);
    assert_eq!(of("http_requests")[1..], ["counter", "Requests \\ answered,\n\"all\" of them.", ""]);
    assert_eq!(of("build_info")[1], "gauge");
    assert_eq!(of("unit_state")[1], "gauge");
    assert_eq!(of("rpc_seconds")[1..], ["summary", "", ""]);
}

#[test]
fn the_reference_parser_finds_the_exemplars() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/parse.py");
    let python = tool("TYKMETRICS_PYTHON", ".venv/bin/python3");
    let output = run(Command::new(python).arg(script).arg("openmetrics"), &classic_zoo().render(Format::OpenMetrics));
    let mut found = Vec::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(trace) = row[5]["trace_id"].as_str() {
            let le = row[3]["le"].as_str().unwrap_or("");
            found.push(format!("{} {le} {trace} {}", row[2].as_str().unwrap(), row[6].as_str().unwrap()));
        }
    }
    // Of the two in one bucket the newer one.
    assert_eq!(
        found,
        [
            "http_requests_total  4bf92f 1.0",
            "http_request_duration_seconds_bucket 1.0 b 0.8",
            "http_request_duration_seconds_bucket +Inf c 30.0"
        ]
    );
}

#[test]
fn promtool_accepts_the_classic_text() {
    let promtool = tool("TYKMETRICS_PROMTOOL", ".tools/prometheus/usr/bin/promtool");
    for zoo in [classic_zoo(), utf8_zoo()] {
        for escaping in [Escaping::Underscores, Escaping::Dots, Escaping::Values] {
            for created in [false, true] {
                let text = zoo.render(Exposition { escaping, created, empty_families: created, ..Format::Text.into() });
                let output = run(Command::new(&promtool).args(["check", "metrics"]), &text);
                let said =
                    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
                // 3 is its opinion of names and help texts; a text it cannot parse is 1.
                assert!(matches!(output.status.code(), Some(0 | 3)), "{said}\n{}", String::from_utf8_lossy(&text));
            }
        }
    }
}

#[test]
fn promtool_refuses_a_text_that_is_wrong() {
    let promtool = tool("TYKMETRICS_PROMTOOL", ".tools/prometheus/usr/bin/promtool");
    let output = run(Command::new(promtool).args(["check", "metrics"]), b"metric{a=\"b\"c} 1\n");
    assert_eq!(output.status.code(), Some(1));
}

//! The conformance cases, run against the crate: `tests/conformance/README.md` says what a case is.
//!
//! Each case runs twice, once recording through handles and once through the lookups of a family. Every expected text is
//! also read by the reference parsers of `prometheus_client`, so that a case cannot ask for what no reader takes.

mod cases;

use cases::{Case, all, lines, masked, masked_json};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use tykmetrics::{ErrorCode, Format};
use tykmetrics_tests::{root, text, tool};

#[test]
fn every_case_gives_what_it_expects() {
    let cases = all();
    assert!(cases.len() >= 60, "only {} cases were found", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        for lookup in [false, true] {
            let registry = case.run(lookup);
            for (format, expected) in case.expected() {
                let got = registry.render(case.exposition(format));
                let got = String::from_utf8(got).expect("these formats are text");
                let (same, got) = match expected {
                    Value::Array(_) => {
                        let got = masked(&got, format, case.shows_created());
                        (got == lines(expected), got)
                    }
                    _ => {
                        let got = masked_json(serde_json::from_str(&got).expect("the document is JSON"));
                        (got == *expected, got.to_string())
                    }
                };
                if !same {
                    wrong.push(format!("{} in {format:?} (lookup: {lookup}) gave\n{got}", case.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_case_has_a_name_of_its_own_and_a_reason() {
    let mut names = BTreeSet::new();
    for case in all() {
        assert!(names.insert(case.name.clone()), "two cases are called {}", case.name);
        assert!(!case.why.is_empty() && !case.expected().is_empty(), "{}", case.name);
    }
}

#[test]
fn the_cases_show_every_kind_format_and_error_that_bad_input_can_reach() {
    let (mut operations, mut errors, mut formats) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for case in all() {
        operations.extend(case.operations.iter().map(|operation| cases::word(operation, "op").to_owned()));
        errors.extend(case.operations.iter().filter_map(|o| o["error"].as_str().map(str::to_owned)));
        formats.extend(case.expected().into_iter().map(|(format, _)| format.as_str()));
    }
    let known: BTreeSet<String> = cases::OPERATIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(operations, known, "every operation is used in a case");
    // A sink and a platform that refuse are nothing that input can say; pointers, panics and layouts are a door's own; what
    // follows is said of servers.
    let unreachable = [ErrorCode::Sink, ErrorCode::Platform, ErrorCode::NullPointer, ErrorCode::Panic, ErrorCode::Abi];
    let of_servers = |code: &ErrorCode| *code as u32 > ErrorCode::Abi as u32;
    let reachable = ErrorCode::ALL.into_iter().filter(|code| !unreachable.contains(code) && !of_servers(code));
    assert_eq!(errors, reachable.map(|code| code.as_str().to_owned()).collect(), "every error is met in a case");
    assert_eq!(formats, BTreeSet::from(["text", "openmetrics", "protobuf-text", "json"]));
}

#[test]
fn the_reference_parsers_take_every_expected_text() {
    let cases = all();
    let mut asked = Vec::new();
    for case in &cases {
        for (format, expected) in case.expected() {
            if matches!(format, Format::Text | Format::OpenMetrics) {
                asked.push((case.name.as_str(), format.as_str(), lines(expected).replace("<time>", "1.000")));
            }
        }
    }
    // What is wrong is refused, so the rest shows something.
    asked.push(("wrong", "openmetrics", "# TYPE a counter\na 1\n# EOF\n".to_owned()));
    asked.push(("wrong", "text", "a{b=\"c\"d} 1\n".to_owned()));
    let mut samples = 0;
    for ((name, dialect, text), (read, said)) in asked.iter().zip(parse(&asked)) {
        if *name == "wrong" {
            assert!(said.starts_with("refused"), "the parser took {text}");
            continue;
        }
        assert!(said.is_empty(), "{name} in {dialect}: {said}\n{text}");
        let printed = text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(read, printed, "{name} in {dialect}: the parser saw other samples\n{text}");
        samples += read;
    }
    assert!(samples > 200);
}

/// For each text, how many samples the reference parser reads, and what it says if it refuses.
fn parse(asked: &[(&str, &str, String)]) -> Vec<(usize, String)> {
    let documents: Vec<_> = asked.iter().map(|(_, dialect, text)| (dialect, text)).collect();
    let mut child = Command::new(tool("TYKMETRICS_PYTHON", ".venv/bin/python3"))
        .arg(root().join("tests/tests/cases/parse.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    // It reads everything before it writes anything.
    let input = serde_json::to_vec(&documents).expect("texts are JSON");
    child.stdin.take().expect("piped").write_all(&input).expect("python reads");
    let output = child.wait_with_output().expect("python ends");
    assert!(output.status.success());
    let answers: Vec<_> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("an answer"))
        .collect();
    assert_eq!(answers.len(), asked.len());
    answers
}

#[test]
fn the_error_codes_are_those_of_the_table() {
    let table: Vec<Value> = serde_json::from_str(&text("tests/conformance/errors.json").expect("errors.json"))
        .expect("errors.json is JSON");
    let known: Vec<Value> =
        ErrorCode::ALL.iter().map(|code| serde_json::json!({"number": *code as u32, "name": code.as_str()})).collect();
    assert_eq!(table, known);
}

#[test]
#[should_panic(expected = "does not know")]
fn an_operation_that_is_not_known_is_not_passed_over() {
    case(serde_json::json!([{"op": "increment", "on": "c"}])).run(false);
}

#[test]
#[should_panic(expected = "has no member \"lables\"")]
fn a_member_that_is_not_known_is_not_passed_over() {
    case(serde_json::json!([{"op": "counter", "id": "c", "name": "c", "lables": ["a"]}])).run(false);
}

#[test]
#[should_panic(expected = "should fail with conflict")]
fn an_error_that_does_not_come_is_missed() {
    case(serde_json::json!([{"op": "counter", "id": "c", "name": "c", "error": "conflict"}])).run(false);
}

#[test]
#[should_panic(expected = "invalid metric name")]
fn an_error_that_was_not_asked_for_is_one() {
    case(serde_json::json!([{"op": "counter", "id": "c", "name": ""}])).run(false);
}

fn case(operations: Value) -> Case {
    Case::read(&serde_json::json!({"name": "n", "why": "w", "operations": operations, "expect": {"text": []}}))
}

#[test]
fn only_times_are_masked() {
    let masked = |text: &str, format, created| masked(text, format, created);
    assert_eq!(
        masked("a_total 1 # {b=\"1 2\"} 1 1700000000.125\n", Format::OpenMetrics, false),
        "a_total 1 # {b=\"1 2\"} 1 <time>\n"
    );
    assert_eq!(masked("a_total 1700000000.125\n", Format::OpenMetrics, true), "a_total 1700000000.125\n");
    assert_eq!(masked("a_created{b=\"c\"} 1700000000.125\n", Format::Text, true), "a_created{b=\"c\"} <time>\n");
    assert_eq!(masked("a_created 1700000000.125\n", Format::Text, false), "a_created 1700000000.125\n");
    assert_eq!(masked("  seconds: 17\n  value: 3\n", Format::ProtobufText, false), "  seconds: <time>\n  value: 3\n");
    let document = serde_json::json!({"created_ms": 5, "labels": {"created_ms": "x"}, "value": 5});
    assert_eq!(
        masked_json(document),
        serde_json::json!({"created_ms": "<time>", "labels": {"created_ms": "x"}, "value": 5})
    );
}

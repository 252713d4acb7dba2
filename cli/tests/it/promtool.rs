//! `check` beside promtool: what it calls an error is an error here, and what its lint says is a warning here.

use crate::support::check;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Texts, and the rules of ours that stand for what promtool's lint says of them.
const LINTED: [(&str, &[&str]); 24] = [
    ("# HELP a_total h\n# TYPE a_total counter\na_total 1\n", &[]),
    ("# HELP a h\n# TYPE a counter\na 1\n", &["counter-suffix"]),
    ("# HELP a_total h\n# TYPE a_total gauge\na_total 1\n", &["counter-suffix"]),
    ("a_total 1\n", &["no-help"]),
    ("# HELP a_sum h\n# TYPE a_sum gauge\na_sum 1\n", &["reserved-suffix"]),
    ("# HELP a_count h\n# TYPE a_count gauge\na_count 1\n", &["reserved-suffix"]),
    ("# HELP a_bucket h\n# TYPE a_bucket gauge\na_bucket 1\n", &["reserved-suffix"]),
    ("# HELP a h\n# TYPE a gauge\na{le=\"1\"} 1\n", &["reserved-label"]),
    ("# HELP a h\n# TYPE a gauge\na{quantile=\"1\"} 1\n", &["reserved-label"]),
    ("# HELP a_gauge h\n# TYPE a_gauge gauge\na_gauge 1\n", &["type-in-name"]),
    ("# HELP a_counter_total h\n# TYPE a_counter_total counter\na_counter_total 1\n", &["type-in-name"]),
    ("# HELP counters h\n# TYPE counters gauge\ncounters 1\n", &[]),
    ("# HELP a:b h\n# TYPE a:b gauge\na:b 1\n", &["colon"]),
    ("# HELP aB h\n# TYPE aB gauge\naB 1\n", &["camel-case"]),
    ("# HELP a h\n# TYPE a gauge\na{cD=\"1\"} 1\n", &["camel-case"]),
    ("# HELP a_ms h\n# TYPE a_ms gauge\na_ms 1\n", &["unit-abbreviation"]),
    ("# HELP a_kb_x h\n# TYPE a_kb_x gauge\na_kb_x 1\n", &["unit-abbreviation"]),
    ("# HELP a_milliseconds h\n# TYPE a_milliseconds gauge\na_milliseconds 1\n", &["base-unit"]),
    ("# HELP a_days h\n# TYPE a_days gauge\na_days 1\n", &["base-unit"]),
    ("# HELP thermometers h\n# TYPE thermometers gauge\nthermometers 1\n", &[]),
    ("# HELP a_seconds h\n# TYPE a_seconds untyped\na_seconds 1\n", &[]),
    ("# TYPE a gauge\n", &[]),
    ("# HELP a h\n# TYPE a summary\na{quantile=\"0.5\"} 1\na_sum 1\na_count 1\n", &[]),
    ("", &[]),
];

const INVALID: [&str; 24] = [
    "a 1 2 3\n",
    "a{b=\"\\x\"} 1\n",
    "a 0x1p3\n",
    "a 1_0\n",
    "a 1 12.5\n",
    "a{__name__=\"x\"} 1\n",
    "# TYPE a info\na 1\n",
    "# TYPE a counter\n# TYPE a counter\na 1\n",
    "a 1\n# TYPE a gauge\n",
    "# HELP a x\\y\na 1\n",
    "a 1",
    "a{b=\"1\",b=\"2\"} 1\n",
    "a{b=\"1\",,} 1\n",
    "a{,} 1\n",
    "# TYPE a histogram\na_bucket{le=\"x\"} 1\n",
    "# TYPE a summary\na{quantile=\"x\"} 1\n",
    "a 1 \n",
    "a{b=\"1} 1\n",
    "a{b=1} 1\n",
    "a\n",
    "1a 1\n",
    "a b\n",
    "# HELP a b\n# HELP a c\na 1\n",
    "a{b=\"\n\"} 1\n",
];

fn promtool() -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.tools/prometheus/usr/bin/promtool");
    if !path.exists() {
        eprintln!("left out: there is no {} (make tools)", path.display());
        return None;
    }
    Some(path)
}

fn ask(promtool: &PathBuf, text: &str) -> (i32, String) {
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn each_rule_of_promtool_warns_of_what_breaks_it_and_of_nothing_else() {
    let promtool = promtool();
    for (text, rules) in LINTED {
        let (status, said) = check(&["--format", "text", "--strict"], text);
        let mut warned: Vec<&str> =
            said.split("warning[").skip(1).map(|rest| rest.split(']').next().unwrap()).collect();
        warned.sort_unstable();
        assert_eq!(warned, rules, "{text:?}: {said}");
        assert_eq!(status, if rules.is_empty() { 0 } else { 3 }, "{text:?}: {said}");
        if let Some(promtool) = &promtool {
            let (theirs, why) = ask(promtool, text);
            assert_eq!(status, theirs, "{text:?}: {why}");
        }
    }
}

#[test]
fn what_promtool_cannot_read_is_invalid() {
    let promtool = promtool();
    for text in INVALID {
        let (status, said) = check(&["--format", "text"], text);
        assert_eq!(status, 1, "{text:?}: {said}");
        if let Some(promtool) = &promtool {
            let (theirs, why) = ask(promtool, text);
            assert_eq!(theirs, 1, "{text:?}: {why}");
        }
    }
}

/// What promtool cannot read is invalid here, of all texts of the judges. (It knows no names in UTF-8, so neither do we here.)
#[test]
fn no_text_of_the_judges_is_an_error_to_promtool_alone() {
    let (Some(promtool), Some(folder)) = (promtool(), crate::support::judges("openmetrics")) else { return };
    let mut refused = 0;
    for case in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read(case.unwrap().path().join("metrics")).unwrap();
        let Ok(text) = std::str::from_utf8(&text) else { continue };
        let (theirs, why) = ask(&promtool, text);
        if theirs == 1 {
            let (status, said) = check(&["--format", "text", "--legacy-names"], text);
            assert_eq!(status, 1, "{text:?}: {why}: {said}");
            refused += 1;
        }
    }
    println!("{refused} texts that promtool refuses are refused");
    assert!(refused > 0);
}

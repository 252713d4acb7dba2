//! `check`, judged by cases that nobody here wrote.

use crate::support::{check, judges};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::Value;

#[test]
fn every_case_of_openmetrics_is_judged_as_it_says() {
    let Some(folder) = judges("openmetrics") else { return };
    let (mut read, mut refused) = (0, 0);
    for case in std::fs::read_dir(folder).unwrap() {
        let case = case.unwrap().path();
        let told: Value = serde_json::from_slice(&std::fs::read(case.join("test.json")).unwrap()).unwrap();
        let text = std::fs::read(case.join(told["file"].as_str().unwrap())).unwrap();
        let (status, said) = check(&["--format", "openmetrics"], text);
        let valid = told["shouldParse"].as_bool().unwrap();
        assert_eq!(status, if valid { 0 } else { 1 }, "{}: {said}", case.display());
        *if valid { &mut read } else { &mut refused } += 1;
    }
    println!("OpenMetrics: {read} cases valid, {refused} invalid, all as they should be");
    assert!(read > 0 && refused > 0);
}

#[test]
fn every_bad_text_of_expfmt_is_invalid_at_its_line() {
    let Some(file) = judges("expfmt.jsonl") else { return };
    let mut seen = 0;
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let Some(text) = case["in_text"].as_str() else { continue };
        let text = BASE64_STANDARD.decode(text).unwrap();
        let (utf8, legacy) = (case["err_utf8"].as_str().unwrap(), case["err_legacy"].as_str().unwrap());
        let legacy = if legacy.is_empty() { utf8 } else { legacy };
        let readings: [(&str, &[&str]); 2] = [(utf8, &["--lint=none"]), (legacy, &["--lint=none", "--legacy-names"])];
        for (error, arguments) in readings {
            let arguments: Vec<&str> = ["--format", "text"].iter().chain(arguments).copied().collect();
            let (status, said) = check(&arguments, &text);
            match error.split_once("in line ") {
                None => assert_eq!(status, 0, "{case}: {said}"),
                Some((_, rest)) => {
                    let line = rest.split(':').next().unwrap();
                    assert_eq!(status, 1, "{case}: {said}");
                    assert!(said.contains(&format!("-:{line}:")), "{case}: {said}");
                }
            }
        }
        seen += 1;
    }
    println!("expfmt: {seen} texts judged as it judges them");
    assert!(seen > 0);
}

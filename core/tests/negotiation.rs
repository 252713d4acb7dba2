//! Content negotiation, judged by answers that expfmt gave. The answers lie outside the repository; where they are not,
//! the test says so and is left out.

use std::path::{Path, PathBuf};
use tykmetrics::render::negotiate;

fn judges() -> PathBuf {
    let outside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/judges");
    std::env::var_os("TYKMETRICS_JUDGES").map_or(outside, PathBuf::from)
}

#[test]
fn every_accept_header_is_answered_as_expfmt_answers_it() {
    let file = judges().join("expfmt.jsonl");
    let Ok(cases) = std::fs::read_to_string(&file) else {
        eprintln!("left out: there is no {}", file.display());
        return;
    };
    let mut seen = 0;
    for line in cases.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        if case["kind"] == "negotiate" {
            let accept = case["accept"].as_str().unwrap();
            assert_eq!(negotiate(accept).content_type(), case["format"].as_str().unwrap(), "{accept}");
            seen += 1;
        }
    }
    assert!(seen > 0, "no case in {}", file.display());
}

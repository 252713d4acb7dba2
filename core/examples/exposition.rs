//! Reads an exposition from standard input and says whether it is one.
//!
//! `cargo run --example exposition -- openmetrics < metrics.txt`; the other dialects are `text` and `strict-text`. It ends with
//! status 1 and the first mistake if there is one.

use std::io::Read;
use std::process::ExitCode;
use tykmetrics::samples::{Dialect, parse_bytes};

fn main() -> std::io::Result<ExitCode> {
    let dialect = match std::env::args().nth(1).as_deref() {
        Some("text") => Dialect::Text,
        Some("strict-text") => Dialect::StrictText,
        Some("openmetrics") => Dialect::OpenMetrics,
        _ => {
            eprintln!("usage: exposition text|strict-text|openmetrics < FILE");
            return Ok(ExitCode::from(2));
        }
    };
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    match parse_bytes(&input, dialect) {
        Ok(families) => {
            let samples: usize = families.iter().map(|family| family.samples.len()).sum();
            println!("{} families, {samples} samples", families.len());
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            eprintln!("{error}");
            Ok(ExitCode::FAILURE)
        }
    }
}

//! Any bytes as an exposition of every format that the program reads: read or refused at a place that is there; and what the
//! engine makes of a text is read in the formats that have readers of their own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tykmetrics::samples::{Dialect, gather, parse};
use tykmetrics::{Format as Written, Snapshot};
use tykmetrics_cli::read::{Format, Place, Places, read};

const FORMATS: [Format; 5] = [Format::Text, Format::OpenMetrics, Format::OpenMetrics2, Format::Protobuf, Format::Json];

fuzz_target!(|bytes: &[u8]| {
    let _ = Format::of_bytes(bytes);
    for format in FORMATS {
        match read(bytes, format) {
            Err(refusal) => is_there(refusal.place, bytes),
            Ok(document) => {
                for (index, family) in document.families.iter().enumerate() {
                    assert!(!family.name.is_empty());
                    is_there(document.places.of_family(index, family), bytes);
                    for sample in &family.samples {
                        let place = document.places.of_sample(index, family, sample);
                        is_there(place, bytes);
                        assert_eq!(
                            document.places.line(place).is_some(),
                            matches!(document.places, Places::Text { .. })
                        );
                    }
                }
            }
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        written(text);
    }
});

fn is_there(place: Place, bytes: &[u8]) {
    match place {
        Place::Byte(at) => assert!(at <= bytes.len()),
        Place::Text { line, column } => {
            let mut lines = bytes.split(|byte| *byte == b'\n');
            let line = lines.nth(line - 1).expect("a line that is there");
            // Characters are no more than bytes; one column stands for the line's end.
            assert!((1..=line.len() + 1).contains(&column), "{column} of {}", line.len());
        }
    }
}

/// What a text says, written by the engine and read here.
fn written(text: &str) {
    let Ok(families) = parse(text, Dialect::StrictText) else { return };
    let reserved = |name: &str| matches!(name, "le" | "quantile" | "" | "__name__");
    // Labels that a format has a meaning of its own for are nobody's.
    if families
        .iter()
        .flat_map(|family| &family.samples)
        .any(|sample| sample.labels.iter().any(|(name, _)| reserved(name)))
    {
        return;
    }
    let families: Vec<_> = families.iter().flat_map(gather).filter(|family| !family.is_empty()).collect();
    let count = families.len();
    let snapshot = Snapshot { families, at_ms: 0 };
    for (written, format) in [(Written::Protobuf, Format::Protobuf), (Written::Json, Format::Json)] {
        let mut exposition = tykmetrics::Exposition::from(written);
        exposition.escaping = tykmetrics::Escaping::AllowUtf8;
        let bytes = snapshot.render(exposition);
        let document = read(&bytes, format).unwrap_or_else(|refusal| panic!("{format:?}: {refusal:?}"));
        assert_eq!(document.families.len(), count);
    }
}

//! Any bytes as an exposition, in every dialect: read or refused with a line that is there, and what is read is written
//! and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;
use tykmetrics::render::Escaping;
use tykmetrics::samples::{
    Dialect, Family, Kind, Reading, Timestamp, Version, parse, parse_bytes, write_openmetrics, write_text,
};

fuzz_target!(|bytes: &[u8]| {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    for dialect in [Dialect::Text, Dialect::StrictText, Dialect::OpenMetrics] {
        for legacy_names in [false, true] {
            match parse_bytes(bytes, Reading { dialect, legacy_names }) {
                Ok(families) => written(&families, dialect),
                Err(error) => assert!((1..=lines).contains(&error.line()), "{error}"),
            }
        }
    }
});

fn written(families: &[Family<'_>], dialect: Dialect) {
    for escaping in [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values] {
        for version in [Version::V1, Version::V2] {
            let bytes =
                write_openmetrics(families, version, escaping).expect("what is read has exemplars where they belong");
            assert!(bytes.ends_with(b"# EOF\n"));
        }
    }
    let plain = plain(families);
    if dialect != Dialect::OpenMetrics {
        let text = write_text(&plain, Escaping::AllowUtf8).expect("its moments are finite");
        let text = String::from_utf8(text).expect("text is UTF-8");
        let read = parse(&text, Dialect::StrictText).expect("what is written is strict");
        assert_eq!(read.len(), plain.len());
    } else {
        let text = write_openmetrics(&plain, Version::V1, Escaping::AllowUtf8).expect("it was written above");
        let text = String::from_utf8(text).expect("text is UTF-8");
        let read = parse(&text, Dialect::OpenMetrics).expect("what is written is strict");
        // NaN is not equal to itself.
        assert_eq!(format!("{read:?}"), format!("{plain:?}"));
    }
}

/// The gauges of one sample, each of another name: what is written of these is told from nothing else. Labels without a name
/// cannot be written, moments before 1970 have two signs, and those that were floats become exact.
fn plain<'a>(families: &[Family<'a>]) -> Vec<Family<'a>> {
    let mut names = HashSet::new();
    let mut plain = Vec::new();
    for family in families {
        let [sample] = &family.samples[..] else { continue };
        let exact = match sample.timestamp {
            None => true,
            Some(Timestamp::Nanos { seconds, nanos }) => seconds >= 0 && nanos >= 0,
            Some(_) => false,
        };
        let named = sample.name == family.name && sample.labels.iter().all(|(name, _)| !name.is_empty());
        if family.kind == Kind::Gauge && exact && named && names.insert(family.name.clone()) {
            let mut family = family.clone();
            family.samples[0].labels.sort();
            plain.push(family);
        }
    }
    plain
}

//! Any bytes as an exposition, in every dialect: read or refused with a line that is there, and what is read is written
//! and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tykmetrics::render::Escaping;
use tykmetrics::samples::{Dialect, Family, Kind, Reading, Version, parse, parse_bytes, write_openmetrics, write_text};

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
    // Names that end in `_total` or `_created` are told apart from suffixes only by chance, and a moment before 1970 is
    // written with two signs.
    let plain = |family: &Family<'_>| {
        let [sample] = &family.samples[..] else { return false };
        let stamp = sample.timestamp.map_or(0.0, |stamp| stamp.seconds());
        family.kind == Kind::Gauge && sample.name == family.name && (0.0..1e9).contains(&stamp)
    };
    let plain: Vec<Family<'_>> = families.iter().filter(|family| plain(family)).cloned().collect();
    if dialect != Dialect::OpenMetrics {
        let text = write_text(&plain, Escaping::AllowUtf8).expect("its moments are finite");
        let text = String::from_utf8(text).expect("text is UTF-8");
        let read = parse(&text, Dialect::StrictText).expect("what is written is strict");
        assert!(read.len() <= plain.len());
    } else {
        let text = write_openmetrics(&plain, Version::V1, Escaping::AllowUtf8).expect("it was written above");
        let text = String::from_utf8(text).expect("text is UTF-8");
        let read = parse(&text, Dialect::OpenMetrics).expect("what is written is strict");
        // NaN is not equal to itself.
        assert_eq!(format!("{read:?}"), format!("{plain:?}"));
    }
}

//! Any strings as names, help, labels and values: what is rendered reads back as the same strings, in every format.
#![no_main]

#[allow(dead_code, reason = "only the reader of lines is used")]
#[path = "../../core/tests/support/line.rs"]
mod line;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tykmetrics::{Escaping, Exposition, Format, Registry};

#[derive(Arbitrary, Debug)]
struct Input {
    name: String,
    help: String,
    unit: String,
    labels: Vec<(String, String)>,
    constant: Vec<(String, String)>,
    value: f64,
    empty_families: bool,
}

const ESCAPINGS: [Escaping; 4] = [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values];

fuzz_target!(|input: Input| {
    let registry = Registry::new();
    let names = input.labels.iter().map(|(name, _)| name.as_str());
    let mut builder = registry.gauge(&input.name, &input.help).unit(&input.unit);
    for (name, value) in &input.constant {
        builder = builder.const_label(name, value);
    }
    // What is refused is refused with a sentence.
    let family = match builder.label_names(names).register() {
        Ok(family) => family,
        Err(error) => return assert!(!error.message().is_empty()),
    };
    let values: Vec<&str> = input.labels.iter().map(|(_, value)| value.as_str()).collect();
    family.set(&values, input.value).expect("as many values as names");
    let name = family.name().to_owned();

    for format in Format::ALL {
        for escaping in ESCAPINGS {
            let exposition = Exposition { escaping, empty_families: input.empty_families, ..format.into() };
            let bytes = registry.render(exposition);
            match format {
                Format::Protobuf => delimited(&bytes),
                Format::ProtobufText | Format::ProtobufCompact => assert!(std::str::from_utf8(&bytes).is_ok()),
                Format::Json => json(&bytes, &name, &input),
                _ => text(std::str::from_utf8(&bytes).expect("text is UTF-8"), &name, &input, escaping),
            }
        }
    }
});

fn same(read: f64, value: f64) -> bool {
    read == value || (read.is_nan() && value.is_nan())
}

fn text(text: &str, name: &str, input: &Input, escaping: Escaping) {
    assert!(text.ends_with('\n'));
    // No line but one is a sample, whatever line feeds the strings have.
    let lines: Vec<&str> = text.split('\n').filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let [sample] = lines[..] else { panic!("{} samples in\n{text}", lines.len()) };
    let read = line::parse(sample);
    let given: Vec<&(String, String)> = input.labels.iter().chain(&input.constant).collect();
    assert_eq!(read.labels.len(), given.len(), "{sample}");
    for ((label, value), (given_label, given_value)) in read.labels.iter().zip(given) {
        assert_eq!(value, given_value);
        match escaping {
            Escaping::AllowUtf8 => assert_eq!(label, given_label),
            _ => assert!(classic(label), "{label:?}"),
        }
    }
    match escaping {
        Escaping::AllowUtf8 => assert_eq!(read.name, name),
        _ => assert!(classic(&read.name.replace(':', "_")), "{:?}", read.name),
    }
    assert!(same(read.rest.split(' ').next().and_then(|n| n.parse().ok()).expect("a number"), input.value));
}

fn classic(name: &str) -> bool {
    let letter = |c: char| c == '_' || c.is_ascii_alphabetic();
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

fn json(bytes: &[u8], name: &str, input: &Input) {
    let document: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
    let family = &document["families"][0];
    assert_eq!(family["name"], name);
    assert_eq!(family["help"], input.help.as_str());
    let series = &family["series"][0];
    for (label, value) in input.labels.iter().chain(&input.constant) {
        assert_eq!(series["labels"][label], value.as_str());
    }
    let value = &series["value"];
    let read = value.as_f64().or_else(|| value.as_str()?.parse().ok()).expect("a number");
    assert!(same(read, input.value), "{value} is not {}", input.value);
}

/// Each message stands behind its length, and nothing is left over.
fn delimited(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let (mut length, mut shift) = (0usize, 0);
        loop {
            let (byte, rest) = bytes.split_first().expect("a whole length");
            bytes = rest;
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        bytes = bytes.get(length..).expect("a whole message");
    }
}

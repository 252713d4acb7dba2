//! Any bytes as `Accept` and `Accept-Encoding`: there is always an answer, and it renders and says what it is.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tykmetrics::{Encoding, Format, Registry, negotiate};

/// A part of a header: a word that means something, or anything at all.
#[derive(Arbitrary, Debug)]
enum Part<'a> {
    Word(u8),
    Raw(&'a [u8]),
}

const WORDS: [&str; 22] = [
    "text/plain",
    "application/openmetrics-text",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=",
    "application/json",
    "delimited",
    "compact-text",
    "text",
    ";version=0.0.1",
    ";version=0.0.4",
    ";version=1.0.0",
    ";version=2.0.0",
    ";escaping=",
    "allow-utf-8",
    "dots",
    "values",
    "underscores",
    ";q=0.5",
    ";q=",
    ",",
    "gzip",
    "zstd",
    "identity",
];

fn header(parts: &[Part<'_>]) -> String {
    let text = |part: &Part<'_>| match part {
        Part::Word(at) => WORDS[usize::from(*at) % WORDS.len()].to_owned(),
        Part::Raw(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    };
    parts.iter().map(text).collect()
}

fuzz_target!(|input: (Vec<Part<'_>>, Vec<Part<'_>>)| {
    let (accept, accept_encoding) = (header(&input.0), header(&input.1));
    let exposition = negotiate(&accept);
    let content_type = exposition.content_type();
    // What we say, we understand: a client that asks for the very type it got gets it again.
    if exposition.format != Format::Text {
        assert_eq!(negotiate(&content_type), exposition, "{accept:?} gave {content_type:?}");
    }
    let encoding = Encoding::negotiate(&accept_encoding);
    assert!(encoding.is_available());
    let registry = Registry::new();
    if let Ok(counter) = registry.counter("requests_total", "Requests.").register() {
        counter.inc();
    }
    let bytes = registry.render(exposition);
    assert!(!bytes.is_empty());
});

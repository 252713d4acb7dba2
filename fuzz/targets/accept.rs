//! Any bytes as `Accept` and `Accept-Encoding`: there is always an answer, and it renders and says what it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tykmetrics::{ContentEncoding, Format, Registry, negotiate};

fuzz_target!(|input: (&[u8], &[u8])| {
    let (accept, accept_encoding) = (String::from_utf8_lossy(input.0), String::from_utf8_lossy(input.1));
    let exposition = negotiate(&accept);
    let content_type = exposition.content_type();
    // What we say, we understand: a client that asks for the very type it got gets it again.
    if exposition.format != Format::Text {
        assert_eq!(negotiate(&content_type), exposition, "{accept:?} gave {content_type:?}");
    }
    let encoding = ContentEncoding::negotiate(&accept_encoding);
    assert!(encoding.is_available());
    let registry = Registry::new();
    if let Ok(counter) = registry.counter("requests_total", "Requests.").register() {
        counter.inc();
    }
    let bytes = registry.render(exposition);
    assert!(!bytes.is_empty());
});

//! Label values with and without secrets: what was cleaned is clean, and a series is found by what it was asked for first.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;
use tykmetrics::{Hygiene, Registry};

fuzz_target!(|value: &str| {
    static ALL: OnceLock<Hygiene> = OnceLock::new();
    let hygiene = ALL.get_or_init(|| Hygiene::options().build().expect("our own rules"));
    let clean = hygiene.clean(value).into_owned();
    assert_eq!(hygiene.clean(&clean), clean, "{value:?}");

    let registry = Registry::new();
    registry.set_hygiene(Some(hygiene.clone()));
    let seen = registry.counter("seen_total", "").label_names(["value"]).register().expect("a plain name");
    seen.inc(&[value]).expect("one value");
    seen.with(&[value]).expect("one value").inc();
    seen.inc(&[&clean]).expect("one value");
    assert_eq!(registry.snapshot().value("seen_total", &[("value", &clean)]), Some(3.0));
    assert!(seen.remove(&[value]).expect("one value") && seen.is_empty());
});

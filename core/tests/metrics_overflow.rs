//! A metric of the facade has one overflow series, however many label sets it is used with.
#![cfg(feature = "metrics")]

use tykmetrics::{Format, Registry};

#[test]
fn one_overflow_series_per_metric() {
    let r = Registry::new();
    let rec = tykmetrics::facade::Recorder::builder(&r).limit(1).build().unwrap();
    metrics::with_local_recorder(&rec, || {
        metrics::counter!("hits", "a" => "1").increment(1);
        metrics::counter!("hits", "a" => "2").increment(1);
        metrics::counter!("hits", "b" => "1").increment(1);
        metrics::counter!("hits", "b" => "2").increment(1);
    });
    let text = String::from_utf8(r.render(Format::Text)).unwrap();
    assert!(text.matches("hits{otel_metric_overflow").count() <= 1, "{text}");
}

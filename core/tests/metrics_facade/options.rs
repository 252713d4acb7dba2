//! What the recorder is told: buckets, limits, expiry, the registry's rules.

use super::*;

#[test]
fn each_matcher_gives_its_own_buckets() {
    let registry = Registry::new();
    let recorder = Recorder::builder(&registry)
        .buckets([1.0])
        .buckets_for(Matcher::Suffix("_seconds".into()), [0.5, 2.0])
        .buckets_for(Matcher::Full("wait_seconds".into()), [0.1, 0.2, 0.3])
        .build()
        .expect("built");
    with_local_recorder(&recorder, || {
        for name in ["rows", "db_seconds", "wait_seconds"] {
            histogram!(name).record(0.25);
            histogram!(name, "more" => "labels").record(0.25);
        }
    });
    let snapshot = registry.snapshot();
    for (name, bounds) in [("rows", &[1.0][..]), ("db_seconds", &[0.5, 2.0]), ("wait_seconds", &[0.1, 0.2, 0.3])] {
        let family = snapshot.family(name).unwrap_or_else(|| panic!("no family {name}"));
        assert_eq!(family.meta.shape.as_ref().map(|shape| shape.bounds().to_vec()), Some(bounds.to_vec()), "{name}");
        assert_eq!(family.len(), 2);
    }
}

#[test]
fn an_option_that_is_not_one_is_refused() {
    let registry = Registry::new();
    let error = Recorder::builder(&registry).buckets([2.0, 1.0]).build().err();
    assert_eq!(error.map(|e| e.code()), Some(ErrorCode::InvalidBuckets));
    let error = Recorder::builder(&registry).buckets_for(Matcher::Prefix("x".into()), []).build().err();
    assert_eq!(error.map(|e| e.code()), Some(ErrorCode::InvalidBuckets));
    let error = Recorder::builder(&registry).limit(0).build().err();
    assert_eq!(error.map(|e| e.code()), Some(ErrorCode::InvalidOption));
    let error = Recorder::builder(&registry).expire_after(Duration::ZERO).build().err();
    assert_eq!(error.map(|e| e.code()), Some(ErrorCode::InvalidOption));
    assert!(registry.snapshot().families.iter().all(|f| !f.meta.name.starts_with("tykmetrics_recorder")));
}

#[test]
fn beyond_the_limit_records_share_a_series_and_none_is_lost() {
    let registry = Registry::new();
    let recorder = Recorder::builder(&registry).limit(10).build().expect("built");
    with_local_recorder(&recorder, || {
        for user in 0..100 {
            counter!("logins_total", "user" => user.to_string()).increment(1);
        }
    });
    let snapshot = registry.snapshot();
    let family = snapshot.family("logins_total").expect("there");
    assert!(family.len() <= 11, "{} series", family.len());
    let total: f64 = family
        .series()
        .map(|s| match s.value() {
            Value::Counter { whole, part } => *whole as f64 + part,
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(total, 100.0);
    assert_eq!(number(&snapshot, "tykmetrics_recorder_overflow_total", &[]), 90.0);
}

#[test]
fn with_expiry_a_macro_still_finds_its_series() {
    let registry = Registry::new();
    let recorder = Recorder::builder(&registry).expire_after(Duration::from_secs(3600)).build().expect("built");
    with_local_recorder(&recorder, || {
        for _ in 0..3 {
            counter!("c_total", "a" => "b").increment(1);
        }
    });
    assert_eq!(number(&registry.snapshot(), "c_total", &[("a", "b")]), 3.0);
}

#[test]
fn the_rules_of_the_registry_hold_for_the_recorder() {
    let registry = Registry::options().names(NameRule::Legacy).const_label("zone", "eu").build();
    let recorder = Recorder::new(&registry).expect("built");
    with_local_recorder(&recorder, || {
        counter!("a.b").increment(1);
        counter!("a_b").increment(1);
        counter!("a_b", "of" => "another label set").increment(1);
        counter!("c", "zone" => "us").increment(1);
    });
    let snapshot = registry.snapshot();
    assert!(snapshot.family("a.b").is_none());
    let zone = snapshot.family("a_b").and_then(|f| f.series().next()).and_then(|s| s.label("zone"));
    assert_eq!(zone, Some("eu"));
    assert_eq!(snapshot.family("a_b").map(|f| f.len()), Some(2));
    assert_eq!((rejected(&snapshot, "name"), rejected(&snapshot, "label")), (1.0, 1.0));
}

#[test]
fn a_histogram_keeps_the_buckets_it_began_with() {
    let snapshot = recorded(|| {
        histogram!("payload").record(1.0);
        describe_histogram!("payload", Unit::Bytes, "Described too late to change the buckets.");
        histogram!("payload", "a" => "b").record(1.0);
        describe_histogram!("upload", Unit::Bytes, "Described in time.");
        histogram!("upload").record(1.0);
    });
    let bounds = |name: &str| {
        snapshot.family(name).and_then(|f| f.meta.shape.as_ref().map(|shape| Buckets::explicit(shape.bounds())))
    };
    for series in snapshot.family("payload").into_iter().flat_map(|f| f.series()) {
        let Value::Histogram(seen) = series.value() else { panic!("payload is no histogram") };
        assert_eq!(
            seen.shape().bounds(),
            snapshot.family("payload").and_then(|f| f.meta.shape.as_ref()).map_or(&[][..], |s| s.bounds())
        );
    }
    let explicit = |buckets: Buckets| buckets.bounds().ok().map(Buckets::explicit);
    assert_eq!(bounds("payload"), explicit(Buckets::seconds()));
    assert_eq!(bounds("upload"), explicit(Buckets::bytes()));
}

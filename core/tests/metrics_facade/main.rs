//! The recorder behind the real `metrics` macros.
#![cfg(feature = "metrics")]

mod options;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram, with_local_recorder,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tykmetrics::facade::{Matcher, Recorder};
use tykmetrics::merge::snapshot::{Kind, Snapshot, Value};
use tykmetrics::shape::Buckets;
use tykmetrics::{ErrorCode, NameRule, Registry};

fn recorded(run: impl FnOnce()) -> Snapshot {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry).expect("standard buckets are buckets");
    with_local_recorder(&recorder, run);
    registry.snapshot()
}

fn number(snapshot: &Snapshot, name: &str, labels: &[(&str, &str)]) -> f64 {
    let family = snapshot.family(name).unwrap_or_else(|| panic!("no family {name}"));
    let series = family.series().find(|series| {
        series.names().len() == labels.len() && labels.iter().all(|(name, value)| series.label(name) == Some(value))
    });
    match series.unwrap_or_else(|| panic!("no series {labels:?} of {name}")).value() {
        Value::Counter { whole, part } => *whole as f64 + part,
        Value::Gauge(value) => *value,
        other => panic!("{name} is {other:?}"),
    }
}

fn rejected(snapshot: &Snapshot, reason: &str) -> f64 {
    number(snapshot, "tykmetrics_recorder_rejected_total", &[("reason", reason)])
}

#[test]
fn macros_record_into_the_registry() {
    let snapshot = recorded(|| {
        counter!("requests_total", "method" => "GET").increment(2);
        counter!("requests_total", "method" => "GET").increment(3);
        gauge!("queue_length").set(5.0);
        gauge!("queue_length").increment(2.5);
        gauge!("queue_length").decrement(1);
        histogram!("latency_seconds").record(0.25);
        histogram!("latency_seconds").record(Duration::from_millis(750));
    });
    assert_eq!(number(&snapshot, "requests_total", &[("method", "GET")]), 5.0);
    assert_eq!(number(&snapshot, "queue_length", &[]), 6.5);
    let Some(Value::Histogram(seen)) =
        snapshot.family("latency_seconds").and_then(|f| f.series().next()).map(|s| s.value())
    else {
        panic!("latency_seconds is no histogram")
    };
    assert_eq!((seen.count(), seen.sum()), (2, 1.0));
    let kinds: Vec<_> = snapshot.families.iter().map(|f| f.meta.kind).take(3).collect();
    assert_eq!(kinds, [Kind::Counter, Kind::Gauge, Kind::Histogram]);
}

#[test]
fn a_value_recorded_many_times_is_that_many_observations() {
    let snapshot = recorded(|| histogram!("size").record_many(2.0, 1000));
    let Some(Value::Histogram(seen)) = snapshot.family("size").and_then(|f| f.series().next()).map(|s| s.value())
    else {
        panic!("size is no histogram")
    };
    assert_eq!((seen.count(), seen.sum()), (1000, 2000.0));
}

#[test]
fn a_value_that_is_not_finite_is_counted_apart() {
    let snapshot = recorded(|| {
        for value in [f64::NAN, f64::INFINITY, 1.5] {
            histogram!("size").record(value);
        }
    });
    let Some(Value::Histogram(seen)) = snapshot.family("size").and_then(|f| f.series().next()).map(|s| s.value())
    else {
        panic!("size is no histogram")
    };
    assert_eq!((seen.count(), seen.sum()), (1, 1.5));
    assert_eq!(number(&snapshot, "tykmetrics_recorder_invalid_records_total", &[]), 2.0);
}

#[test]
fn names_stay_as_they_are() {
    let snapshot = recorded(|| counter!("http.server/requests é", "user.agent" => "x").increment(1));
    assert_eq!(number(&snapshot, "http.server/requests é", &[("user.agent", "x")]), 1.0);
}

#[test]
fn series_of_one_name_may_differ_in_their_labels() {
    let snapshot = recorded(|| {
        counter!("jobs_total", "queue" => "mail").increment(1);
        counter!("jobs_total").increment(2);
        counter!("jobs_total", "queue" => "mail", "priority" => "high").increment(4);
        counter!("jobs_total", "region" => "eu").increment(8);
        counter!("jobs_total", "queue" => "mail").increment(16);
    });
    assert_eq!(
        snapshot.families.iter().filter(|f| f.meta.name == "jobs_total").count(),
        1,
        "one family holds them all"
    );
    assert_eq!(snapshot.family("jobs_total").map(|f| f.len()), Some(4));
    assert_eq!(number(&snapshot, "jobs_total", &[("queue", "mail")]), 17.0);
    assert_eq!(number(&snapshot, "jobs_total", &[]), 2.0);
    assert_eq!(number(&snapshot, "jobs_total", &[("queue", "mail"), ("priority", "high")]), 4.0);
    assert_eq!(number(&snapshot, "jobs_total", &[("region", "eu")]), 8.0);
}

#[test]
fn the_order_of_labels_does_not_matter() {
    let snapshot = recorded(|| {
        counter!("c", "a" => "1", "b" => "2").increment(1);
        counter!("c", "b" => "2", "a" => "1").increment(10);
    });
    assert_eq!(number(&snapshot, "c", &[("a", "1"), ("b", "2")]), 11.0);
    assert_eq!(snapshot.family("c").map(|f| f.len()), Some(1));
}

#[test]
fn a_label_named_twice_has_its_last_value() {
    let snapshot = recorded(|| counter!("c", "a" => "1", "b" => "2", "a" => "3").increment(1));
    assert_eq!(number(&snapshot, "c", &[("a", "3"), ("b", "2")]), 1.0);
}

#[test]
fn a_description_may_come_before_or_after_and_the_first_stays() {
    let snapshot = recorded(|| {
        describe_counter!("early_bytes_total", Unit::Bytes, "Said before.");
        counter!("early_bytes_total").increment(1);
        gauge!("late").set(1);
        describe_gauge!("late", "Said after.");
        describe_gauge!("late", "Said again.");
        describe_histogram!("never_recorded", "Nothing to show.");
    });
    let meta = |name: &str| snapshot.family(name).map(|f| (f.meta.help.as_str(), f.meta.unit.as_str()));
    assert_eq!(meta("early_bytes_total"), Some(("Said before.", "bytes")));
    assert_eq!(meta("late"), Some(("Said after.", "")));
    assert_eq!(meta("never_recorded"), None);
}

#[test]
fn a_unit_that_the_name_does_not_end_with_is_not_shown() {
    let snapshot = recorded(|| {
        for name in ["latency", "seconds", "milliseconds", "wait_seconds"] {
            describe_histogram!(name, Unit::Seconds, "Time.");
            histogram!(name).record(1.0);
        }
        describe_counter!("things_count", Unit::Count, "Things.");
        counter!("things_count").increment(1);
    });
    let units: Vec<_> = snapshot.families.iter().map(|f| f.meta.unit.as_str()).take(5).collect();
    assert_eq!(units, ["", "", "", "seconds", ""]);
}

#[test]
fn absolute_means_at_least() {
    let snapshot = recorded(|| {
        counter!("ahead").absolute(10);
        counter!("ahead").absolute(4);
        counter!("ahead").increment(1);
        counter!("mixed").increment(5);
        counter!("mixed").absolute(3);
        counter!("mixed").absolute(8);
    });
    assert_eq!(number(&snapshot, "ahead", &[]), 11.0);
    assert_eq!(number(&snapshot, "mixed", &[]), 8.0);
}

#[test]
fn threads_that_raise_a_counter_together_raise_it_once() {
    const ROUNDS: u64 = 2000;
    let registry = Registry::new();
    let recorder = Recorder::new(&registry).expect("built");
    let arrived = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (arrived, recorder) = (&arrived, &recorder);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let of = round.to_string();
                    // Two spellings of one series, so two handles.
                    let odometer = with_local_recorder(recorder, || match thread {
                        0 => counter!("odometer", "a" => "1", "round" => of),
                        _ => counter!("odometer", "round" => of, "a" => "1"),
                    });
                    // A barrier that wakes nobody, so that both raise at the same moment.
                    arrived.fetch_add(1, Ordering::Relaxed);
                    for turn in 0_u32.. {
                        if arrived.load(Ordering::Relaxed) >= (round + 1) * 2 {
                            break;
                        }
                        match turn % 10_000 {
                            9_999 => std::thread::yield_now(),
                            _ => std::hint::spin_loop(),
                        }
                    }
                    odometer.absolute(10);
                }
            });
        }
    });
    let snapshot = registry.snapshot();
    for round in 0..ROUNDS {
        assert_eq!(number(&snapshot, "odometer", &[("a", "1"), ("round", &round.to_string())]), 10.0, "round {round}");
    }
}

#[test]
fn threads_that_record_together_lose_nothing() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry).expect("built");
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let recorder = &recorder;
            scope.spawn(move || {
                with_local_recorder(recorder, || {
                    for n in 0..2000_u64 {
                        counter!("trips_total", "thread" => (thread % 2).to_string()).increment(n % 3);
                        gauge!("load").increment(1);
                        histogram!("cost").record(1.0);
                    }
                });
            });
        }
    });
    let snapshot = registry.snapshot();
    let each: u64 = (0..2000).map(|n| n % 3).sum();
    for thread in ["0", "1"] {
        assert_eq!(number(&snapshot, "trips_total", &[("thread", thread)]), (2 * each) as f64);
    }
    assert_eq!(number(&snapshot, "load", &[]), 8000.0);
    let Some(Value::Histogram(seen)) = snapshot.family("cost").and_then(|f| f.series().next()).map(|s| s.value())
    else {
        panic!("cost is no histogram")
    };
    assert_eq!((seen.count(), seen.sum()), (8000, 8000.0));
}

#[test]
fn the_first_kind_of_a_name_stays() {
    let snapshot = recorded(|| {
        counter!("x").increment(1);
        gauge!("x").set(7);
        histogram!("x", "a" => "b").record(7.0);
    });
    assert_eq!(number(&snapshot, "x", &[]), 1.0);
    assert_eq!(snapshot.family("x").map(|f| f.len()), Some(1));
    assert_eq!(rejected(&snapshot, "conflict"), 2.0);
}

#[test]
fn what_cannot_be_registered_is_counted_and_does_nothing() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry).expect("built");
    with_local_recorder(&recorder, || {
        counter!("").increment(1);
        histogram!("h", "le" => "1").record(1.0);
        counter!("c", "" => "1").increment(1);
        counter!("fine").increment(1);
    });
    let snapshot = registry.snapshot();
    assert_eq!(
        (rejected(&snapshot, "name"), rejected(&snapshot, "label"), rejected(&snapshot, "conflict")),
        (1.0, 2.0, 0.0)
    );
    assert_eq!(recorder.rejected(), 3);
    assert_eq!(number(&snapshot, "fine", &[]), 1.0);
    assert!(snapshot.family("h").is_none_or(|f| f.is_empty()) && snapshot.family("c").is_none_or(|f| f.is_empty()));
}

#[test]
fn a_family_of_the_registry_wins() {
    let registry = Registry::new();
    registry.counter("mine_total", "Ours.").register().expect("registered").add(5);
    registry.histogram("wait", "Ours.").register().expect("registered");
    let recorder = Recorder::new(&registry).expect("built");
    with_local_recorder(&recorder, || {
        counter!("mine_total", "a" => "b").increment(1);
        gauge!("wait_count").set(1);
        gauge!("free").set(1);
    });
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.families.iter().filter(|f| f.meta.name == "mine_total").count(), 1);
    assert_eq!(number(&snapshot, "mine_total", &[]), 5.0);
    assert_eq!(number(&snapshot, "tykmetrics_recorder_shadowed_families", &[]), 2.0);
    assert!(snapshot.family("wait_count").is_none(), "the histogram prints a sample of that name");
    assert_eq!(number(&snapshot, "free", &[]), 1.0);
}

#[test]
fn a_handle_that_is_kept_outlives_the_recorder() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry).expect("built");
    let kept = with_local_recorder(&recorder, || counter!("kept_total"));
    drop(recorder);
    kept.increment(3);
    assert_eq!(number(&registry.snapshot(), "kept_total", &[]), 3.0);
}

#[test]
fn a_process_has_one_global_recorder() {
    let (first, second) = (Registry::new(), Registry::new());
    Recorder::install(&first).expect("nothing else in this program installs one");
    counter!("global_total").increment(1);
    assert_eq!(number(&first.snapshot(), "global_total", &[]), 1.0);
    let error = Recorder::install(&second).err();
    assert_eq!(error.map(|e| e.code()), Some(ErrorCode::Conflict));
    assert!(second.snapshot().family("tykmetrics_recorder_rejected_total").is_none(), "the second is left as it was");
}

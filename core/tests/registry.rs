//! Registering, removing, limits and errors.

use std::time::Duration;
use tykmetrics::snapshot::Value;
use tykmetrics::{Buckets, ErrorCode, Family, Histogram, NameRule, Registry};

/// The sum over a family's series, the overflow series too.
fn total(registry: &Registry, name: &str) -> f64 {
    let snapshot = registry.snapshot();
    snapshot.family(name).map_or(0.0, |family| family.series().filter_map(|s| s.value().as_f64()).sum())
}

fn series(registry: &Registry, name: &str) -> usize {
    registry.snapshot().family(name).map_or(0, |family| family.len())
}

#[test]
fn registering_twice_the_same_way_is_the_same_metric() {
    let registry = Registry::new();
    let first = registry.counter("jobs_total", "Jobs").register().expect("registered");
    let second = registry.counter("jobs_total", "other help").register().expect("the same");
    first.inc();
    second.inc();
    assert_eq!(first.value(), 2.0);
    let family: Family<Histogram, 1> = registry.histogram("h", "").labels(["a"]).register().expect("registered");
    let again = registry.histogram("h", "").label_names(["a"]).register().expect("the same, however it is typed");
    family.observe(["x"], 1.0);
    again.observe(&["x"], 1.0).expect("one label");
    assert_eq!(family.with(["x"]).distribution().count(), 2);
    assert_eq!(registry.snapshot().families.len(), 2);
}

#[test]
fn a_real_conflict_is_an_error_that_says_what_and_changes_nothing() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "Jobs").labels(["queue"]).register().expect("registered");
    jobs.inc(["mail"]);
    registry.histogram("latency_seconds", "").register().expect("registered");
    let before = registry.snapshot();
    let refused = [
        (registry.gauge("jobs_total", "").register().map(drop), "exists as a counter, not a gauge"),
        (registry.counter("jobs_total", "").register().map(drop), "exists with the labels [\"queue\"], not []"),
        (registry.counter("jobs_total", "").labels(["q"]).register().map(drop), "[\"queue\"], not [\"q\"]"),
        (
            registry.counter("jobs_total", "").const_label("a", "b").labels(["queue"]).register().map(drop),
            "constant labels",
        ),
        (
            registry.histogram("latency_seconds", "").compact().register().map(drop),
            "it exists with the Hdr store, not the Compact store",
        ),
        (registry.histogram("latency_seconds", "").buckets([1.0]).register().map(drop), "not [1.0]"),
        (registry.counter("latency_seconds_count", "").register().map(drop), "\"latency_seconds\" already prints"),
        (registry.gauge("jobs_created", "").register().map(drop), "\"jobs_total\" already prints \"jobs_created\""),
        (registry.up_down("x", "").register().and_then(|_| registry.gauge("x", "").register()).map(drop), "exists"),
    ];
    for (result, says) in refused {
        let error = result.expect_err(says);
        assert_eq!(error.code(), ErrorCode::Conflict, "{error}");
        assert!(error.message().contains(says), "{error} does not say {says:?}");
    }
    registry.unregister("x");
    let after = registry.snapshot();
    assert_eq!(before.families, after.families);
}

#[test]
fn bad_names_labels_and_options_are_errors_that_name_them() {
    let registry = Registry::new();
    let legacy = Registry::options().names(NameRule::Legacy).build();
    type Case = (tykmetrics::Result<()>, ErrorCode, &'static str);
    let cases: Vec<Case> = vec![
        (registry.counter("", "").register().map(drop), ErrorCode::InvalidName, "it is empty"),
        (legacy.counter("a.b", "").register().map(drop), ErrorCode::InvalidName, "\"a.b\""),
        (registry.gauge("g", "").labels(["a", "a"]).register().map(drop), ErrorCode::InvalidLabel, "there twice"),
        (
            registry.gauge("g", "").labels(["__a"]).register().map(drop),
            ErrorCode::InvalidLabel,
            "\"__a\" of metric \"g\"",
        ),
        (registry.histogram("h", "").labels(["le"]).register().map(drop), ErrorCode::InvalidLabel, "\"le\""),
        (registry.summary("s", "").labels(["quantile"]).register().map(drop), ErrorCode::InvalidLabel, "\"quantile\""),
        (
            registry.gauge("g", "").const_label("a", "1").labels(["a"]).register().map(drop),
            ErrorCode::InvalidLabel,
            "there twice",
        ),
        (registry.histogram("h", "").buckets([2.0, 1.0]).register().map(drop), ErrorCode::InvalidBuckets, "\"h\""),
        (registry.histogram("h", "").buckets([1.0, 1.0]).register().map(drop), ErrorCode::InvalidBuckets, "1"),
        (registry.histogram("h", "").buckets([f64::NAN]).register().map(drop), ErrorCode::InvalidBuckets, "NaN"),
        (
            registry.histogram("h", "").buckets(Buckets::exponential(1.0, 1.0, 3)).register().map(drop),
            ErrorCode::InvalidBuckets,
            "\"h\"",
        ),
        (registry.histogram("h", "").native(9).register().map(drop), ErrorCode::InvalidOption, "9"),
        (registry.summary("s", "").quantiles([1.5]).register().map(drop), ErrorCode::InvalidOption, "1.5"),
        (registry.counter("c", "").limit(0).register().map(drop), ErrorCode::InvalidOption, "limit"),
        (registry.state_set("s", "", ["a", "a"]).register().map(drop), ErrorCode::InvalidOption, "\"a\""),
        (registry.state_set("s", "", Vec::<String>::new()).register().map(drop), ErrorCode::InvalidOption, "1 to 64"),
    ];
    for (result, code, says) in cases {
        let error = result.expect_err(says);
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(says), "{error} does not say {says:?}");
    }
    assert!(registry.snapshot().families.is_empty());
}

#[test]
fn negative_bounds_choose_the_compact_store() {
    let registry = Registry::new();
    let delta = registry.histogram("delta", "").buckets([-1.0, 0.0, 1.0]).register().expect("registered");
    for v in [-2.0, -1.0, -0.5, 0.0, 0.5, 5.0] {
        delta.observe(v);
    }
    let seen = delta.distribution();
    assert_eq!(seen.cumulative().collect::<Vec<_>>(), [(-1.0, 2), (0.0, 4), (1.0, 5)]);
    assert_eq!((seen.count(), seen.sum()), (6, 2.0));
}

#[test]
fn what_cannot_be_counted_is_counted_apart() {
    let registry = Registry::new();
    registry.register_collector(tykmetrics::EngineCollector::new(&registry));
    let jobs = registry.counter("jobs_total", "").register().expect("registered");
    let wait = registry.histogram("wait_seconds", "").register().expect("registered");
    let waits = registry.histogram("waits_seconds", "").labels(["a"]).compact().register().expect("registered");
    for v in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        jobs.add_f64(v);
        wait.observe(v);
        waits.observe(["x"], v);
    }
    jobs.add_f64(-1.0);
    jobs.add_f64(2.5);
    wait.observe(0.5);
    assert_eq!(jobs.value(), 2.5);
    assert_eq!((wait.distribution().count(), wait.distribution().sum()), (1, 0.5));
    let snapshot = registry.snapshot();
    let invalid = snapshot.family("tykmetrics_invalid_records_total").expect("the family");
    let of = |name| invalid.find(&[("family", name)]).and_then(|s| s.value().as_f64());
    assert_eq!((of("jobs_total"), of("wait_seconds"), of("waits_seconds")), (Some(4.0), Some(3.0), Some(3.0)));
}

#[test]
fn beyond_its_limit_a_family_counts_in_its_overflow_series() {
    let registry = Registry::new();
    let hits = registry.counter("hits_total", "").labels(["user"]).limit(3).register().expect("registered");
    for user in 0..10 {
        hits.inc([&format!("u{user}")]);
        hits.with([&format!("u{user}")]).inc();
    }
    assert_eq!(hits.len(), 3);
    let snapshot = registry.snapshot();
    let family = snapshot.family("hits_total").expect("the family");
    assert_eq!(family.len(), 4);
    let overflow = family.find(&[("otel_metric_overflow", "true")]).expect("the overflow series");
    assert_eq!(overflow.value().as_f64(), Some(14.0));
    assert_eq!(overflow.label("user"), None);
    assert_eq!(total(&registry, "hits_total"), 20.0);
    // Room that a removal makes is used again.
    assert!(hits.remove(["u0"]));
    hits.inc(["u9"]);
    assert_eq!(hits.get(["u9"]).map(|c| c.value()), Some(1.0));
}

#[test]
fn a_registry_has_a_limit_over_all_its_families() {
    let registry = Registry::options().series_limit(5).build();
    let a = registry.counter("a_total", "").labels(["x"]).register().expect("registered");
    let b = registry.gauge("b", "").labels(["x"]).register().expect("registered");
    for x in 0..4 {
        a.inc([&x.to_string()]);
        b.set([&x.to_string()], 1.0);
    }
    assert_eq!((a.len(), b.len(), registry.series()), (3, 2, 5));
    assert_eq!(total(&registry, "a_total"), 4.0);
    b.clear();
    a.inc(["9"]);
    assert_eq!((a.len(), b.len()), (4, 0));
}

#[test]
fn a_removed_series_is_gone_and_its_old_handle_does_not_reach_the_new_one() {
    let registry = Registry::new();
    let hits = registry.counter("hits_total", "").labels(["user"]).register().expect("registered");
    let old = hits.with(["a"]);
    old.add(5);
    hits.inc(["a"]); // remembered by this thread's cache
    assert!(hits.remove(["a"]));
    assert!(!hits.remove(["a"]), "it is gone");
    assert_eq!(series(&registry, "hits_total"), 0);
    hits.inc(["a"]);
    old.add(100);
    assert_eq!(hits.with(["a"]).value(), 1.0, "the new series began from zero, past the old handle and the cache");
    // However many series come, none gets the cell that the old handle writes.
    for user in 0..1000 {
        hits.inc([&format!("u{user}")]);
        old.add(1);
        registry.upkeep();
    }
    assert_eq!(total(&registry, "hits_total"), 1001.0);
    drop(old);
}

#[test]
fn clear_removes_every_series_the_overflow_too() {
    let registry = Registry::new();
    let hits = registry.counter("hits_total", "").labels(["user"]).limit(2).register().expect("registered");
    for user in ["a", "b", "c"] {
        hits.inc([user]);
    }
    assert_eq!(series(&registry, "hits_total"), 3);
    hits.clear();
    assert_eq!((series(&registry, "hits_total"), hits.len(), registry.series()), (0, 0, 0));
    hits.inc(["a"]);
    assert_eq!(total(&registry, "hits_total"), 1.0);
}

#[test]
fn an_idle_series_expires_and_comes_back_as_a_new_one() {
    let registry = Registry::new();
    let idle = Duration::from_millis(600);
    let hits = registry.counter("hits_total", "").labels(["user"]).expire_after(idle).register().expect("registered");
    let held = hits.with(["held"]);
    held.inc();
    hits.inc(["busy"]);
    hits.inc(["idle"]);
    registry.upkeep();
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(200));
        hits.inc(["busy"]);
        registry.upkeep();
    }
    let left: Vec<String> = {
        let snapshot = registry.snapshot();
        let family = snapshot.family("hits_total").expect("the family");
        family.series().filter_map(|s| s.label("user").map(str::to_owned)).collect()
    };
    assert_eq!(left, ["held", "busy"], "what is held or busy stays");
    hits.inc(["idle"]);
    assert_eq!(hits.with(["idle"]).value(), 1.0, "it began again");
}

#[test]
fn expiry_loses_no_record_and_counts_none_twice_however_it_falls() {
    const LABELS: usize = 8;
    const ADDS: u32 = 24;
    let registry = Registry::new();
    let idle = Duration::from_millis(2);
    let hits = registry.counter("hits_total", "").labels(["user"]).expire_after(idle).register().expect("registered");
    let stop = std::sync::atomic::AtomicBool::new(false);
    let users: Vec<String> = (0..LABELS).map(|user| user.to_string()).collect();
    // What scrapes saw of each label: the bits of the series that is there, and those of series that expired.
    let mut seen = vec![(0u64, 0u64); LABELS];
    std::thread::scope(|scope| {
        // Idle for about as long as it takes to expire, so that adds fall before, into and after it. Every add is a bit
        // of its own, so a lost one is a hole and one that counts twice is seen in two series, or carries.
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (hits, users) = (&hits, &users);
                scope.spawn(move || {
                    for i in 0..ADDS {
                        for (at, user) in users.iter().enumerate() {
                            hits.add([user], 1 << (2 * i + writer));
                            let pause = u64::from(i * 7 + at as u32 * 13 + writer * 5) % 9;
                            std::thread::sleep(Duration::from_micros(pause * 80));
                        }
                    }
                })
            })
            .collect();
        let watcher = scope.spawn(|| {
            let mut seen = vec![(0u64, 0u64); LABELS];
            loop {
                let ending = stop.load(std::sync::atomic::Ordering::Acquire);
                let snapshot = registry.snapshot();
                let family = snapshot.family("hits_total").expect("the family");
                for (user, (last, gone)) in users.iter().zip(&mut seen) {
                    let value = family.find(&[("user", user)]).and_then(|s| s.value().as_f64());
                    let now = value.unwrap_or(0.0) as u64;
                    // Something it had is missing: that series expired, and this is another one.
                    if now & *last != *last {
                        *gone |= *last;
                    }
                    assert_eq!(now & *gone, 0, "label {user}: counted in two series");
                    *last = now;
                }
                if ending {
                    return seen;
                }
            }
        });
        writers.into_iter().for_each(|writer| writer.join().expect("no panic"));
        stop.store(true, std::sync::atomic::Ordering::Release);
        seen = watcher.join().expect("no panic");
    });
    let all = (1u64 << (2 * ADDS)) - 1;
    let counted: Vec<u64> = seen.iter().map(|(last, gone)| last | gone).collect();
    assert_eq!(counted, [all; LABELS], "a record is missing");
    assert!(seen.iter().any(|(_, gone)| *gone > 0), "nothing expired: the test shows nothing");
}

#[test]
fn a_hot_shared_series_becomes_private_and_old_handles_still_count() {
    let registry = Registry::new();
    let hits = registry.counter("hits_total", "").labels(["user"]).private_series(1).register().expect("registered");
    hits.inc(["first"]);
    let old = hits.with(["hot"]);
    let before = old.cell();
    (0..100_000).for_each(|_| old.inc());
    registry.upkeep();
    let new = hits.with(["hot"]);
    assert_ne!(new.cell(), before, "it has a cell in every slab");
    new.add(5);
    old.add(6);
    hits.add(["hot"], 7);
    assert_eq!(new.value(), 100_018.0);
    assert_eq!(total(&registry, "hits_total"), 100_019.0);
}

#[test]
fn callbacks_are_asked_at_scrape_and_a_panic_in_one_is_survived() {
    let registry = Registry::new();
    registry.gauge("answer", "").register().expect("registered").callback(|| 42.0);
    registry.counter("ticks_total", "").register().expect("registered").callback(|| 7.5);
    let broken = registry.gauge("broken", "").register().expect("registered");
    broken.set(3.0);
    broken.callback(|| panic!("a bug of the host's"));
    let inner = registry.clone();
    let nested = registry.gauge("nested", "").register().expect("registered");
    // A callback may use the registry it belongs to.
    nested.callback(move || inner.counter("made_by_callback_total", "").register().map_or(-1.0, |c| c.value()));
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let values: Vec<f64> =
        ["answer", "ticks_total", "broken", "nested"].iter().map(|name| total(&registry, name)).collect();
    std::panic::set_hook(hook);
    assert_eq!(values, [42.0, 7.5, 3.0, 0.0]);
}

#[test]
fn a_collector_that_panics_or_repeats_a_name_is_left_out() {
    struct Bad(bool);
    impl tykmetrics::Collector for Bad {
        fn collect(&self, into: &mut tykmetrics::snapshot::Snapshot) {
            assert!(!self.0, "a bug of the host's");
            let meta = tykmetrics::snapshot::Meta { name: "taken".into(), ..Default::default() };
            let mut family = tykmetrics::snapshot::Family::new(meta);
            family.push(&[], Value::Gauge(1.0));
            into.families.push(family);
        }
    }
    let registry = Registry::new();
    registry.gauge("taken", "").register().expect("registered").set(5.0);
    registry.register_collector(Bad(true));
    registry.register_collector(Bad(false));
    registry.register_collector(tykmetrics::EngineCollector::new(&registry));
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    drop(registry.snapshot());
    let taken = total(&registry, "taken");
    std::panic::set_hook(hook);
    assert_eq!(taken, 5.0);
    assert!(total(&registry, "tykmetrics_scrape_failures_total") >= 2.0);
}

#[test]
fn an_unregistered_family_is_gone_and_its_name_free() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "").register().expect("registered");
    assert!(registry.unregister("jobs_total"));
    assert!(!registry.unregister("jobs_total"));
    jobs.inc();
    let gauge = registry.gauge("jobs_total", "").register().expect("the name is free");
    gauge.set(2.0);
    assert_eq!(total(&registry, "jobs_total"), 2.0);
}

#[test]
fn scoped_registries_do_not_see_each_other_and_give_everything_back() {
    let keep = Registry::new();
    let witness = keep.counter("hits_total", "").labels(["user"]).register().expect("registered");
    witness.inc(["a"]);
    for _ in 0..200 {
        let registry = Registry::new();
        let hits = registry.counter("hits_total", "").labels(["user"]).register().expect("registered");
        for user in 0..100 {
            assert_eq!(hits.with([&user.to_string()]).value(), 0.0, "cells come back as zero");
            hits.inc([&user.to_string()]);
        }
        let wait = registry.histogram("wait_seconds", "").register().expect("registered");
        assert_eq!(wait.distribution().count(), 0);
        wait.observe(1.0);
    }
    assert_eq!(total(&keep, "hits_total"), 1.0);
}

#[test]
fn a_wrong_number_of_labels_is_an_error_that_names_them() {
    let registry = Registry::new();
    let hits = registry.counter("hits_total", "").label_names(["a", "b"]).register().expect("registered");
    for result in [hits.with(&["x"]).map(drop), hits.inc(&["x", "y", "z"]), hits.remove(&[]).map(drop)] {
        let error = result.expect_err("refused");
        assert_eq!(error.code(), ErrorCode::LabelCount);
        assert!(error.message().contains("\"hits_total\" has 2 labels (a, b)"), "{error}");
    }
    assert!(hits.is_empty());
}

#[test]
fn state_sets_and_infos_say_what_they_hold() {
    let registry = Registry::new();
    let mode = registry.state_set("mode", "", ["starting", "serving", "draining"]).register().expect("registered");
    mode.enter("starting").expect("a state");
    mode.set("draining", true).expect("a state");
    assert!(mode.holds("starting") && mode.holds("draining") && !mode.holds("serving"));
    mode.enter("serving").expect("a state");
    assert_eq!(mode.enter("sleeping").expect_err("no state").code(), ErrorCode::NotFound);
    let build = registry.info("build", "").const_label("region", "eu").register().expect("registered");
    build.set(&[("version", "1.2.3")]).expect("set");
    assert!(build.set(&[("region", "us")]).is_err());
    let snapshot = registry.snapshot();
    let value = |name| snapshot.family(name).and_then(|f| f.series().next()).map(|s| s.value().clone());
    assert_eq!(value("mode"), Some(Value::StateSet(vec![false, true, false])));
    assert_eq!(value("build"), Some(Value::Info(vec![("version".into(), "1.2.3".into())])));
}

#[test]
fn gauges_move_every_way() {
    let registry = Registry::new();
    let gauge = registry.gauge("g", "").register().expect("registered");
    gauge.set(5.0);
    gauge.inc();
    gauge.dec();
    gauge.add(2.5);
    gauge.sub(0.5);
    assert_eq!(gauge.value(), 7.0);
    gauge.set_max(3.0);
    gauge.set_min(6.0);
    assert_eq!(gauge.value(), 6.0);
    gauge.set_max(9.0);
    assert_eq!(gauge.value(), 9.0);
    gauge.set_to_current_time();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs_f64();
    assert!((gauge.value() - now).abs() < 5.0);
    std::thread::scope(|scope| {
        gauge.set(0.0);
        for _ in 0..4 {
            scope.spawn(|| (0..10_000).for_each(|_| gauge.inc()));
        }
    });
    assert_eq!(gauge.value(), 40_000.0);
}

#[test]
fn exemplars_stay_with_their_bucket_and_bad_ones_are_refused() {
    let registry = Registry::new();
    let wait = registry.histogram("wait_seconds", "").buckets([0.1, 1.0]).register().expect("registered");
    for (v, trace) in [(0.05, "a"), (0.5, "b"), (0.6, "c"), (5.0, "d")] {
        wait.observe_with_exemplar(v, &[("trace_id", trace)]).expect("kept");
    }
    let long = "x".repeat(128);
    let error = wait.observe_with_exemplar(0.5, &[("trace_id", &long)]).expect_err("too long");
    assert_eq!(error.code(), ErrorCode::InvalidExemplar);
    assert_eq!(wait.distribution().count(), 5, "the record is made all the same");
    let snapshot = registry.snapshot();
    let series = snapshot.family("wait_seconds").and_then(|f| f.series().next()).expect("the series");
    let kept: Vec<_> = series.exemplars().iter().map(|e| (e.value, e.labels[0].1.as_str())).collect();
    assert_eq!(kept, [(0.05, "a"), (0.6, "c"), (5.0, "d")]);
    assert!(series.exemplars().iter().all(|e| e.at_ms > 1_600_000_000_000));
}

#[test]
fn names_are_put_together_and_end_in_their_unit() {
    let registry = Registry::options().const_label("region", "eu").build();
    let builder = registry.histogram("request_duration", "").namespace("tyk").subsystem("gateway").unit("seconds");
    builder.labels(["api"]).register().expect("registered").observe(["a"], 0.1);
    let snapshot = registry.snapshot();
    let family = snapshot.family("tyk_gateway_request_duration_seconds").expect("the full name");
    assert_eq!(family.series().next().and_then(|s| s.label("region")), Some("eu"));
}

#[test]
fn long_and_many_labels_are_found_again() {
    let registry = Registry::new();
    let hits = registry.counter("hits_total", "").labels(["a", "b", "c"]).register().expect("registered");
    let wide = registry.counter("wide_total", "").label_names((0..12).map(|n| format!("l{n}"))).register();
    let wide = wide.expect("registered");
    let lengths = [0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 48, 49, 255, 256, 70_000];
    let texts: Vec<String> = lengths.iter().map(|n| "x".repeat(*n)).collect();
    for round in 1..=3u32 {
        for text in &texts {
            hits.inc([text, "", "y"]);
            hits.inc(["", text, "z"]);
            let labels: Vec<&str> = (0..12).map(|n| if n == 5 { text.as_str() } else { "v" }).collect();
            wide.inc(&labels).expect("twelve labels");
            assert_eq!(hits.with([text, "", "y"]).value(), f64::from(round), "{} bytes", text.len());
            assert_eq!(wide.with(&labels).map(|c| c.value()), Ok(f64::from(round)), "{} bytes", text.len());
        }
    }
    assert_eq!((hits.len(), wide.len()), (2 * texts.len(), texts.len()));
    // Beyond 64 KiB values are cut, for lookups as for what is kept.
    assert!(hits.remove([&"x".repeat(70_001), "", "y"]), "cut to the same text");
    assert!(!hits.remove([&texts[16], "", "y"]));
}

#[test]
fn a_callback_stands_beside_what_was_counted() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "").labels(["n"]).private_series(1).register().expect("registered");
    for (label, n) in [("private", 3), ("shared", 5)] {
        let counter = jobs.with([label]);
        counter.callback(|| 2.0);
        counter.add(n);
        counter.add_f64(0.5);
        for _ in 0..2 {
            assert_eq!(registry.snapshot().value("jobs_total", &[("n", label)]), Some(n as f64 + 2.5), "{label}");
        }
    }
}

#[test]
fn a_sum_is_never_poisoned_by_many_of_a_large_value() {
    let registry = Registry::new();
    let huge = registry.histogram("huge", "").buckets([1e303, 1e304]).register().expect("registered");
    huge.observe_many(1e303, 100_000_000);
    huge.observe_many(1e303, 2);
    assert_eq!((huge.distribution().count(), huge.distribution().sum()), (2, 2e303));
}

#[test]
fn a_summary_tells_apart_the_values_of_its_unit() {
    let registry = Registry::new();
    for (unit, values) in [("bytes", [1.0, 5e3, 7e11]), ("seconds", [2e-6, 0.3, 900.0]), ("", [2e-6, 1e6, 1e13])] {
        for value in values {
            let name = format!("summary_{unit}_{value}");
            let summary = registry.summary(name, "").unit(unit).register().expect("registered");
            summary.observe(value);
            let median = summary.distribution().quantile(0.5);
            assert!((median / value - 1.0).abs() < 0.016, "{value} {unit} came out as {median}");
        }
    }
}

#[test]
fn hot_histograms_and_up_downs_become_private_too() {
    let registry = Registry::new();
    let waits = registry.histogram("waits", "").labels(["n"]).private_series(0).register().expect("registered");
    let packed = registry.histogram("packed", "").labels(["n"]).compact().private_series(0).register();
    let packed = packed.expect("registered");
    let flights = registry.up_down("flights", "").labels(["n"]).private_series(0).register().expect("registered");
    let before = (waits.with(["a"]).cell(), packed.with(["a"]).cell(), flights.with(["a"]).cell());
    let (wait, pack, flight) = (waits.with(["a"]), packed.with(["a"]), flights.with(["a"]));
    for _ in 0..40_000 {
        wait.observe(0.25);
        pack.observe(0.25);
        flight.inc();
    }
    registry.upkeep();
    let after = (waits.with(["a"]).cell(), packed.with(["a"]).cell(), flights.with(["a"]).cell());
    assert!(before.0 != after.0 && before.1 != after.1 && before.2 != after.2, "{before:?} {after:?}");
    waits.observe(["a"], 0.25);
    packed.observe(["a"], 0.25);
    flights.add(["a"], -40_001);
    assert_eq!((wait.distribution().count(), wait.distribution().sum()), (40_001, 10_000.25));
    assert_eq!((pack.distribution().count(), pack.distribution().sum()), (40_001, 10_000.25));
    assert_eq!(flight.value(), -1);
}

#[test]
fn a_snapshot_answers_the_questions_people_ask() {
    let registry = Registry::new();
    let hits = registry.counter("hits_total", "").labels(["route", "code"]).register().expect("registered");
    for (route, code, n) in [("/a", "200", 1), ("/a", "500", 2), ("/b", "200", 4)] {
        hits.add([route, code], n);
    }
    let wait = registry.histogram("wait_seconds", "").buckets([0.1, 1.0]).register().expect("registered");
    [0.05, 0.5, 0.5, 3.0].into_iter().for_each(|v| wait.observe(v));
    let mode = registry.state_set("mode", "", ["up", "down"]).register().expect("registered");
    mode.enter("down").expect("a state");
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.value("hits_total", &[("route", "/b")]), Some(4.0));
    assert_eq!((snapshot.sum("hits_total", &[("route", "/a")]), snapshot.sum("hits_total", &[])), (3.0, 7.0));
    assert_eq!(snapshot.value("nothing", &[]), None);
    let first = |name| snapshot.family(name).and_then(|f| f.series().next()).expect("a series");
    let seen = first("wait_seconds").value().as_histogram().expect("a histogram");
    assert_eq!(seen.buckets().collect::<Vec<_>>(), [(0.1, 1), (1.0, 2), (f64::INFINITY, 1)]);
    assert_eq!((seen.mean(), first("wait_seconds").value().count()), (4.05 / 4.0, Some(4)));
    assert_eq!(first("mode").states().collect::<Vec<_>>(), ["down"]);
}

#[test]
fn a_callback_may_own_the_last_handle_of_another_family() {
    let registry = Registry::new();
    let hits = registry.counter("hits_total", "").labels(["n"]).register().expect("registered");
    for round in 0..3 {
        let other = Registry::new();
        let owned = other.counter("owned_total", "").register().expect("registered");
        let counter = hits.with(["a"]);
        // The second callback takes the place of the first; both own a handle of a registry that is gone.
        for _ in 0..2 {
            let owned = owned.clone();
            counter.callback(move || owned.value());
        }
        drop((owned, other, counter));
        assert!(hits.remove(["a"]), "round {round}");
        registry.upkeep();
    }
    let last = hits.with(["b"]);
    let owned = Registry::new().gauge("owned", "").register().expect("registered");
    last.callback(move || owned.value());
    drop((last, hits, registry));
}

#[test]
fn names_that_are_one_to_older_clients_do_not_stand_side_by_side() {
    let registry = Registry::new();
    registry.counter("a.b_total", "").register().expect("registered");
    let error = registry.counter("a_b_total", "").register().expect_err("the same to a client without UTF-8");
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert!(error.message().contains("\"a.b_total\" already prints \"a_b_total\""), "{error}");
    registry.counter("a.b_total", "").register().expect("the same one again");
    let error = registry.gauge("g", "").labels(["x.y", "x_y"]).register().expect_err("the same label");
    assert_eq!(error.code(), ErrorCode::InvalidLabel);
    assert!(error.message().contains("the same as \"x.y\""), "{error}");
    let error = registry.gauge("g", "").labels(["otel_metric_overflow"]).register().expect_err("reserved");
    assert!(error.message().contains("series beyond a limit"), "{error}");
    let error = registry.gauge("g", "").unit("se conds").register().expect_err("no unit");
    assert!(error.message().contains("\"se conds\" of metric"), "{error}");
}

//! A whole registry that is reset: what begins again, what stays, and what happens to it meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tykmetrics::snapshot::Value;
use tykmetrics::{CellEncoding, Exposition, Format, Owner, Registry, Shard};

/// For as many rounds as show a race in a second or so.
const ROUNDS: u64 = 1_000;

#[test]
fn what_is_counted_begins_again_and_what_is_set_stays() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "Jobs").label_names(["n"]).register().unwrap();
    let latency = registry.histogram("latency_seconds", "Latency").register().unwrap();
    let sizes = registry.summary("size_bytes", "Sizes").register().unwrap();
    let level = registry.gauge("level", "Level").register().unwrap();
    let flight = registry.up_down("in_flight", "In flight").register().unwrap();
    let mode = registry.state_set("mode", "Mode", ["on", "off"]).register().unwrap();
    let build = registry.info("build", "Build").register().unwrap();
    jobs.add(&["a"], 3).unwrap();
    jobs.add_f64(&["b"], 0.5).unwrap();
    latency.observe(0.2);
    sizes.observe(7.0);
    level.set(-2.5);
    flight.add(-4);
    mode.set("off", true).unwrap();
    build.set(&[("version", "1")]).unwrap();
    let before = registry.snapshot();
    registry.reset();
    let after = registry.snapshot();
    for series in after.family("jobs_total").unwrap().series() {
        assert_eq!(series.value().as_f64(), Some(0.0));
    }
    let of = |name: &str| after.family(name).unwrap().series().next().unwrap().value().clone();
    assert_eq!(of("latency_seconds").as_histogram().map(|h| (h.count(), h.sum())), Some((0, 0.0)));
    assert_eq!(of("size_bytes").as_summary().map(|s| (s.count, s.sum)), Some((0, 0.0)));
    for name in ["level", "in_flight", "mode", "build"] {
        assert_eq!(of(name), before.family(name).unwrap().series().next().unwrap().value().clone(), "{name}");
    }
    // Handles and lookups go on.
    jobs.inc(&["a"]).unwrap();
    flight.inc();
    let now = registry.snapshot();
    assert_eq!((now.value("jobs_total", &[("n", "a")]), now.value("in_flight", &[])), (Some(1.0), Some(-3.0)));
}

#[test]
fn levels_and_fractions_of_hosts_that_write_floats_are_kept() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "Jobs").register().unwrap();
    let shard = Shard::open(Owner::Holder, CellEncoding::F64).unwrap();
    jobs.add_f64_on(&shard, 2.5);
    registry.reset();
    assert_eq!(jobs.value(), 0.0);
    // The cell holds 3 now: its fraction became whole.
    jobs.add_f64_on(&shard, 0.5);
    assert_eq!(jobs.value(), 0.5);
    jobs.add_f64_on(&shard, 10.0);
    assert_eq!(jobs.value(), 10.5);
}

#[test]
fn a_callbacks_answer_counts_from_the_reset_whether_or_not_it_was_asked() {
    let registry = Registry::new();
    let told = Arc::new(AtomicU64::new(7));
    let answer = Arc::clone(&told);
    let jobs = registry.counter("jobs_total", "Jobs").register().unwrap();
    jobs.callback(move || answer.load(Relaxed) as f64);
    registry.reset();
    let shown = || registry.snapshot().value("jobs_total", &[]);
    assert_eq!(shown(), Some(0.0));
    told.store(9, Relaxed);
    assert_eq!(shown(), Some(2.0));
    // What it counts began again: there is nothing to take off.
    told.store(1, Relaxed);
    assert_eq!(shown(), Some(1.0));
}

#[test]
fn exemplars_of_what_was_counted_before_are_gone() {
    let registry = Registry::new();
    let latency = registry.histogram("latency_seconds", "Latency").register().unwrap();
    latency.observe_with_exemplar(0.2, &[("trace_id", "abc")]).unwrap();
    let shown = || String::from_utf8(registry.render(Exposition::from(Format::OpenMetrics))).unwrap();
    assert!(shown().contains("abc"));
    registry.reset();
    assert!(!shown().contains("abc"));
}

/// A row that a reset finds live may be another series' by the time it is written to.
#[test]
fn a_series_that_is_made_while_others_are_reset_loses_nothing() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "Jobs").label_names(["n"]).register().unwrap();
    let names: Vec<String> = (0..32).map(|n| n.to_string()).collect();
    for _ in 0..ROUNDS {
        for name in &names {
            jobs.with(&[name]).unwrap().add(1_000_000);
        }
        let start = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                registry.reset();
            });
            start.wait();
            for name in &names {
                jobs.remove(&[name]).unwrap();
            }
            registry.upkeep();
            names.iter().for_each(|name| drop(jobs.with(&[name]).unwrap()));
        });
        // Nothing was added to the new ones before the reset was over.
        for name in &names {
            let fresh = jobs.with(&[name]).unwrap();
            // More than the series before it had, of which nothing may be taken off.
            fresh.add(2_000_000);
            assert_eq!(fresh.value(), 2e6);
        }
        jobs.clear();
    }
}

#[test]
fn a_registry_is_reset_while_its_series_come_go_and_are_scraped() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "Jobs").label_names(["n"]).limit(40).register().unwrap();
    let latency = registry.histogram("latency_seconds", "Latency").label_names(["n"]).register().unwrap();
    let names: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    std::thread::scope(|scope| {
        let work = |from: usize| {
            let (jobs, latency, names) = (&jobs, &latency, &names);
            move || {
                for n in from..from + 2_000 {
                    let name = names[n % names.len()].as_str();
                    jobs.inc(&[name]).unwrap();
                    latency.observe(&[name], 0.5).unwrap();
                    match n % 50 {
                        0 => drop(jobs.remove(&[name]).unwrap()),
                        25 => latency.clear(),
                        _ => {}
                    }
                }
            }
        };
        let workers = [scope.spawn(work(0)), scope.spawn(work(7))];
        while workers.iter().any(|worker| !worker.is_finished()) {
            registry.reset();
            for family in registry.snapshot().families {
                for series in family.series() {
                    let (count, sum) = match series.value() {
                        Value::Histogram(seen) => (seen.count(), seen.sum()),
                        other => (0, other.as_f64().unwrap()),
                    };
                    assert!(count <= 4_000 && (0.0..=4_000.0).contains(&sum), "{count}, {sum}");
                }
            }
        }
    });
    registry.reset();
    jobs.clear();
    jobs.inc(&["after"]).unwrap();
    assert_eq!(registry.snapshot().value("jobs_total", &[("n", "after")]), Some(1.0));
}

//! Everything at once, for as long as `TYKMETRICS_STRESS_SECONDS` says (2 without it): threads that come and go, label
//! sets that are made, found, removed, expire and overflow, hot series, host shards, and scrapes in every format.
//!
//! What is recorded to series that are never removed must be there to the last record.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::*};
use std::thread;
use std::time::{Duration, Instant};
use tykmetrics::snapshot::Value;
use tykmetrics::{CellEncoding, EngineCollector, Format, Owner, Registry, Shard};

/// A generator of numbers that look random, by Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

#[test]
fn nothing_is_lost_while_everything_happens_at_once() {
    let seconds = std::env::var("TYKMETRICS_STRESS_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(2);
    let registry = Registry::new();
    registry.register_collector(EngineCollector::new(&registry));
    let kept = registry.counter("kept_total", "").labels(["n"]).private_series(4).register().expect("registered");
    let waits = registry.histogram("waits", "").labels(["n"]).private_series(2).register().expect("registered");
    let packed = registry.histogram("packed", "").labels(["n"]).compact().register().expect("registered");
    let flight = registry.up_down("flight", "").register().expect("registered");
    let fleeting = registry.counter("fleeting_total", "").labels(["n"]).limit(50).register().expect("registered");
    let idle = Duration::from_millis(5);
    let idling = registry.gauge("idling", "").labels(["n"]).expire_after(idle).register().expect("registered");

    let stop = AtomicBool::new(false);
    let (adds, fractions, observations) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let work = |seed: u64| {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let shard = seed.is_multiple_of(3).then(|| Shard::open(Owner::Holder, CellEncoding::F64)).flatten();
        let (mut added, mut halves, mut observed) = (0, 0, 0);
        for _ in 0..2_000 + random.below(6_000) {
            let label = random.below(8).to_string();
            let n = random.below(5);
            match (random.below(12), &shard) {
                (0, Some(shard)) => {
                    kept.with([&label]).add_on(shard, n);
                    added += n;
                }
                (0..=3, _) => {
                    kept.add([&label], n);
                    added += n;
                }
                (4, _) => {
                    let handle = kept.with([&label]);
                    let copy = handle.clone();
                    drop(handle);
                    copy.add(n);
                    added += n;
                }
                (5, _) => {
                    kept.add_f64([&label], 0.5);
                    halves += 1;
                }
                (6, _) => {
                    let fleeting_label = random.below(100).to_string();
                    fleeting.inc([&fleeting_label]);
                    if random.below(3) == 0 {
                        fleeting.remove([&fleeting_label]);
                    }
                }
                (7, _) => idling.set([&random.below(20).to_string()], 1.0),
                (8, Some(shard)) => {
                    waits.with([&label]).observe_on(shard, 0.25);
                    observed += 1;
                }
                (8..=9, _) => {
                    waits.observe([&label], 0.25);
                    observed += 1;
                }
                (10, _) => {
                    packed.observe([&label], 0.25);
                    observed += 1;
                }
                _ => {
                    let _guard = flight.track();
                    flight.add(2);
                    flight.add(-2);
                }
            }
        }
        adds.fetch_add(added, Relaxed);
        fractions.fetch_add(halves, Relaxed);
        observations.fetch_add(observed, Relaxed);
    };

    let (mut threads, mut scrapes) = (0u64, 0u64);
    thread::scope(|scope| {
        let scraper = scope.spawn(|| {
            let mut scrapes = 0u64;
            while !stop.load(Acquire) {
                let format = Format::ALL[scrapes as usize % Format::ALL.len()];
                assert!(!registry.render(format).is_empty());
                scrapes += 1;
            }
            scrapes
        });
        // Ends the scraper also when a worker's panic ends the test.
        struct Ending<'a>(&'a AtomicBool);
        impl Drop for Ending<'_> {
            fn drop(&mut self) {
                self.0.store(true, Release);
            }
        }
        let ending = Ending(&stop);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(seconds) {
            thread::scope(|wave| {
                for seed in threads..threads + 4 {
                    let work = &work;
                    wave.spawn(move || work(seed + 1));
                }
            });
            threads += 4;
        }
        drop(ending);
        scrapes = scraper.join().expect("no panic");
    });

    let snapshot = registry.snapshot();
    let (mut whole, mut part, mut count, mut sum) = (0, 0.0, 0, 0.0);
    for series in ["kept_total", "waits", "packed"].iter().filter_map(|n| snapshot.family(n)).flat_map(|f| f.series()) {
        match series.value() {
            Value::Counter { whole: w, part: p } => (whole, part) = (whole + w, part + p),
            Value::Histogram(seen) => (count, sum) = (count + seen.count(), sum + seen.sum()),
            other => panic!("not expected: {other:?}"),
        }
    }
    println!("{threads} threads, {scrapes} scrapes, {whole} added, {count} observed: all there");
    assert_eq!(whole, adds.into_inner());
    assert_eq!(part, fractions.into_inner() as f64 * 0.5);
    assert_eq!((count, sum), (observations.into_inner(), count as f64 * 0.25));
    assert_eq!(flight.value(), 0);
    assert!(fleeting.len() <= 50);
}

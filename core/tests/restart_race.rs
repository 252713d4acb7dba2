//! A series that is reset while others read it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tykmetrics::{Buckets, Registry};

/// For as many rounds as show it in a second or so.
const ROUNDS: u32 = 20_000;

#[test]
fn a_reset_between_two_readings_never_shows_more_than_was_added() {
    let registry = Registry::new();
    let counter = registry.counter("c_total", "C").register().unwrap();
    let parts = registry.counter("p_total", "P").register().unwrap();
    let histogram = registry.histogram("h", "H").buckets(Buckets::explicit([1.0])).register().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                counter.inc();
                counter.reset();
                parts.add_f64(0.5);
                parts.reset();
                histogram.observe(0.5);
                histogram.reset();
            }
            done.store(true, Relaxed);
        });
        while !done.load(Relaxed) {
            let (whole, part, seen) = (counter.value(), parts.value(), histogram.distribution());
            // What was added while it was read may be told, though it was reset meanwhile.
            let all = f64::from(ROUNDS);
            assert!((0.0..=all).contains(&whole), "{whole}");
            assert!((0.0..=all / 2.0).contains(&part), "{part}");
            assert!(seen.count() <= u64::from(ROUNDS), "{}", seen.count());
            assert!((0.0..=all / 2.0).contains(&seen.sum()), "{}", seen.sum());
        }
    });
}

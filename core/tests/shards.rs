//! A thread has a slab of its own, on the path that everybody uses, and leaves it to the next.
//!
//! One test: slabs belong to the process, and counting them wants no other test beside it.

use std::sync::Barrier;
use std::thread;
use tykmetrics::{EngineCollector, Registry};

fn shards(registry: &Registry, owner: &str) -> f64 {
    let snapshot = registry.snapshot();
    let family = snapshot.family("tykmetrics_shards").expect("the engine's own metrics");
    family.find(&[("owner", owner)]).and_then(|s| s.value().as_f64()).expect("a number")
}

#[test]
fn n_threads_have_n_slabs_and_the_next_n_have_the_same() {
    const THREADS: usize = 16;
    let registry = Registry::new();
    registry.register_collector(EngineCollector::new(&registry));
    let adds = registry.counter("adds_total", "").register().expect("registered");
    for round in 1..=5 {
        let together = Barrier::new(THREADS + 1);
        thread::scope(|scope| {
            let work = || {
                adds.inc();
                together.wait();
                together.wait();
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
            together.wait();
            assert_eq!(shards(&registry, "thread"), THREADS as f64, "round {round}: one slab each");
            together.wait();
            // A join waits for the thread's destructors too, which the end of the scope does not.
            threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        });
        assert_eq!(shards(&registry, "thread"), 0.0, "round {round}: every slab went back");
        assert_eq!(shards(&registry, "idle"), THREADS as f64, "round {round}: as many as there were writers at once");
    }
    assert_eq!(adds.value(), (5 * THREADS) as f64);

    // Beyond the cap of 1,024 a thread shares the shared cells, and nothing is lost.
    const CROWD: usize = 1100;
    let together = Barrier::new(CROWD);
    thread::scope(|scope| {
        let work = || {
            adds.inc();
            together.wait();
            adds.inc();
        };
        let builder = || thread::Builder::new().stack_size(64 * 1024);
        let threads: Vec<_> = (0..CROWD).map(|_| builder().spawn_scoped(scope, work).expect("a thread")).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    });
    assert_eq!(adds.value(), (5 * THREADS + 2 * CROWD) as f64);
    assert_eq!(shards(&registry, "idle"), 1024.0);
}

//! Nothing is lost and nothing is counted twice, whoever comes and goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::*};
use std::thread;
use tykmetrics::snapshot::{Snapshot, Value};
use tykmetrics::{Attachment, CellEncoding, Owner, Registry, Shard};

fn counter(snapshot: &Snapshot, name: &str) -> f64 {
    let family = snapshot.family(name).expect("the family");
    family.series().filter_map(|series| series.value().as_f64()).sum()
}

/// Takes snapshots until told to stop; every counter and bucket it sees must not fall, and counts must agree.
fn watch(registry: &Registry, stop: &AtomicBool) -> u64 {
    let (mut last_counter, mut last_count, mut rounds) = (0.0, 0, 0);
    loop {
        let ending = stop.load(Acquire);
        let snapshot = registry.snapshot();
        let now = counter(&snapshot, "adds_total");
        assert!(now >= last_counter, "a counter fell from {last_counter} to {now}");
        last_counter = now;
        let family = snapshot.family("value_seconds").expect("the family");
        for series in family.series() {
            let Value::Histogram(seen) = series.value() else { panic!("a histogram") };
            assert!(seen.count() >= last_count, "a histogram fell from {last_count} to {}", seen.count());
            last_count = seen.count();
            // Each value is 0.25, exact in binary: the sum is at most what the buckets hold.
            assert!(seen.sum() <= seen.count() as f64 * 0.25, "sum {} is ahead of {}", seen.sum(), seen.count());
            let cumulative: Vec<_> = seen.cumulative().map(|(_, n)| n).collect();
            assert!(cumulative.is_sorted() && cumulative.iter().all(|n| *n <= seen.count()));
        }
        rounds += 1;
        if ending {
            return rounds;
        }
    }
}

#[test]
fn totals_are_exact_while_threads_come_and_go_and_scrapes_run() {
    const THREADS: u64 = 40;
    const ADDS: u64 = 5_000;
    let registry = Registry::new();
    let adds = registry.counter("adds_total", "").register().expect("registered");
    let routes = registry.counter("routes_total", "").labels(["route"]).register().expect("registered");
    let flight = registry.up_down("in_flight", "").register().expect("registered");
    let value = registry.histogram("value_seconds", "").register().expect("registered");
    let packed = registry.histogram("packed_seconds", "").compact().register().expect("registered");
    let stop = AtomicBool::new(false);
    let rounds = thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(&registry, &stop));
        for wave in 0..5 {
            let threads: Vec<_> = (0..THREADS / 5)
                .map(|at| {
                    let (adds, routes, flight) = (adds.clone(), routes.clone(), flight.clone());
                    let (value, packed) = (value.clone(), packed.clone());
                    scope.spawn(move || {
                        for i in 0..ADDS {
                            adds.inc();
                            adds.add_f64(0.5);
                            routes.inc([["/a", "/b", "/c"][i as usize % 3]]);
                            flight.inc();
                            value.observe(0.25);
                            packed.observe(0.25);
                            // Half are left open by each even thread and closed by each odd one.
                            if (wave + at) % 2 == 0 && i % 2 == 0 {
                                flight.inc();
                                flight.dec();
                            }
                            flight.dec();
                        }
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        }
        stop.store(true, Release);
        watcher.join().expect("no panic")
    });
    assert!(rounds > 1);
    let all = THREADS * ADDS;
    let snapshot = registry.snapshot();
    assert_eq!(adds.value(), all as f64 * 1.5);
    assert_eq!(counter(&snapshot, "adds_total"), all as f64 * 1.5);
    assert_eq!(counter(&snapshot, "routes_total"), all as f64);
    assert_eq!(flight.value(), 0);
    for histogram in [&value, &packed] {
        assert_eq!(histogram.distribution().count(), all);
        assert_eq!(histogram.distribution().sum(), all as f64 * 0.25);
    }
}

#[test]
fn what_one_thread_takes_away_another_may_have_added() {
    let registry = Registry::new();
    let flight = registry.up_down("in_flight", "").register().expect("registered");
    thread::scope(|scope| {
        scope.spawn(|| (0..1000).for_each(|_| flight.inc()));
    });
    thread::scope(|scope| {
        scope.spawn(|| (0..1003).for_each(|_| flight.dec()));
    });
    assert_eq!(flight.value(), -3);
    let snapshot = registry.snapshot();
    assert_eq!(counter(&snapshot, "in_flight"), -3.0);
}

#[test]
fn records_made_while_a_thread_ends_are_counted() {
    struct Late(tykmetrics::Counter);
    impl Drop for Late {
        fn drop(&mut self) {
            self.0.inc();
        }
    }
    thread_local!(static LATE: std::cell::RefCell<Vec<Late>> = const { std::cell::RefCell::new(Vec::new()) });
    let registry = Registry::new();
    let adds = registry.counter("adds_total", "").register().expect("registered");
    for early in [true, false] {
        let adds = adds.clone();
        let add = move || {
            // Registered before or after the engine's own destructors, to be run on either side of them.
            if early {
                LATE.with_borrow_mut(|late| late.push(Late(adds.clone())));
                adds.inc();
            } else {
                adds.inc();
                LATE.with_borrow_mut(|late| late.push(Late(adds.clone())));
            }
        };
        thread::spawn(add).join().expect("no panic");
    }
    assert_eq!(adds.value(), 4.0);
}

#[test]
fn a_shard_of_a_host_counts_beside_the_threads_in_either_encoding() {
    let registry = Registry::new();
    let adds = registry.counter("adds_total", "").register().expect("registered");
    let flight = registry.up_down("in_flight", "").register().expect("registered");
    let value = registry.histogram("value_seconds", "").register().expect("registered");
    for encoding in [CellEncoding::U64, CellEncoding::F64, CellEncoding::F64] {
        let shard = Shard::open(Owner::Isolate, encoding).expect("a shard");
        adds.add_on(&shard, 2);
        flight.add_on(&shard, -2);
        value.observe_on(&shard, 0.25);
        // Sent, used and dropped elsewhere: one writer at a time is all it asks.
        let moved = (adds.clone(), shard);
        thread::spawn(move || moved.0.add_on(&moved.1, 3)).join().expect("no panic");
    }
    adds.inc();
    assert_eq!(adds.value(), 16.0);
    assert_eq!(flight.value(), -6);
    assert_eq!((value.distribution().count(), value.distribution().sum()), (3, 0.75));
}

#[test]
fn a_host_that_writes_cells_itself_counts_and_its_fractions_too() {
    let registry = Registry::new();
    let adds = registry.counter("adds_total", "").register().expect("registered");
    let shard = Shard::open(Owner::Isolate, CellEncoding::F64).expect("a shard");
    assert!(adds.cell() < shard.limit());
    // SAFETY: the number is below the limit, and this thread is the shard's only writer.
    unsafe {
        let cell = shard.cells().add(adds.cell() as usize).cast::<f64>();
        *cell += 2.0;
        *cell += 0.5;
    }
    assert_eq!(adds.value(), 2.5);
}

#[test]
fn attached_memory_counts_until_it_is_let_go_and_after() {
    let registry = Registry::new();
    let adds = registry.counter("adds_total", "").register().expect("registered");
    let value = registry.histogram("value_seconds", "").compact().register().expect("registered");
    for round in 1..=3u64 {
        // A page that holds both series: numbers are handed out in a row.
        let first = adds.cell().min(value.cell()) & !511;
        let memory: Arc<[AtomicU64]> = (0..1024).map(|_| AtomicU64::new(0)).collect();
        // SAFETY: the memory outlives the attachment, and only this thread writes it.
        let attachment = unsafe { Attachment::new(CellEncoding::F64, first, memory.as_ptr().cast_mut().cast(), 1024) }
            .expect("attached");
        let add = |number: u32, v: f64| {
            let cell = &memory[(number - first) as usize];
            cell.store((f64::from_bits(cell.load(Relaxed)) + v).to_bits(), Relaxed);
        };
        add(adds.cell(), 1.5);
        add(value.cell(), 0.25); // the sum
        add(value.cell() + 7, 1.0); // a bucket
        assert_eq!(adds.value(), 1.5 * round as f64, "while attached");
        drop(attachment);
        drop(memory);
        assert_eq!(adds.value(), 1.5 * round as f64, "after");
        let seen = value.distribution();
        assert_eq!((seen.count(), seen.sum()), (round, 0.25 * round as f64));
    }
}

#[test]
fn attaching_what_cannot_be_attached_is_an_error() {
    let mut memory = [0u64; 4];
    let base = memory.as_mut_ptr();
    // SAFETY: none of these is attached.
    let attach = |first, at: *mut u64, len| unsafe { Attachment::new(CellEncoding::U64, first, at, len) };
    assert!(attach(1, std::ptr::null_mut(), 4).is_err());
    assert!(attach(1, base.wrapping_byte_add(4), 2).is_err());
    assert!(attach(u32::MAX - 1, base, 4).is_err());
}

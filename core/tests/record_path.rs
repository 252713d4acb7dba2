//! The promise of the record path: no allocation, no system call, no panic; and a forked child counts from zero.
//!
//! One test: the counting allocator and the forks belong to the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;
use tykmetrics::{Counter, Family, Gauge, Histogram, Registry, Summary, UpDown};

/// The system's allocator, counting what the calling thread asks of it.
struct Counting;

thread_local!(static ALLOCATIONS: Cell<u64> = const { Cell::new(0) });

// SAFETY: every call is passed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Metrics {
    counter: Counter,
    shared: Counter,
    gauge: Gauge,
    flight: UpDown,
    hdr: Histogram,
    compact: Histogram,
    summary: Summary,
    by_route: Family<Counter, 3>,
    wait: Family<Histogram, 3>,
    level: Family<Gauge, 1>,
    labels: Vec<[String; 3]>,
}

impl Metrics {
    fn new(registry: &Registry) -> Metrics {
        let many = registry.counter("many_total", "").labels(["n"]).private_series(1).register().expect("registered");
        many.inc(["private"]);
        Metrics {
            counter: registry.counter("counter_total", "").register().expect("registered"),
            shared: many.with(["shared"]),
            gauge: registry.gauge("gauge", "").register().expect("registered"),
            flight: registry.up_down("flight", "").register().expect("registered"),
            hdr: registry.histogram("hdr_seconds", "").register().expect("registered"),
            compact: registry.histogram("compact_seconds", "").compact().register().expect("registered"),
            summary: registry.summary("summary_seconds", "").register().expect("registered"),
            by_route: registry.counter("by_route_total", "").labels(["a", "b", "c"]).register().expect("registered"),
            wait: registry.histogram("wait_seconds", "").labels(["a", "b", "c"]).register().expect("registered"),
            level: registry.gauge("level", "").labels(["a"]).register().expect("registered"),
            labels: (0..16).map(|i| ["GET".into(), format!("/route/{i}"), "200".into()]).collect(),
        }
    }

    /// One of every record there is.
    fn record(&self, i: u64) {
        let labels = self.labels[i as usize % self.labels.len()].each_ref().map(String::as_str);
        let value = (i % 1000) as f64 * 0.001;
        self.counter.inc();
        self.counter.add_f64(0.5);
        self.counter.add_f64(f64::NAN);
        self.shared.add(3);
        self.gauge.set(value);
        self.gauge.add(1.0);
        self.gauge.set_max(value);
        self.flight.inc();
        self.flight.dec();
        self.hdr.observe(value);
        self.hdr.observe(f64::INFINITY);
        self.hdr.observe_nanos(i * 1000);
        self.hdr.observe_duration(Duration::from_micros(i));
        self.compact.observe(value);
        self.summary.observe(value);
        self.by_route.inc(labels);
        self.wait.observe(labels, value);
        self.level.set([labels[0]], value);
    }
}

/// Runs `work` in a forked child and tells the status it ended with.
fn in_child(work: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child only runs `work` and leaves by a system call, without unwinding or running destructors.
    unsafe {
        let child = libc::fork();
        assert!(child >= 0, "fork failed");
        if child == 0 {
            let code = work();
            // Not `_exit`, which makes a call that the strict filter below forbids.
            libc::syscall(libc::SYS_exit, code);
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &mut status, 0), child);
        status
    }
}

#[test]
fn a_record_allocates_nothing_and_makes_no_system_call() {
    const ROUNDS: u64 = 10_000;
    let registry = Registry::new();
    let metrics = Metrics::new(&registry);
    // The first records of a thread give it its slab and its cache, and touch the pages.
    (0..ROUNDS).for_each(|i| metrics.record(i));

    let before = ALLOCATIONS.get();
    (0..ROUNDS).for_each(|i| metrics.record(i));
    assert_eq!(ALLOCATIONS.get() - before, 0, "a record allocates");

    // In a filter that ends the process at any system call but read, write and exit.
    let status = in_child(|| {
        // SAFETY: a plain system call.
        if unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT) } != 0 {
            return 2;
        }
        (0..ROUNDS).for_each(|i| metrics.record(i));
        7
    });
    assert!(libc::WIFEXITED(status), "a record makes a system call: killed by signal {}", libc::WTERMSIG(status));
    assert_eq!(libc::WEXITSTATUS(status), 7, "the filter could not be set");
    // The same filter does end a process that makes one, so the line above shows something.
    let status = in_child(|| {
        // SAFETY: plain system calls.
        unsafe {
            libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT);
            libc::getppid();
        }
        7
    });
    assert!(libc::WIFSIGNALED(status));

    a_forked_child_counts_from_zero_and_leaves_its_parent_alone(&metrics);
}

fn a_forked_child_counts_from_zero_and_leaves_its_parent_alone(metrics: &Metrics) {
    let counted = metrics.counter.value();
    let waited = metrics.hdr.distribution().count();
    assert!(counted > 0.0 && waited > 0);
    let status = in_child(|| {
        if metrics.counter.value() != 0.0 || metrics.shared.value() != 0.0 || metrics.hdr.distribution().count() != 0 {
            return 1;
        }
        // Handles, slab and cache work on at the same addresses.
        (0..10).for_each(|i| metrics.record(i));
        let same = metrics.counter.value() == 15.0 && metrics.shared.value() == 30.0;
        // A thread that begins in the child gets a slab too.
        let more = std::thread::scope(|scope| scope.spawn(|| metrics.counter.inc()).join().is_ok());
        i32::from(!(same && more && metrics.counter.value() == 16.0))
    });
    assert_eq!((libc::WIFEXITED(status), libc::WEXITSTATUS(status)), (true, 0), "the child did not start from zero");
    assert_eq!((metrics.counter.value(), metrics.hdr.distribution().count()), (counted, waited));
}

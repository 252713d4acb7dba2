//! Models of the engine's protocols: loom runs the code that ships in every order the memory model allows.
//!
//! One file per protocol; each test says what it proves. A model makes a space of a few cells, opens slabs in it,
//! records with the functions of `shard::cell`, and looks through the same walk as a scrape. What a thread keeps in
//! thread-locals (its slab, its lookup cache) is passed by hand here, since loom runs all threads on one. Run with
//! `RUSTFLAGS="--cfg loom" cargo test --release --lib models`.

mod attach;
mod companion;
mod expiry;
mod gate;
mod hand_over;
mod promotion;
mod publish;
mod recycle;
mod restart;
mod sums;

use crate::merge::Visitor;
use crate::merge::snapshot::{Meta, Row, Value};
use crate::registry::bound::Bound;
use crate::registry::family::Core;
use crate::shard::cell::{self, CellId};
use crate::shard::numbering::Layout;
use crate::shard::slab::Slab;
use crate::shard::{CellEncoding, Owner, Space};
use std::any::Any;
use std::cell::Cell;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Once};

/// What one thread of a model does.
type Work = Box<dyn FnOnce() + Send>;

thread_local! {
    /// Which permutation of its threads a search starts them in.
    static ORDER: Cell<usize> = const { Cell::new(0) };
    /// How many threads it has.
    static THREADS: Cell<usize> = const { Cell::new(0) };
}

/// Runs these at the same time, and waits for them all.
macro_rules! together {
    ($($work:expr),+ $(,)?) => {
        $crate::models::run_all(vec![$(Box::new($work) as $crate::models::Work),+])
    };
}
use together;

fn run_all(mut work: Vec<Work>) {
    THREADS.set(work.len());
    let mut order = ORDER.get();
    let mut threads = Vec::new();
    while !work.is_empty() {
        let next = work.remove(order % work.len());
        order /= work.len() + 1;
        threads.push(loom::thread::spawn(next));
    }
    threads.into_iter().for_each(|thread| thread.join().expect("loom ends the search at a panic"));
}

/// A few cells of each tier.
const LAYOUT: Layout = Layout { scalars: 6, pages: 0, shared_scalars: 6, shared_pages: 0, levels: 0 };

/// The bound of a model of three threads that would take minutes: one switch less, but in `make stress`, which asks for
/// all of them. Each pair of its threads is a model of its own, searched further.
fn of_three(preemptions: usize) -> Option<usize> {
    let all = std::env::var_os("TYKMETRICS_MODELS").is_some_and(|asked| asked == "all");
    Some(if all { preemptions } else { preemptions - 1 })
}

/// Searches all orders in which `model` can run, with at most `preemptions` switches away from a thread that could go
/// on; all of them if there is no such bound.
fn check(preemptions: Option<usize>, model: impl Fn(&'static Space) + Send + Sync + 'static) {
    check_in(LAYOUT, preemptions, model);
}

fn check_in(layout: Layout, preemptions: Option<usize>, model: impl Fn(&'static Space) + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    // A model with a family has some hundred steps, far above loom's default.
    builder.max_branches = 20_000;
    let (model, runs) = (Arc::new(model), Arc::new(AtomicUsize::new(0)));
    let mut search = || {
        // loom forgets that a cell was read by one thread once another reads it too before it writes it, and then does
        // not try that write first. Every order in which the threads can begin makes up for it.
        for order in 0.. {
            ORDER.set(order);
            let (model, runs) = (Arc::clone(&model), Arc::clone(&runs));
            builder.check(move || {
                runs.fetch_add(1, Relaxed);
                crate::clock::modelled::NOW_MS.set(1000);
                let space = Box::into_raw(Box::new(Space::new(layout).expect("memory")));
                // SAFETY: freed below, after the model joined its threads and dropped what it made.
                model(unsafe { &*space });
                // SAFETY: as above.
                drop(unsafe { Box::from_raw(space) });
            });
            if order + 1 >= (1..=THREADS.get()).product() {
                return;
            }
        }
    };
    let panic = quietly(&mut search);
    println!("{} runs", runs.load(Relaxed));
    if let Some(message) = panic {
        panic!("{message}");
    }
}

/// Runs `search` on a thread whose standard error is thrown away, since loom prints a line at every lock and the test
/// harness would keep them all; tells how it panicked.
fn quietly(search: &mut dyn FnMut()) -> Option<String> {
    static SILENCE: Once = Once::new();
    SILENCE.call_once(|| {
        if std::env::var_os("LOOM_LOG").is_some() {
            return;
        }
        // SAFETY: plain system calls; the harness reports on standard output.
        unsafe {
            let nowhere = libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY);
            libc::dup2(nowhere, libc::STDERR_FILENO);
        }
    });
    struct Work<'a>(&'a mut dyn FnMut(), Option<Box<dyn Any + Send>>);
    extern "C" fn work(argument: *mut c_void) -> *mut c_void {
        // SAFETY: `quietly` passes a `Work` that outlives the thread.
        let work = unsafe { &mut *argument.cast::<Work<'_>>() };
        work.1 = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (work.0)())).err();
        std::ptr::null_mut()
    }
    let mut argument = Work(search, None);
    // A thread of std's own would take the harness's capture of output along.
    // SAFETY: the thread is joined before `argument` goes.
    unsafe {
        let mut thread = std::mem::zeroed();
        let made = libc::pthread_create(&mut thread, std::ptr::null(), work, (&raw mut argument).cast());
        assert_eq!(made, 0, "a thread for the search");
        libc::pthread_join(thread, std::ptr::null_mut());
    }
    argument.1.map(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_else(|| "a panic".to_owned())
    })
}

/// A series as a scrape shows it.
#[derive(Debug)]
struct Shown {
    label: String,
    created_ms: u64,
    value: Value,
}

impl Shown {
    fn total(&self) -> f64 {
        match &self.value {
            Value::Histogram(d) => d.count() as f64,
            value => value.as_f64().expect("a number"),
        }
    }
}

/// What a scrape of the family shows now.
fn scrape(family: &Core) -> Vec<Shown> {
    struct Walk(Vec<Shown>);
    impl Visitor for Walk {
        fn begin(&mut self, _: &Arc<Meta>) {}
        fn row(&mut self, row: &Row<'_>) {
            let label = row.values.iter().map(|text| text.raw).collect();
            self.0.push(Shown { label, created_ms: row.created_ms, value: row.value.clone() });
        }
        fn step(&mut self) -> bool {
            true
        }
        fn end(&mut self) {}
    }
    let mut walk = Walk(Vec::new());
    family.visit(&family.meta, &mut walk);
    walk.0
}

/// The sum over all series that a scrape shows with a label.
fn total(family: &Core, label: &str) -> f64 {
    scrape(family).iter().filter(|shown| shown.label == label).map(Shown::total).sum()
}

fn open(space: &'static Space) -> &'static Slab {
    space.open(Owner::Holder, CellEncoding::U64).expect("a model has no more writers than slabs")
}

/// Adds as a record does whose thread has this slab.
fn add(space: &Space, slab: &Slab, number: CellId, n: u64) {
    if (number as usize) < slab.cells.len() {
        cell::add_owned(slab.cells.cell(number as usize), n);
    } else {
        cell::add_shared(space.shared(number), n);
    }
}

/// Adds as a record does whose thread has no slab.
fn add_without(bound: &Bound, n: u64) {
    cell::add_shared(bound.shared(), n);
}

/// Panics unless each number is at least the one before and none is above `most`.
fn assert_rises(seen: &[f64], most: f64) {
    assert!(seen.windows(2).all(|pair| pair[0] <= pair[1]), "counts went down: {seen:?}");
    assert!(seen.iter().all(|n| *n <= most), "more was counted than was added: {seen:?}");
}

//! The record path as plain functions, for `record_path.rs` to disassemble and to count the instructions of.
//!
//! `hot <function> <calls>` records that often. Counting two runs that differ in `calls` alone leaves the cost of a call,
//! and what `nothing` costs is that of the loop around it.

use std::hint::black_box;
use tykmetrics::{Counter, Family, Histogram, Hygiene, Registry, UpDown};

/// Does nothing with what the other functions are given.
#[inline(never)]
#[unsafe(no_mangle)]
fn hot_nothing(metric: &Counter, n: u64) {
    black_box((metric, n));
}

/// Adds to a counter by its handle.
#[inline(never)]
#[unsafe(no_mangle)]
fn hot_counter_add(counter: &Counter, n: u64) {
    counter.add(n);
}

/// Moves an up-down by its handle.
#[inline(never)]
#[unsafe(no_mangle)]
fn hot_up_down_dec(up_down: &UpDown) {
    up_down.dec();
}

/// Records to a histogram of the HDR store by its handle.
#[inline(never)]
#[unsafe(no_mangle)]
fn hot_histogram_observe(histogram: &Histogram, v: f64) {
    histogram.observe(v);
}

/// Records a duration in nanoseconds to a histogram of the HDR store by its handle.
#[inline(never)]
#[unsafe(no_mangle)]
fn hot_histogram_observe_nanos(histogram: &Histogram, nanos: u64) {
    histogram.observe_nanos(nanos);
}

/// Looks a series of three labels up and adds to it.
#[inline(never)]
#[unsafe(no_mangle)]
fn hot_lookup_add(counters: &Family<Counter, 3>, labels: &[&str; 3]) {
    counters.add(*labels, 1);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (function, calls) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let calls: u64 = calls.parse()?;
    let registry = Registry::new();
    // What is done to label values where a series is made costs no record anything.
    registry.set_hygiene(Some(Hygiene::options().build()?));
    let counter = registry.counter("c_total", "").register()?;
    let up_down = registry.up_down("u", "").register()?;
    let histogram = registry.histogram("h_seconds", "").register()?;
    let counters = registry.counter("l_total", "").labels(["method", "route", "code"]).register()?;
    let labels = ["GET", "/api/v1/users", "200"];
    // One value in one bucket: which one it is does not matter to the count.
    match function.as_str() {
        "nothing" => (0..calls).for_each(|i| hot_nothing(black_box(&counter), black_box(i))),
        "counter_add" => (0..calls).for_each(|i| hot_counter_add(black_box(&counter), black_box(i))),
        "up_down_dec" => (0..calls).for_each(|_| hot_up_down_dec(black_box(&up_down))),
        "histogram_observe" => (0..calls).for_each(|_| hot_histogram_observe(black_box(&histogram), black_box(0.0125))),
        "histogram_observe_nanos" => {
            (0..calls).for_each(|i| hot_histogram_observe_nanos(black_box(&histogram), black_box(12_500_000 + i)));
        }
        "lookup_add" => (0..calls).for_each(|_| hot_lookup_add(black_box(&counters), black_box(&labels))),
        _ => return Err(format!("no function is called {function:?}").into()),
    }
    let by_labels = counters.get(labels).map_or(0.0, |counter| counter.value());
    println!("{} {} {} {by_labels}", counter.value(), up_down.value(), histogram.distribution().count());
    Ok(())
}

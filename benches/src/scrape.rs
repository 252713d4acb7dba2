//! Whether a writer notices a scrape.
//!
//! Runs in a child (`child`). A writer on one core records in batches and times every batch; on the other core a
//! scrape of all series runs over and over, or nothing runs. Quiet and scraped windows alternate, so that drift hits
//! both. A core that the kernel took away meanwhile was not free, which the figures say.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::engines::{Contender, Scraped};
use crate::machine;
use crate::measure::{Stat, Ticks};
use crate::memory::{MIN_LINE, Named};

/// Operations per batch: some hundred nanoseconds, long against the 9 ns of reading the clock.
pub(crate) const BATCH: u64 = 256;

/// p99.9 of a batch in nanoseconds, quiet and scraped: the median over `windows` windows of each.
pub(crate) fn measure(contender: &Contender, n: usize, windows: usize, millis: usize) -> Option<Named> {
    // The scrape's core makes the series, so that the writer's core stays as a program would have it.
    machine::pin(1);
    compare(contender.name, (contender.scraped)(n)?, n, (windows, millis))
}

/// As [`measure`], of what is made already.
pub(crate) fn compare(name: &str, mut scraped: Scraped, n: usize, (windows, millis): (usize, usize)) -> Option<Named> {
    let length = Duration::from_millis(millis as u64);
    let ticks = Ticks::calibrated();
    if windows > 1 {
        window(&mut scraped, length / 4, ticks, true);
    }
    let (mut quiet, mut busy, mut preempted, mut scrapes) = (Vec::new(), Vec::new(), 0, 0);
    for at in 0..windows {
        // Now one is first and now the other, so that neither always has what the one before leaves.
        let order = if at % 2 == 0 { [false, true] } else { [true, false] };
        for scraping in order {
            let samples = if scraping { &mut busy } else { &mut quiet };
            let seen = window(&mut scraped, length, ticks, scraping)?;
            if seen.shortest < n * MIN_LINE {
                eprintln!("{name}: {} bytes of text are not {n} series", seen.shortest);
                return None;
            }
            samples.push(seen.p999);
            preempted += seen.preempted;
            scrapes += seen.scrapes;
        }
    }
    let (quiet, busy) = (Stat::of(quiet), Stat::of(busy));
    Some(vec![
        ("quiet_best_ns", quiet.best),
        ("quiet_median_ns", quiet.median),
        ("scraped_best_ns", busy.best),
        ("scraped_median_ns", busy.median),
        ("preempted", preempted as f64),
        ("scrapes", scrapes as f64),
    ])
}

struct Seen {
    p999: f64,
    preempted: u64,
    scrapes: u64,
    /// Bytes of the shortest scrape.
    shortest: usize,
}

fn window(scraped: &mut Scraped, length: Duration, ticks: Ticks, scraping: bool) -> Option<Seen> {
    let done = AtomicBool::new(false);
    let scrapes = AtomicU64::new(0);
    let shortest = AtomicUsize::new(usize::MAX);
    let record = &scraped.record;
    let scrape = &mut scraped.scrape;
    // Relaxed throughout: the flag ends a loop and the count is read after the join; neither publishes data.
    let seen = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            machine::pin(0);
            write(|n| record(n), length, ticks)
        });
        if scraping {
            let (done, scrapes, shortest) = (&done, &scrapes, &shortest);
            scope.spawn(move || {
                machine::pin(1);
                while !done.load(Relaxed) {
                    shortest.fetch_min(scrape(), Relaxed);
                    scrapes.fetch_add(1, Relaxed);
                }
            });
        }
        let seen = writer.join();
        done.store(true, Relaxed);
        seen
    });
    (scraped.settle)();
    let (histogram, preempted) = seen.ok()??;
    let p999 = ticks.nanos(histogram.value_at_quantile(0.999));
    Some(Seen { p999, preempted, scrapes: scrapes.load(Relaxed), shortest: shortest.load(Relaxed) })
}

/// Records for `length` and returns the ticks of every batch, with how often the core was taken away.
fn write(record: impl Fn(u64), length: Duration, ticks: Ticks) -> Option<(Histogram<u64>, u64)> {
    // Up to 2^40 ticks, some minutes; three digits, so that a tenth is well resolved.
    let mut histogram = Histogram::new_with_bounds(1, 1 << 40, 3).ok()?;
    // The thread's own state is made, and the scrape is under way, before the first batch counts.
    let warm = Instant::now();
    while warm.elapsed() < Duration::from_millis(20) {
        record(BATCH);
    }
    let preempted = machine::preemptions();
    let start = Ticks::now();
    loop {
        let before = Ticks::now();
        record(BATCH);
        let after = Ticks::now();
        histogram.saturating_record(after - before);
        if ticks.nanos(after - start) >= length.as_nanos() as f64 {
            return Some((histogram, machine::preemptions() - preempted));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_that_sleeps_a_millisecond_a_batch_shows_it() {
        let ticks = Ticks::calibrated();
        let sleep = |_| std::thread::sleep(Duration::from_millis(1));
        let (histogram, _) = write(sleep, Duration::from_millis(30), ticks).expect("the bounds are fixed");
        let median = ticks.nanos(histogram.value_at_quantile(0.5));
        assert!((1e6..2e7).contains(&median), "{median} ns");
    }
}

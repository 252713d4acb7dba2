//! What is measured, in which order, with how much effort.
//!
//! Each function adds the rows of one group. Contenders that do not offer a thing are left out of it; a child that
//! fails is reported and left out. Nothing is judged here: that is `targets`.

use std::time::{Duration, Instant};

use crate::alloc;
use crate::child;
use crate::endpoint;
use crate::engines::{Contender, Role, Run, Work, contenders};
use crate::limits;
use crate::machine;
use crate::measure::{self, Effort, Stat, interleave};
use crate::memory::MIN_LINE;
use crate::results::{self, Results};
use crate::scrape::BATCH;

/// A group that `--only` can name.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&[Contender], Size, &mut Results),
}

/// Every group, in the order it runs.
pub(crate) const GROUPS: [Group; 9] = [
    Group { name: "counter", run: counter },
    Group { name: "histogram", run: histogram },
    Group { name: "lookup", run: lookup },
    Group { name: "render", run: render },
    Group { name: "memory", run: memory },
    Group { name: "histogram-memory", run: histogram_memory },
    Group { name: "scrape", run: scrape },
    Group { name: "c", run: c },
    Group { name: "endpoint", run: endpoint },
];

/// How much to do.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    effort: Effort,
    /// Rounds of a render of 100k series.
    renders: usize,
    /// Rounds of a stream of 1M series, of ours and of peers (with none, the first scrape is the figure), and of a
    /// render into a buffer.
    large_streams: usize,
    large_peer_streams: usize,
    large_renders: usize,
    histograms: usize,
    /// Pairs of windows, quiet and scraped: of ours, and of peers, some of which scrape for seconds.
    windows: usize,
    peer_windows: usize,
    window_millis: usize,
    /// Rounds of a scrape over loopback, and of ten at once.
    scrapes: usize,
    crowds: usize,
}

impl Size {
    pub(crate) const FULL: Self = Self {
        // Many rounds, each about as long as a scheduler's slice: on a shared machine some go undisturbed.
        effort: Effort { rounds: 35, round: Duration::from_millis(5) },
        renders: 7,
        large_streams: 7,
        large_peer_streams: 3,
        large_renders: 3,
        histograms: 100_000,
        windows: 11,
        peer_windows: 3,
        window_millis: 700,
        scrapes: 31,
        crowds: 5,
    };

    /// Within a minute on two cores.
    pub(crate) const QUICK: Self = Self {
        effort: Effort { rounds: 11, round: Duration::from_millis(3) },
        renders: 3,
        large_streams: 3,
        large_peer_streams: 0,
        large_renders: 0,
        histograms: 20_000,
        windows: 5,
        peer_windows: 1,
        window_millis: 200,
        scrapes: 9,
        crowds: 1,
    };
}

const RENDERED: usize = 100_000;
const MILLION: usize = 1_000_000;

// A page a series and writer: 10,000 series are 80 MB with two writers, far above what the rest of a process moves.
const HDR_SERIES: usize = 10_000;

/// A contender's work with who it is.
type Offered = (&'static str, Role, Work);

fn offered(contenders: &[Contender], work: impl Fn(&Contender) -> Option<Work>) -> Vec<Offered> {
    contenders.iter().filter_map(|c| Some((c.name, c.role, work(c)?))).collect()
}

/// Times `offered` alone and two threads at once.
fn time(offered: Vec<Offered>, scenario: &'static str, pair: &'static str, effort: Effort, results: &mut Results) {
    let (who, mut works): (Vec<_>, Vec<_>) = offered.into_iter().map(|(name, role, work)| ((name, role), work)).unzip();
    let alone = measure::alone(&mut works, effort);
    for ((&(name, role), stat), work) in who.iter().zip(alone).zip(&works) {
        let scenario = if role == Role::Limit { results::LIMIT } else { scenario };
        results.add_noted(scenario, name, role, "ns", stat, work.less, String::new());
    }
    if machine::cores() < 2 {
        eprintln!("one core: nothing is measured with two threads");
        return;
    }
    let together = measure::together(&mut works, effort);
    for ((&(name, role), stat), work) in who.iter().zip(together).zip(&works) {
        if let Some((stat, slower)) = stat {
            let note = format!("the slower thread did {:.0} %", slower.median * 100.0);
            results.add_noted(pair, name, role, "ns", stat, work.less, note);
        }
    }
}

fn counter(contenders: &[Contender], size: Size, results: &mut Results) {
    let limits = limits::limits().into_iter().map(|(name, work)| (name, Role::Limit, work));
    let works = limits.chain(offered(contenders, |c| (c.counter)())).collect();
    time(works, results::COUNTER, results::COUNTER_PAIR, size.effort, results);
}

fn histogram(contenders: &[Contender], size: Size, results: &mut Results) {
    let works = offered(contenders, |c| (c.histogram)());
    time(works, results::HISTOGRAM, results::HISTOGRAM_PAIR, size.effort, results);
}

fn lookup(contenders: &[Contender], size: Size, results: &mut Results) {
    let mut works = offered(contenders, |c| (c.lookup)());
    for (name, role, work) in &mut works {
        let Run::Shared(run) = &work.run else { continue };
        // The thread's own state is made first: what is asked is a lookup that has happened before.
        run(10_000);
        let before = alloc::allocations();
        run(MILLION as u64);
        let count = (alloc::allocations() - before) as f64;
        results.add_noted(results::ALLOCATIONS, name, *role, "calls", Stat::exact(count), work.less, String::new());
    }
    time(works, results::LOOKUP, results::LOOKUP_PAIR, size.effort, results);
}

fn render(contenders: &[Contender], size: Size, results: &mut Results) {
    let mut families: Vec<_> =
        contenders.iter().filter_map(|c| Some((c.name, c.role, (c.counters)(RENDERED)?))).collect();
    let mut bytes = vec![0; families.len()];
    for (_, _, series) in &mut families {
        for _ in 0..2 {
            series.touch();
            series.render();
        }
    }
    let samples = interleave(families.len(), size.renders, |i| {
        let series = &mut families[i].2;
        series.touch();
        let start = Instant::now();
        bytes[i] = series.render();
        Some(start.elapsed().as_nanos() as f64)
    });
    for (((name, role, _), samples), bytes) in families.iter().zip(samples).zip(bytes) {
        if bytes < RENDERED * MIN_LINE {
            eprintln!("left out: {name} wrote {bytes} bytes, which are not {RENDERED} series");
            continue;
        }
        let stat = Stat::of(samples);
        let per_byte = stat.map(|nanos| nanos / bytes as f64);
        let note = format!("{:.2} ms, {:.2} MB", stat.best / 1e6, bytes as f64 / 1e6);
        let per_series = stat.map(|nanos| nanos / RENDERED as f64);
        results.add_noted(results::RENDER, name, *role, "ns/series", per_series, None, note);
        let speed = format!("{:.2} GB/s", 1.0 / per_byte.best);
        results.add_noted(results::RENDER_BYTE, name, *role, "ns/byte", per_byte, None, speed);
    }
}

/// What a record costs a C program.
fn c(_: &[Contender], size: Size, results: &mut Results) {
    crate::c::measure(size.effort.rounds, results);
}

/// Scrapes over loopback, and what they do to the process that is scraped.
fn endpoint(_: &[Contender], size: Size, results: &mut Results) {
    endpoint::measure(RENDERED, size.scrapes, results);
    // Ours is the first.
    children(
        &contenders()[..1],
        "endpoint",
        |_| vec![MILLION, size.crowds],
        |name, role, figure| {
            endpoint::add(name, role, figure, results);
        },
    );
    if machine::cores() < 2 {
        eprintln!("one core: no writer can run beside a scrape");
        return;
    }
    children(
        &contenders()[..1],
        "recorder",
        // A window has room for a crowd or two.
        |_| vec![MILLION, 3 * size.windows, size.window_millis],
        |name, role, figure| {
            add_writer((results::CROWD_QUIET, results::CROWD_WRITER), (name, role), figure, results);
        },
    );
}

/// Runs `job` in a child for every contender and hands what it measured to `add`.
fn children(
    contenders: &[Contender],
    job: &str,
    arguments: impl Fn(Role) -> Vec<usize>,
    mut add: impl FnMut(&'static str, Role, &dyn Fn(&str) -> Option<f64>),
) {
    for contender in contenders {
        match child::run(job, contender.name, &arguments(contender.role)) {
            Ok(Some(figures)) => add(contender.name, contender.role, &|key| figures.get(key).copied()),
            Ok(None) => {}
            Err(error) => eprintln!("left out: {error}"),
        }
    }
}

fn memory(contenders: &[Contender], size: Size, results: &mut Results) {
    let streams = |role| if role == Role::Ours { size.large_streams } else { size.large_peer_streams };
    let arguments = |role| vec![MILLION, streams(role), size.large_renders];
    children(contenders, "counters", arguments, |name, role, figure| {
        if let Some(bytes) = figure("bytes_per_series") {
            results.add(results::COUNTER_BYTES, name, role, "bytes", Stat::exact(bytes));
        }
        if let Some(bytes) = figure("stream_growth_bytes") {
            results.add(results::STREAM_GROWTH, name, role, "MB", Stat::exact(bytes / 1e6));
        }
        let megabytes = figure("text_bytes").unwrap_or(f64::NAN) / 1e6;
        for (scenario, best, median) in [
            (results::STREAM, "stream_best_ms", "stream_median_ms"),
            (results::STREAM_VEC, "vec_best_ms", "vec_median_ms"),
        ] {
            if let (Some(best), Some(median)) = (figure(best), figure(median)) {
                let note = format!("{megabytes:.2} MB, {:.2} GB/s", megabytes / best);
                results.add_noted(scenario, name, role, "ms", Stat { best, median }, None, note);
            }
        }
    });
}

fn histogram_memory(contenders: &[Contender], size: Size, results: &mut Results) {
    children(
        contenders,
        "histograms",
        |_| vec![size.histograms, 0],
        |name, role, figure| {
            if let Some(bytes) = figure("bytes_per_series") {
                results.add(results::HISTOGRAM_BYTES, name, role, "bytes", Stat::exact(bytes));
            }
        },
    );
    children(
        contenders,
        "histograms",
        |_| vec![HDR_SERIES, 1],
        |name, role, figure| {
            if let Some(bytes) = figure("bytes_per_series") {
                let once = figure("bytes_per_series_once").unwrap_or(f64::NAN);
                let note = format!("{once:.2} after one observation each");
                results.add_noted(results::HDR_BYTES, name, role, "bytes", Stat::exact(bytes), None, note);
            }
            if let Some(bytes) = figure("bytes_per_second_writer") {
                results.add(results::HDR_WRITER_BYTES, name, role, "bytes", Stat::exact(bytes));
            }
        },
    );
}

/// Adds what a child saw of a writer, left alone and beside scrapes.
fn add_writer(
    (quiet_scenario, scraped_scenario): (&'static str, &'static str),
    (name, role): (&'static str, Role),
    figure: &dyn Fn(&str) -> Option<f64>,
    results: &mut Results,
) {
    let get = |key| figure(key).unwrap_or(f64::NAN);
    let quiet = Stat { best: get("quiet_best_ns"), median: get("quiet_median_ns") };
    let scraped = Stat { best: get("scraped_best_ns"), median: get("scraped_median_ns") };
    let ratio = scraped.median / quiet.median;
    let (preempted, scrapes) = (get("preempted"), get("scrapes"));
    results.add_noted(quiet_scenario, name, role, "ns", quiet, None, format!("a batch is {BATCH} adds and observes"));
    let note = format!("{ratio:.2} of quiet; {scrapes} scrapes, core taken away {preempted} times");
    results.add_noted(scraped_scenario, name, role, "ns", scraped, None, note);
}

fn scrape(contenders: &[Contender], size: Size, results: &mut Results) {
    if machine::cores() < 2 {
        eprintln!("one core: no writer can run beside a scrape");
        return;
    }
    let windows = |role| if role == Role::Ours { size.windows } else { size.peer_windows };
    let arguments = |role| vec![MILLION, windows(role), size.window_millis];
    children(contenders, "scrape", arguments, |name, role, figure| {
        add_writer((results::QUIET, results::SCRAPED), (name, role), figure, results);
    });
}

//! What a series costs in resident memory, and what a scrape adds to it.
//!
//! Runs in a child (`child`). Resident memory is read from `/proc/self/statm`, the peak from `VmHWM` after a reset
//! through `/proc/self/clear_refs`; where the kernel offers neither, the figure is left out.

use std::time::Instant;

use crate::engines::{Contender, Series, Store};
use crate::machine;
use crate::measure::Stat;
use crate::workload::workload;

/// Passes of observations over every histogram: enough for its values to spread over the prepared latencies.
const PASSES: usize = 16;

/// What a line of text holds at least: the family's name, three labels and a digit. Less is a lost series.
pub(crate) const MIN_LINE: usize = 60;

/// Figures by name.
pub(crate) type Named = Vec<(&'static str, f64)>;

/// Bytes per counter series of `n`; then how long a scrape of them takes and what it adds.
pub(crate) fn counters(contender: &Contender, n: usize, streams: usize, renders: usize) -> Option<Named> {
    machine::pin(machine::cores() - 1);
    workload();
    let before = resident();
    let mut series = (contender.counters)(n)?;
    series.touch();
    let after = resident();
    let mut figures = Vec::new();
    figures.extend(per(n, before, after).map(|bytes| ("bytes_per_series", bytes)));

    // The first scrape is the one that has to find its memory.
    let resets = reset_peak();
    let before = resident();
    let start = Instant::now();
    let text = series.stream();
    let first = start.elapsed().as_secs_f64() * 1e3;
    if text < n * MIN_LINE {
        eprintln!("{}: {text} bytes of text are not {n} series", contender.name);
        return None;
    }
    let growth = peak().zip(before).map(|(peak, before)| peak.saturating_sub(before));
    figures.extend(growth.filter(|_| resets).map(|bytes| ("stream_growth_bytes", bytes as f64)));
    figures.push(("text_bytes", text as f64));

    let streamed = match streams {
        0 => Stat::exact(first),
        streams => scrapes(series.as_mut(), streams, |series| series.stream()),
    };
    figures.extend([("stream_best_ms", streamed.best), ("stream_median_ms", streamed.median)]);
    if renders > 0 {
        series.render();
        let rendered = scrapes(series.as_mut(), renders, |series| series.render());
        figures.extend([("vec_best_ms", rendered.best), ("vec_median_ms", rendered.median)]);
    }
    Some(figures)
}

/// Bytes per histogram series of `n` after one writer, and what a second writer adds.
pub(crate) fn histograms(contender: &Contender, n: usize, hdr: bool) -> Option<Named> {
    machine::pin(machine::cores() - 1);
    workload();
    let store = if hdr { Store::Hdr } else { Store::Classic };
    let before = resident();
    let mut series = (contender.histograms)(n, store)?;
    series.touch();
    let once = resident();
    for _ in 1..PASSES {
        series.touch();
    }
    let one_writer = resident();
    // A second writer alive beside the first, which keeps what is its own.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..PASSES {
                series.touch();
            }
        });
    });
    let two_writers = resident();
    let mut figures = Vec::new();
    figures.extend(per(n, before, once).map(|bytes| ("bytes_per_series_once", bytes)));
    figures.extend(per(n, before, one_writer).map(|bytes| ("bytes_per_series", bytes)));
    figures.extend(per(n, one_writer, two_writers).map(|bytes| ("bytes_per_second_writer", bytes)));
    Some(figures)
}

fn scrapes(series: &mut dyn Series, rounds: usize, mut scrape: impl FnMut(&mut dyn Series) -> usize) -> Stat {
    let samples = (0..rounds).map(|_| {
        series.touch();
        let start = Instant::now();
        scrape(series);
        start.elapsed().as_secs_f64() * 1e3
    });
    Stat::of(samples.collect())
}

fn per(n: usize, before: Option<u64>, after: Option<u64>) -> Option<f64> {
    Some(after?.saturating_sub(before?) as f64 / n as f64)
}

/// Bytes resident now.
pub(crate) fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * page_size())
}

/// The most bytes resident since `reset_peak`.
pub(crate) fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

pub(crate) fn reset_peak() -> bool {
    // 5 resets the peak alone (proc(5)).
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

fn page_size() -> u64 {
    // SAFETY: the call takes and changes nothing.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    // 4096 is the page of every platform that has no other to tell.
    u64::try_from(size).unwrap_or(4096)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn touched_memory_is_resident_and_is_in_the_peak_after_it_is_gone() {
        const SIZE: u64 = 64 << 20;
        let before = resident().expect("Linux tells");
        let resets = reset_peak();
        let block = black_box(vec![1_u8; SIZE as usize]);
        assert!(resident().expect("Linux tells") >= before + SIZE * 9 / 10);
        drop(block);
        // Some sandboxes keep clear_refs closed; the peak is then the process's own and still no less.
        assert!(peak().expect("Linux tells") >= before + SIZE * 9 / 10, "reset {resets}");
    }
}

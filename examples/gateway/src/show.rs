//! What the gateway shows of itself: a live table from the differences between snapshots, and the summary at the end.
//!
//! Everything here is read from the registry, as a dashboard would be. Nothing is measured and nothing is recorded.

use crate::check::total;
use crate::metrics::SIZES_WINDOW;
use crate::traffic::ROUTES;
use std::fmt::Write as _;
use std::io::{self, Write};
use tykmetrics::merge::distribution::Distribution;
use tykmetrics::snapshot::{Snapshot, Value};

/// A text that replaces the one before, on a terminal; elsewhere the texts follow each other.
pub(crate) struct Screen<W> {
    out: W,
    redraw: bool,
    lines: usize,
}

impl<W: Write> Screen<W> {
    pub(crate) fn new(out: W, redraw: bool) -> Self {
        Screen { out, redraw, lines: 0 }
    }

    pub(crate) fn draw(&mut self, text: &str) -> io::Result<()> {
        if !self.redraw {
            return self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        }
        if self.lines > 0 {
            write!(self.out, "\x1b[{}A", self.lines)?;
        }
        for line in text.lines() {
            // The rest of the line is cleared, in case the text before was longer.
            writeln!(self.out, "{line}\x1b[K")?;
        }
        self.lines = text.lines().count();
        self.out.flush()
    }
}

/// What came between two snapshots: a line for all, and one for each endpoint.
pub(crate) fn live(now: &Snapshot, before: &Snapshot, begun_ms: u64) -> String {
    let since = now.delta(before);
    let seconds = (now.at_ms.saturating_sub(before.at_ms)).max(1) as f64 / 1000.0;
    let per_second = |count: u64| grouped((count as f64 / seconds).round() as u64);
    let errors = |labels: &[(&str, &str)]| {
        let good = [labels, &[("status", "200")]].concat();
        let of = |labels: &[(&str, &str)]| total(&since, "http_response_status_total", labels);
        of(labels).saturating_sub(of(&good))
    };
    let (requests, hits) = (total(&since, "http_requests_total", &[]), total(&since, "cache_hits_total", &[]));
    let mut text = format!(
        "{:>4.1} s · {} requests/s · {} errors · {} of cache · in flight {} · {}\n",
        now.at_ms.saturating_sub(begun_ms) as f64 / 1000.0,
        per_second(requests),
        percent(errors(&[]), requests),
        percent(hits, hits + total(&since, "cache_misses_total", &[])),
        // A gauge has no difference: it is what it is now.
        total(now, "http_requests_in_flight", &[]),
        state(now),
    );
    let head = ["endpoint", "requests/s", "errors/s", "p50", "p95", "p99", "5 ms to 30 s"];
    let _ = line(&mut text, head);
    for route in &ROUTES {
        let labels = [("endpoint", route.endpoint)];
        let durations = distribution(&since, "http_request_duration_seconds", &labels);
        let quantile = |q| durations.map_or_else(String::new, |d| duration(d.quantile(q)));
        let cells = [
            &per_second(total(&since, "http_requests_total", &labels)),
            &per_second(errors(&labels)),
            &quantile(0.5),
            &quantile(0.95),
            &quantile(0.99),
            &durations.map(bars).unwrap_or_default(),
        ];
        let [requests, errors, p50, p95, p99, bars] = cells.map(String::as_str);
        let _ = line(&mut text, [route.endpoint, requests, errors, p50, p95, p99, bars]);
    }
    text
}

fn line(text: &mut String, [endpoint, requests, errors, p50, p95, p99, bars]: [&str; 7]) -> std::fmt::Result {
    writeln!(text, "  {endpoint:<17} {requests:>10} {errors:>9} {p50:>8} {p95:>8} {p99:>8}  {bars}")
}

/// The times of all answers, and the sizes of the last ones.
pub(crate) fn quantiles(end: &Snapshot) -> String {
    const SHOWN: [f64; 5] = [0.5, 0.9, 0.95, 0.99, 0.999];
    let mut text = format!("  {:<17} {:>12} {:>8}", "endpoint", "requests", "mean");
    SHOWN.iter().for_each(|q| text.push_str(&format!(" {:>8}", format!("p{}", q * 100.0))));
    text.push_str("      max\n");
    for route in &ROUTES {
        let labels = [("endpoint", route.endpoint)];
        let Some(times) = distribution(end, "http_request_duration_seconds", &labels) else { continue };
        let (count, mean) = (times.count(), times.sum() / times.count() as f64);
        let _ = write!(text, "  {:<17} {:>12} {:>8}", route.endpoint, grouped(count), duration(mean));
        let values = SHOWN.iter().map(|q| times.quantile(*q)).chain([times.max()]);
        values.for_each(|seconds| text.push_str(&format!(" {:>8}", duration(seconds))));
        text.push('\n');
    }
    let sizes = end.family("http_response_size_bytes").and_then(|family| family.series().next());
    if let Some(Value::Summary(sizes)) = sizes.map(|series| series.value()) {
        let _ = write!(text, "  response sizes of the last {} s:", SIZES_WINDOW.as_secs());
        sizes.values.iter().for_each(|(q, bytes)| text.push_str(&format!("  p{} {bytes:.0} B", q * 100.0)));
        text.push('\n');
    }
    text
}

/// The first `lines` of an exposition, and how many follow.
pub(crate) fn beginning(exposition: &[u8], lines: usize) -> String {
    const WIDTH: usize = 200;
    let exposition = String::from_utf8_lossy(exposition);
    let mut text = String::new();
    for line in exposition.lines().take(lines) {
        match line.char_indices().nth(WIDTH) {
            // A JSON document is a single line.
            Some((end, _)) => {
                let _ = writeln!(text, "{} … {} bytes more", &line[..end], grouped((line.len() - end) as u64));
            }
            None => text.extend([line, "\n"]),
        }
    }
    match exposition.lines().count().saturating_sub(lines) {
        0 => text,
        more => text + &format!("… {} lines more\n", grouped(more as u64)),
    }
}

fn distribution<'a>(snapshot: &'a Snapshot, family: &str, labels: &[(&str, &str)]) -> Option<&'a Distribution> {
    match snapshot.family(family)?.find(labels)?.value() {
        Value::Histogram(distribution) => Some(distribution),
        _ => None,
    }
}

/// The state that holds.
fn state(snapshot: &Snapshot) -> &str {
    let Some(family) = snapshot.family("gateway_state") else { return "" };
    match family.series().next().map(|series| series.value()) {
        Some(Value::StateSet(holds)) => {
            let state = family.meta.states.iter().zip(holds).find(|(_, holds)| **holds);
            state.map_or("", |(state, _)| state.as_str())
        }
        _ => "",
    }
}

/// A bar for each classic bucket, as high as its share of the fullest one.
fn bars(distribution: &Distribution) -> String {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let mut below = 0;
    let mut counts: Vec<u64> =
        distribution.cumulative().map(|(_, upto)| upto - std::mem::replace(&mut below, upto)).collect();
    counts.push(distribution.count() - below);
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    // Rounded up: what happened at all is seen.
    counts.iter().map(|count| BARS[(count * 8).div_ceil(most) as usize]).collect()
}

/// A duration in three figures.
fn duration(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s.is_nan() => return "-".into(),
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s => (s * 1e6, "µs"),
    };
    let decimals = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} {unit}")
}

fn percent(part: u64, all: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / all.max(1) as f64)
}

/// A number with its thousands set apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let texts = [0, 999, 1000, 1_234_567, 12_345_678].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567", "12,345,678"]);
    }

    #[test]
    fn a_duration_has_three_figures_and_its_unit() {
        let texts = [0.000_001_5, 0.012_34, 0.9, 1.0, 12.34, 123.4, f64::NAN].map(duration);
        assert_eq!(texts, ["1.50 µs", "12.3 ms", "900 ms", "1.00 s", "12.3 s", "123 s", "-"]);
    }

    #[test]
    fn the_beginning_says_how_much_follows() {
        assert_eq!(beginning(b"a\nb\nc\n", 2), "a\nb\n… 1 lines more\n");
        assert_eq!(beginning(b"a\nb\n", 2), "a\nb\n");
        assert!(beginning("é".repeat(300).as_bytes(), 2).ends_with(" … 200 bytes more\n"));
    }

    #[test]
    fn a_terminal_is_drawn_over_and_a_file_is_added_to() {
        let drawn = |redraw| {
            let mut screen = Screen::new(Vec::new(), redraw);
            screen.draw("a\nb\n").expect("a vector takes all");
            screen.draw("c\nd\n").expect("a vector takes all");
            String::from_utf8(screen.out).expect("text")
        };
        assert_eq!(drawn(false), "a\nb\nc\nd\n");
        assert_eq!(drawn(true), "a\x1b[K\nb\x1b[K\n\x1b[2Ac\x1b[K\nd\x1b[K\n");
    }
}

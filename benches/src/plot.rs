//! The record's picture: a bar per contender and scenario, on a logarithmic scale, as plain SVG.
//!
//! Colours follow the reader's light or dark preference. Shown are the scenarios measured in nanoseconds per
//! operation or series; nothing is computed here beyond positions.

use std::fmt::Write;

use crate::engines::Role;
use crate::results::{self, Results, Row};

const WIDTH: f64 = 960.0;
const LABELS: f64 = 300.0;
const RIGHT: f64 = 110.0;
const BAR: f64 = 18.0;
const STEP: f64 = 24.0;
const HEAD: f64 = 34.0;
const TOP: f64 = 64.0;

const SHOWN: [&str; 8] = [
    results::LIMIT,
    results::COUNTER,
    results::COUNTER_PAIR,
    results::HISTOGRAM,
    results::HISTOGRAM_PAIR,
    results::LOOKUP,
    results::LOOKUP_PAIR,
    results::RENDER,
];

const STYLE: &str = "
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .title { font-size: 18px; font-weight: 600; }
    .head { font-weight: 600; }
    .quiet { fill: #59636e; font-size: 12px; }
    .page { fill: #ffffff; }
    .grid { stroke: #d1d9e0; stroke-width: 1; }
    .ours { fill: #0969da; }
    .peer { fill: #9198a1; }
    .less { fill: #9198a1; fill-opacity: 0.45; }
    .limit { fill: #1a7f37; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .quiet { fill: #9198a1; }
      .page { fill: #0d1117; }
      .grid { stroke: #3d444d; }
      .ours { fill: #4493f8; }
      .peer { fill: #656c76; }
      .less { fill: #656c76; }
      .limit { fill: #3fb950; }
    }
";

/// Positions of decades between the smallest and the largest figure.
struct Scale {
    low: i32,
    high: i32,
}

impl Scale {
    fn of(rows: &[&Row]) -> Self {
        let decades = || rows.iter().map(|row| row.stat.best).filter(|v| v.is_finite() && *v > 0.0).map(f64::log10);
        let low = decades().fold(0.0, f64::min).floor() as i32;
        let high = decades().fold(1.0, f64::max).ceil() as i32;
        Self { low, high }
    }

    fn x(&self, value: f64) -> f64 {
        let share = (value.log10() - f64::from(self.low)) / f64::from(self.high - self.low);
        LABELS + share * (WIDTH - LABELS - RIGHT)
    }
}

/// The picture of a run.
pub(crate) fn svg(results: &Results, date: &str) -> String {
    let shown: Vec<(&str, Vec<&Row>)> = SHOWN
        .into_iter()
        .map(|scenario| (scenario, results.of(scenario).filter(|row| row.stat.best > 0.0).collect::<Vec<_>>()))
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    let all: Vec<&Row> = shown.iter().flat_map(|(_, rows)| rows.iter().copied()).collect();
    let scale = Scale::of(&all);
    let height = TOP + shown.len() as f64 * HEAD + all.len() as f64 * STEP + 24.0;
    let mut out = String::new();
    // Writing into a String cannot fail, here and below.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-label=\"Nanoseconds per operation by contender\">\n<style>{STYLE}</style>\n\
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
         <text class=\"title\" x=\"16\" y=\"28\">Nanoseconds per operation, {date}</text>\n\
         <text class=\"quiet\" x=\"16\" y=\"48\">Logarithmic scale; shorter is better; pale bars do less than the \
         others; render is per series</text>\n"
    );
    for decade in scale.low..=scale.high {
        let value = 10_f64.powi(decade);
        let x = scale.x(value);
        let _ = writeln!(
            out,
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{:.1}\"/>\
             <text class=\"quiet\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{value}</text>",
            height - 20.0,
            height - 6.0
        );
    }
    let mut y = TOP;
    for (scenario, rows) in shown {
        let _ = writeln!(out, "<text class=\"head\" x=\"16\" y=\"{:.1}\">{}</text>", y + 22.0, escaped(scenario));
        y += HEAD;
        for row in rows {
            bar(&mut out, row, &scale, y);
            y += STEP;
        }
    }
    out.push_str("</svg>\n");
    out
}

fn bar(out: &mut String, row: &Row, scale: &Scale, y: f64) {
    let class = match (row.role, row.less) {
        (Role::Ours, _) => "ours",
        (Role::Limit, _) => "limit",
        (Role::Peer, None) => "peer",
        (Role::Peer, Some(_)) => "less",
    };
    let end = scale.x(row.stat.best);
    let text = y + BAR - 4.5;
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{text:.1}\" text-anchor=\"end\">{}</text>\
         <rect class=\"{class}\" x=\"{LABELS}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"2\"/>\
         <text x=\"{:.1}\" y=\"{text:.1}\">{:.2}</text>",
        LABELS - 8.0,
        escaped(&row.contender),
        (end - LABELS).max(1.0),
        end + 6.0,
        row.stat.best
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Stat;

    #[test]
    fn a_tenth_of_the_time_is_a_decade_to_the_left() {
        let scale = Scale { low: -1, high: 2 };
        let decade = scale.x(10.0) - scale.x(1.0);
        assert!((scale.x(1.0) - scale.x(0.1) - decade).abs() < 1e-9);
        assert!((scale.x(100.0) - (WIDTH - RIGHT)).abs() < 1e-9);
    }

    #[test]
    fn every_figure_has_a_bar_and_marks_are_escaped() {
        let mut results = Results::default();
        results.add(results::COUNTER, "us", Role::Ours, "ns", Stat::exact(0.5));
        results.add(results::COUNTER, "a<b", Role::Peer, "ns", Stat::exact(50.0));
        let text = svg(&results, "2026-01-02");
        assert_eq!(text.matches("rx=\"2\"").count(), 2);
        assert!(text.contains("a&lt;b") && !text.contains("a<b"));
    }
}

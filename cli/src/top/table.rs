//! Numbers as rows of text: which columns a view has, in what order its rows come, which of them are shown.

use super::numbers::Numbers;
use crate::output::harmless;
use std::cmp::Ordering;

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum View {
    /// Rates, errors and latencies
    Requests,
    /// How many series families have
    Families,
    /// Gauges and other values
    Values,
}

impl View {
    pub(super) const ALL: [View; 3] = [View::Requests, View::Families, View::Values];

    /// What its rows can be sorted by, the usual one first.
    pub(super) fn sorts(self) -> &'static [Sort] {
        match self {
            View::Requests => &[Sort::Rate, Sort::Errors, Sort::Latency, Sort::Name],
            View::Families => &[Sort::Series, Sort::Name],
            View::Values => &[Sort::Name, Sort::Value],
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            View::Requests => "requests",
            View::Families => "families",
            View::Values => "values",
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            View::Requests => &["name", "endpoint", "rate/s", "errors", "p50", "p90", "p99", "total"],
            View::Families => &["family", "type", "series", "samples", "grows by"],
            View::Values => &["series", "value", "change"],
        }
    }
}

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sort {
    /// Requests per second
    Rate,
    /// The part that are errors
    Errors,
    /// The highest latency quantile
    Latency,
    /// The name
    Name,
    /// How many series
    Series,
    /// The value
    Value,
}

impl Sort {
    pub(super) fn name(self) -> &'static str {
        match self {
            Sort::Rate => "rate",
            Sort::Errors => "errors",
            Sort::Latency => "latency",
            Sort::Name => "name",
            Sort::Series => "series",
            Sort::Value => "value",
        }
    }
}

/// Rows with a heading; the first cells are texts and stand left, as does the last of families.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// How many columns stand left.
    pub(super) left: usize,
    /// Rows that stand out, by their place.
    pub(super) alarming: Vec<bool>,
}

/// The part of errors above which a row stands out.
const ALARMING: f64 = 0.01;

struct Row {
    cells: Vec<String>,
    key: f64,
    alarming: bool,
}

pub(super) fn of(numbers: &Numbers, view: View, sort: Sort, reversed: bool, filter: &str) -> Table {
    let mut rows = match view {
        View::Requests => requests(numbers, sort),
        View::Families => families(numbers),
        View::Values => values(numbers),
    };
    let wanted = filter.to_lowercase();
    rows.retain(|row| wanted.is_empty() || row.cells.iter().any(|cell| cell.to_lowercase().contains(&wanted)));
    // Names rise, numbers fall; what is not known comes last either way.
    rows.sort_by(|one, other| {
        let names = || one.cells.cmp(&other.cells);
        let order = match (sort, one.key.is_nan(), other.key.is_nan()) {
            (Sort::Name, _, _) => names(),
            (_, true, false) => return Ordering::Greater,
            (_, false, true) => return Ordering::Less,
            _ => other.key.total_cmp(&one.key),
        };
        let order = if reversed { order.reverse() } else { order };
        order.then_with(names)
    });
    Table {
        head: view.columns().iter().map(|name| (*name).to_owned()).collect(),
        left: if view == View::Values { 1 } else { 2 },
        alarming: rows.iter().map(|row| row.alarming).collect(),
        rows: rows.into_iter().map(|row| row.cells).collect(),
    }
}

fn requests(numbers: &Numbers, sort: Sort) -> Vec<Row> {
    let row = |request: &super::numbers::Request| {
        let time = |value: Option<f64>| match value {
            None => "-".to_owned(),
            Some(value) if request.seconds => duration(value),
            Some(value) => number(value),
        };
        let errors = request.errors.filter(|_| numbers.rates);
        let [p50, p90, p99] = request.quantiles.map(time);
        let key = match sort {
            Sort::Errors => request.errors,
            Sort::Latency => request.quantiles[2],
            _ => Some(request.rate),
        };
        Row {
            key: key.unwrap_or(f64::NAN),
            alarming: errors.is_some_and(|errors| errors > ALARMING),
            cells: vec![
                harmless(&request.family),
                harmless(&request.endpoint),
                if numbers.rates { number(request.rate) } else { "…".to_owned() },
                errors.map_or_else(|| "-".to_owned(), percent),
                p50,
                p90,
                p99,
                number(request.total),
            ],
        }
    };
    numbers.requests.iter().map(row).collect()
}

fn families(numbers: &Numbers) -> Vec<Row> {
    let row = |size: &super::numbers::Size| Row {
        key: size.series as f64,
        alarming: false,
        cells: vec![
            harmless(&size.family),
            size.kind.to_owned(),
            size.series.to_string(),
            size.samples.to_string(),
            size.grows
                .as_ref()
                .map_or_else(|| "-".to_owned(), |(label, values)| format!("{} ({values})", harmless(label))),
        ],
    };
    numbers.families.iter().map(row).collect()
}

fn values(numbers: &Numbers) -> Vec<Row> {
    let row = |shown: &super::numbers::Shown| Row {
        key: shown.value,
        alarming: false,
        cells: vec![
            harmless(&shown.name),
            number(shown.value),
            match shown.change {
                Some(change) if change != 0.0 => format!("{}{}", if change > 0.0 { "+" } else { "" }, number(change)),
                _ => "-".to_owned(),
            },
        ],
    };
    numbers.values.iter().map(row).collect()
}

/// A part as a percentage.
pub(super) fn percent(part: f64) -> String {
    match part * 100.0 {
        0.0 => "0%".to_owned(),
        percent if percent < 10.0 => format!("{percent:.2}%"),
        percent => format!("{percent:.1}%"),
    }
}

/// A number of four digits or so, with a letter for its thousands.
pub(super) fn number(value: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")];
    let size = value.abs();
    if !size.is_finite() {
        return match value {
            f64::INFINITY => "+Inf".to_owned(),
            f64::NEG_INFINITY => "-Inf".to_owned(),
            _ => "NaN".to_owned(),
        };
    }
    if let Some((unit, letter)) = UNITS.iter().find(|(unit, _)| size >= *unit) {
        let unit = if *letter == "k" { 1e3 } else { *unit };
        return format!("{:.1}{letter}", value / unit);
    }
    match size {
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        100.0.. => format!("{value:.1}"),
        0.01.. => format!("{value:.2}"),
        _ => format!("{value:.1e}"),
    }
}

/// A time, in the unit that suits it.
pub(super) fn duration(seconds: f64) -> String {
    match seconds.abs() {
        size if !size.is_finite() => number(seconds),
        60.0.. => format!("{:.1}m", seconds / 60.0),
        1.0.. => format!("{seconds:.2}s"),
        1e-3.. => format!("{:.1}ms", seconds * 1e3),
        1e-6.. => format!("{:.0}µs", seconds * 1e6),
        0.0 => "0".to_owned(),
        _ => format!("{:.0}ns", seconds * 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::super::numbers::{Request, Shown};
    use super::*;

    fn numbers() -> Numbers {
        let request = |endpoint: &str, rate, errors, p99| Request {
            family: "hits".into(),
            endpoint: endpoint.into(),
            rate,
            errors,
            quantiles: [None, None, p99],
            seconds: true,
            total: 1.0,
        };
        let requests = vec![
            request("/b", 1.0, Some(0.5), None),
            request("/a", 9.0, None, Some(0.012)),
            request("/c", 2.0, Some(0.0), Some(3.0)),
        ];
        Numbers { requests, rates: true, ..Numbers::default() }
    }

    #[test]
    fn rows_are_sorted_and_what_is_not_known_comes_last() {
        let order = |sort, reversed| -> Vec<String> {
            of(&numbers(), View::Requests, sort, reversed, "").rows.into_iter().map(|mut row| row.remove(1)).collect()
        };
        assert_eq!(order(Sort::Rate, false), ["/a", "/c", "/b"]);
        assert_eq!(order(Sort::Rate, true), ["/b", "/c", "/a"]);
        assert_eq!(order(Sort::Errors, false), ["/b", "/c", "/a"]);
        assert_eq!(order(Sort::Errors, true), ["/c", "/b", "/a"]);
        assert_eq!(order(Sort::Latency, false), ["/c", "/a", "/b"]);
        assert_eq!(order(Sort::Name, false), ["/a", "/b", "/c"]);
    }

    #[test]
    fn a_filter_looks_at_all_cells_and_names_cannot_steer() {
        assert_eq!(of(&numbers(), View::Requests, Sort::Rate, false, "12.0MS").rows.len(), 1);
        assert_eq!(of(&numbers(), View::Requests, Sort::Rate, false, "HITS").rows.len(), 3);
        let shown = Shown { name: "a\x1b[2J".into(), value: 1.0, change: None };
        let numbers = Numbers { values: vec![shown], ..Numbers::default() };
        assert_eq!(of(&numbers, View::Values, Sort::Name, false, "").rows[0][0], "a\\u{1b}[2J");
    }

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 3.0, 0.5, 123.456, 12345.0, 1.5e6, 2e9, 3e13, 0.0001, -2.5].map(number);
        assert_eq!(shown, ["0", "3", "0.50", "123.5", "12.3k", "1.5M", "2.0G", "30.0T", "1.0e-4", "-2.50"]);
        let times = [0.0, 2e-9, 3e-5, 0.0123, 1.5, 90.0].map(duration);
        assert_eq!(times, ["0", "2ns", "30µs", "12.3ms", "1.50s", "1.5m"]);
        assert_eq!([0.0, 0.005, 0.25].map(percent), ["0%", "0.50%", "25.0%"]);
    }
}

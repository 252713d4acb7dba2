//! What is shown: where to look, totals while it runs, the table at the end.
//!
//! `main` is the caller; everything is text made of plain numbers. On a terminal the totals are rewritten in their place,
//! elsewhere they are lines like any other, and fewer.

use crate::compare::Columns;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Thousands with commas.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The totals of a gateway while it runs.
pub(crate) struct Total {
    pub(crate) name: &'static str,
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) per_second: u64,
    /// What its `/metrics` says, if it could be read.
    pub(crate) metrics: Option<u64>,
}

/// One line for each gateway.
pub(crate) fn totals(second: u64, totals: &[Total]) -> Vec<String> {
    let line = |total: &Total| {
        let metrics = total.metrics.map_or("no answer".to_owned(), grouped);
        format!(
            "{second:>4} s  {:<7} {:>9} requests {:>7} errors {:>6}/s   /metrics: {metrics:>9}",
            total.name,
            grouped(total.requests),
            grouped(total.errors),
            grouped(total.per_second),
        )
    };
    totals.iter().map(line).collect()
}

/// Writes lines, over those that it wrote before if it may.
pub(crate) struct Screen<W> {
    out: W,
    /// Lines to go up; `None` where nothing is rewritten.
    drawn: Option<usize>,
}

impl<W: Write> Screen<W> {
    pub(crate) fn new(out: W, terminal: bool) -> Self {
        Screen { out, drawn: terminal.then_some(0) }
    }

    pub(crate) fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        let mut text = String::new();
        if let Some(drawn) = &mut self.drawn {
            if *drawn > 0 {
                let _ = write!(text, "\x1b[{drawn}A");
            }
            *drawn = lines.len();
        }
        let clear = if self.drawn.is_some() { "\x1b[K" } else { "" };
        lines.iter().for_each(|line| _ = writeln!(text, "{line}{clear}"));
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

/// A gateway's part of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) sent: Columns,
    /// What its `/metrics` says; nothing if it could not be read.
    pub(crate) metrics: Option<Columns>,
    /// How many series were compared.
    pub(crate) series: usize,
    pub(crate) equal: bool,
}

/// Two lines for each gateway: the load generator's own counts, and those of `/metrics`.
pub(crate) fn table(rows: &[Row]) -> String {
    let both = rows.iter().flat_map(|row| [Some(&row.sent), row.metrics.as_ref()]).flatten();
    let statuses: BTreeSet<u16> = both.flat_map(|columns| columns.statuses.keys().copied()).collect();
    let mut text = format!("{:<8}{:<11}{:>9}", "", "", "requests");
    statuses.iter().for_each(|status| _ = write!(text, "{status:>8}"));
    let _ = writeln!(text, "{:>8}{:>10}", "errors", "upstream");
    for row in rows {
        let _ = writeln!(text, "{:<8}{:<11}{}", row.name, "load", numbers(&row.sent, &statuses));
        let verdict = if row.equal { "equal" } else { "NOT equal" };
        let _ = match &row.metrics {
            Some(columns) => {
                let numbers = numbers(columns, &statuses);
                writeln!(text, "{:<8}{:<11}{numbers}   {verdict}, {} series", "", "/metrics", row.series)
            }
            None => writeln!(text, "{:<8}/metrics could not be read", ""),
        };
    }
    text
}

fn numbers(columns: &Columns, statuses: &BTreeSet<u16>) -> String {
    let mut text = format!("{:>9}", grouped(columns.requests));
    for status in statuses {
        let count = columns.statuses.get(status).copied().unwrap_or_default();
        let _ = write!(text, "{:>8}", grouped(count));
    }
    let _ = write!(text, "{:>8}{:>10}", grouped(columns.errors), grouped(columns.upstream));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_written_over_and_a_file_is_not() {
        let lines = ["a".to_owned(), "b".to_owned()];
        for (terminal, expected) in [(true, "a\x1b[K\nb\x1b[K\n\x1b[2Aa\x1b[K\nb\x1b[K\n"), (false, "a\nb\na\nb\n")] {
            let mut out = Vec::new();
            let mut screen = Screen::new(&mut out, terminal);
            screen.draw(&lines).expect("memory takes it");
            screen.draw(&lines).expect("memory takes it");
            assert_eq!(String::from_utf8(out).expect("text"), expected);
        }
    }

    #[test]
    fn a_table_has_both_counts_below_each_other() {
        let columns = |requests, ok| Columns {
            requests,
            statuses: [(200, ok), (500, 3)].into_iter().collect(),
            errors: 3,
            upstream: 3,
        };
        let (sent, metrics) = (columns(1503, 1500), Some(columns(1504, 1501)));
        let row = Row { name: "go", sent, metrics, series: 9, equal: false };
        let text = table(&[row]);
        let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[0], ["requests", "200", "500", "errors", "upstream"]);
        assert_eq!(words[1], ["go", "load", "1,503", "1,500", "3", "3", "3"]);
        assert_eq!(words[2], ["/metrics", "1,504", "1,501", "3", "3", "3", "NOT", "equal,", "9", "series"]);
    }
}

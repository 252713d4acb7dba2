//! Lines of text for a screen of some size, or for all rows.

use super::app::App;
use super::numbers::Numbers;
use super::table::{Table, View, number, percent};
use crate::output::{Paint, harmless};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A column is no wider than this where the screen is narrow.
const NARROW: usize = 28;

/// Every row, without a screen.
pub(super) fn whole(app: &App, numbers: &Numbers, color: bool) -> String {
    let paint = Paint(color);
    let table = app.table(numbers);
    let mut out = format!("{}\n", paint.bold(&totals(app, numbers)));
    for line in lines(&table, usize::MAX, 0, table.rows.len(), paint) {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A screen full: two lines about all of it, the heading and rows, and a line of keys.
pub(super) fn frame(app: &App, width: usize, height: usize, color: bool) -> Vec<String> {
    let paint = Paint(color);
    let mut frame = Vec::with_capacity(height);
    let head = match &app.numbers {
        Some(numbers) => totals(app, numbers),
        None => format!("{}: asking…", harmless(&app.name)),
    };
    frame.push(paint.bold(&cut(&head, width)));
    frame.push(state(app, width, paint));
    if let Some(numbers) = &app.numbers {
        let table = app.table(numbers);
        let rows = height.saturating_sub(4);
        frame.extend(lines(&table, width, app.first, rows, paint));
        if table.rows.is_empty() {
            frame.push(cut("nothing to show: another view by 1 2 3, no filter by Esc", width));
        }
    }
    frame.truncate(height.saturating_sub(1));
    while frame.len() + 1 < height {
        frame.push(String::new());
    }
    let keys = "1 2 3 view  s sort  r reverse  / filter  p pause  ↑↓ move  q quit";
    frame.push(paint.dim(&cut(keys, width)));
    frame
}

fn totals(app: &App, numbers: &Numbers) -> String {
    let mut text = format!("{}: {} families, {} samples", harmless(&app.name), numbers.families.len(), numbers.samples);
    if let (Some(errors), true) = (numbers.errors, numbers.rates) {
        text.push_str(&format!(", {} requests/s, {} errors", number(numbers.rate), percent(errors)));
    }
    text
}

/// What is shown of it, or why nothing new is.
fn state(app: &App, width: usize, paint: Paint) -> String {
    if app.typing {
        return cut(&format!("filter: {}_", app.filter), width);
    }
    if let Some((since, why)) = &app.failed {
        let ago = since.elapsed().as_secs();
        return paint.red(&cut(&format!("no answer for {ago} s: {}", harmless(why)), width));
    }
    let views: Vec<String> = View::ALL
        .iter()
        .enumerate()
        .map(|(at, view)| match *view == app.view {
            true => format!("[{} {}]", at + 1, view.name()),
            false => format!(" {} {} ", at + 1, view.name()),
        })
        .collect();
    let mut text = format!("{}  by {}", views.join(""), app.sort().name());
    if app.reversed {
        text.push_str(" (reversed)");
    }
    if !app.filter.is_empty() {
        text.push_str(&format!("  only {:?}", app.filter));
    }
    text.push_str(&if app.paused { "  paused".to_owned() } else { format!("  every {:?}", app.interval) });
    cut(&text, width)
}

/// The heading and some rows.
fn lines(table: &Table, width: usize, first: usize, count: usize, paint: Paint) -> Vec<String> {
    let shown: Vec<&Vec<String>> = table.rows.iter().skip(first).take(count).collect();
    let mut widths: Vec<usize> = (0..table.head.len())
        .map(|at| shown.iter().map(|row| row[at].width()).chain([table.head[at].width()]).max().unwrap_or_default())
        .collect();
    // What is too wide is taken from the texts, as numbers that are cut would lie.
    let gaps = 2 * widths.len().saturating_sub(1);
    for at in 0..table.left {
        let all: usize = widths.iter().sum::<usize>() + gaps;
        let over = all.saturating_sub(width);
        widths[at] = widths[at].saturating_sub(over).max(widths[at].min(NARROW));
    }
    let line = |cells: &[String]| {
        let cell = |(at, text): (usize, &String)| {
            let text = cut(text, widths[at]);
            let pad = " ".repeat(widths[at].saturating_sub(text.width()));
            if at < table.left { format!("{text}{pad}") } else { format!("{pad}{text}") }
        };
        let cells: Vec<String> = cells.iter().enumerate().map(cell).collect();
        cut(&cells.join("  "), width)
    };
    let mut lines = vec![paint.bold(&line(&table.head))];
    for (at, row) in shown.iter().enumerate() {
        let text = line(row);
        lines.push(if table.alarming[first + at] { paint.red(&text) } else { text });
    }
    lines
}

/// No wider than this, with a mark if something is missing.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let (mut cut, mut used) = (String::new(), 0);
    for c in text.chars() {
        used += c.width().unwrap_or_default();
        if used + 1 > width {
            break;
        }
        cut.push(c);
    }
    if width > 0 {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;

    #[test]
    fn a_frame_has_the_size_of_its_screen() {
        let Command::Top(top) = Args::parse_from(["tykmetrics", "top", "http://a"]).command else { panic!("top") };
        let mut app = App::new(&top, "http://a/metrics");
        for size in [(80, 24), (20, 5), (1, 1), (0, 0), (300, 100)] {
            for numbers in [false, true] {
                let request = super::super::numbers::Request {
                    family: "名前の長いメトリック_requests_total".into(),
                    endpoint: "/a/very/long/path/that/is/longer/than/a/narrow/screen".into(),
                    ..Default::default()
                };
                app.numbers = numbers.then(|| Numbers { requests: vec![request; 200], ..Numbers::default() });
                let frame = frame(&app, size.0, size.1, false);
                assert_eq!(frame.len(), size.1.max(1), "{size:?}");
                assert!(frame.iter().all(|line| line.width() <= size.0), "{size:?}: {frame:#?}");
            }
        }
    }

    #[test]
    fn what_is_cut_is_marked() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("名前", 3), "名…");
        assert_eq!(cut("abc", 0), "");
    }
}

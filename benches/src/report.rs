//! The tables on the screen and the record on disk.
//!
//! `record/<machine>/<date>.md` holds what the screen shows, `.json` the same figures for programs, `.svg` the bars
//! (`plot`). Writing is the only thing that can fail here.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::engines::Role;
use crate::machine::Machine;
use crate::plot;
use crate::results::{Results, Row};
use crate::targets::Target;

/// A run, ready to be printed.
pub(crate) struct Report<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) results: &'a Results,
    pub(crate) targets: &'a [Target],
    pub(crate) quick: bool,
    /// The group that was measured alone, which the record is called by too.
    pub(crate) part: Option<&'static str>,
}

impl Report<'_> {
    /// The whole report as Markdown, aligned so that it reads as plain text too.
    pub(crate) fn markdown(&self) -> String {
        let mut out = String::new();
        let machine = self.machine;
        let kind = if self.quick { "quick run" } else { "full run" };
        // Writing into a String cannot fail, here and below.
        let _ = writeln!(out, "# tykmetrics beside its peers, {} ({kind})\n", machine.date);
        let _ = writeln!(out, "{}, {} cores, {}, {}\n", machine.cpu, machine.cores, machine.kernel, machine.rustc);
        let _ = writeln!(out, "Commit {}. Trust the ratios of one run, not single figures.\n", machine.commit);
        let _ = writeln!(out, "## Asked and measured\n");
        let rows = self.targets.iter().map(|target| {
            [target.what.to_owned(), target.asked.clone(), target.measured.clone(), verdict(target.met).to_owned()]
        });
        table(&mut out, ["what", "asked", "measured", "verdict"], rows.collect());
        for scenario in self.results.scenarios() {
            let rows: Vec<&Row> = self.results.of(scenario).collect();
            let unit = rows.first().map_or("", |row| row.unit);
            let _ = writeln!(out, "\n## {}{} ({unit})\n", scenario[..1].to_uppercase(), &scenario[1..]);
            // Nothing is no multiple of anything: a ratio to zero is left out.
            let ours = self.results.ours(scenario).map(|row| row.stat.best).filter(|best| *best > 0.0);
            let lines = rows.iter().map(|row| {
                let ratio = ours.filter(|_| row.role == Role::Peer).map(|ours| row.stat.best / ours);
                let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}x ours"));
                let note = [row.less.unwrap_or_default(), &row.note, &ratio];
                let note = note.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
                [row.contender.clone(), format!("{:.2}", row.stat.best), format!("{:.2}", row.stat.median), note]
            });
            table(&mut out, ["contender", "best", "median", "note"], lines.collect());
        }
        out
    }

    fn json(&self) -> String {
        let machine = self.machine;
        let mut out = String::from("{\n");
        for (key, value) in [
            ("date", &machine.date),
            ("commit", &machine.commit),
            ("cpu", &machine.cpu),
            ("kernel", &machine.kernel),
            ("rustc", &machine.rustc),
        ] {
            let _ = writeln!(out, "  {}: {},", quoted(key), quoted(value));
        }
        let _ = writeln!(out, "  \"cores\": {},\n  \"quick\": {},", machine.cores, self.quick);
        let targets = self.targets.iter().map(|target| {
            let met = target.met.map_or("null".to_owned(), |met| met.to_string());
            format!(
                "{{\"what\": {}, \"asked\": {}, \"measured\": {}, \"met\": {met}}}",
                quoted(target.what),
                quoted(&target.asked),
                quoted(&target.measured)
            )
        });
        let _ = writeln!(out, "  \"targets\": [\n    {}\n  ],", targets.collect::<Vec<_>>().join(",\n    "));
        let rows = self.results.rows.iter().map(|row| {
            let role = match row.role {
                Role::Ours => "ours",
                Role::Peer => "peer",
                Role::Limit => "limit",
            };
            format!(
                "{{\"scenario\": {}, \"contender\": {}, \"role\": \"{role}\", \"unit\": {}, \"best\": {}, \
                 \"median\": {}, \"does_less\": {}, \"note\": {}}}",
                quoted(row.scenario),
                quoted(&row.contender),
                quoted(row.unit),
                number(row.stat.best),
                number(row.stat.median),
                row.less.map_or("null".to_owned(), quoted),
                quoted(&row.note)
            )
        });
        let _ = writeln!(out, "  \"rows\": [\n    {}\n  ]\n}}", rows.collect::<Vec<_>>().join(",\n    "));
        out
    }

    /// Writes the record below `folder` and returns the paths.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let folder = folder.join(self.machine.slug());
        fs::create_dir_all(&folder)?;
        let mut stem = format!("{}{}", self.machine.date, if self.quick { "-quick" } else { "" });
        if let Some(part) = self.part {
            stem = format!("{stem}-{part}");
        }
        let files =
            [("md", self.markdown()), ("json", self.json()), ("svg", plot::svg(self.results, &self.machine.date))];
        let mut written = Vec::new();
        for (extension, text) in files {
            let path = folder.join(format!("{stem}.{extension}"));
            fs::write(&path, text)?;
            written.push(path);
        }
        Ok(written)
    }
}

fn verdict(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => "met",
        Some(false) => "NOT MET",
        None => "not measured",
    }
}

fn table<const N: usize>(out: &mut String, head: [&str; N], rows: Vec<[String; N]>) {
    let width = |i: usize| {
        let cells = rows.iter().map(|row| row[i].chars().count());
        cells.chain([head[i].chars().count()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut line = |cells: [&str; N]| {
        for (cell, width) in cells.into_iter().zip(widths) {
            let _ = write!(out, "| {cell:width$} ");
        }
        out.push_str("|\n");
    };
    line(head);
    let rules = widths.map(|width| "-".repeat(width));
    line(std::array::from_fn(|i| rules[i].as_str()));
    for row in &rows {
        line(std::array::from_fn(|i| row[i].as_str()));
    }
}

// JSON has no word for what was not measured or is infinite.
fn number(value: f64) -> String {
    if value.is_finite() { format!("{value:.4}") } else { "null".to_owned() }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Stat;
    use crate::results::COUNTER;
    use crate::targets;
    use std::process::Command;

    fn machine() -> Machine {
        let text = |text: &str| text.to_owned();
        Machine {
            cpu: text("A \"CPU\""),
            cores: 2,
            kernel: text("Linux"),
            rustc: text("rustc"),
            commit: text("none"),
            date: text("2026-01-02"),
        }
    }

    fn results() -> Results {
        let mut results = Results::default();
        results.add(COUNTER, "us", Role::Ours, "ns", Stat::exact(1.0));
        results.add(COUNTER, "them <&>", Role::Peer, "ns", Stat { best: 4.0, median: f64::NAN });
        results
    }

    #[test]
    fn the_tables_show_verdicts_and_ratios() {
        let (machine, results) = (machine(), results());
        let targets = targets::judge(&results);
        let text =
            Report { machine: &machine, results: &results, targets: &targets, quick: true, part: None }.markdown();
        assert!(text.contains("NOT MET") && text.contains("not measured") && text.contains("4.00x ours"), "{text}");
    }

    #[test]
    fn the_record_is_three_files_of_which_one_is_json() {
        let (machine, results) = (machine(), results());
        let targets = targets::judge(&results);
        let folder = std::env::temp_dir().join(format!("tykmetrics-benches-{}", std::process::id()));
        let report = Report { machine: &machine, results: &results, targets: &targets, quick: false, part: None };
        let written = report.write(&folder).expect("a temporary folder is writable");
        let names: Vec<_> = written.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        assert_eq!(names, ["2026-01-02.md", "2026-01-02.json", "2026-01-02.svg"]);
        // Python's parsers are the oracles; without Python the names are all that is checked.
        let script = "import json,sys,xml.dom.minidom as x; \
                      d=json.load(open(sys.argv[1])); x.parse(sys.argv[2]); \
                      assert d['cpu']=='A \"CPU\"' and d['rows'][1]['median'] is None and len(d['targets'])==int(sys.argv[3])";
        let parsed =
            Command::new("python3").args(["-c", script]).args(&written[1..]).arg(targets.len().to_string()).status();
        assert!(parsed.map_or(true, |status| status.success()));
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }
}

//! What was found, told to people and to scripts.

use super::{Problem, Severity, Verdict};
use crate::args::Check;
use crate::output::{Paint, harmless};
use crate::read::Place;
use serde_json::{Value, json};
use std::fmt::Write;

/// How much of a line is shown before and behind its place.
const BEFORE: usize = 40;
const BEHIND: usize = 80;

pub(super) fn human(verdicts: &[Verdict], args: &Check) -> String {
    let paint = Paint(args.color.wanted());
    let mut out = String::new();
    for verdict in verdicts {
        for problem in &verdict.problems {
            told(&mut out, verdict, problem, paint);
        }
        if args.cardinality {
            cardinality(&mut out, verdict, paint);
        }
        let errors = verdict.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        let warnings = verdict.problems.len() - errors;
        let name = harmless(&verdict.name);
        let what = format!(
            "{}, {}, {}",
            verdict.format.as_str(),
            counted(verdict.families, "family", "families"),
            counted(verdict.samples, "sample", "samples")
        );
        let (warned, wrong) = (counted(warnings, "warning", "warnings"), counted(errors, "error", "errors"));
        let _ = match (errors, warnings) {
            (0, 0) => writeln!(out, "{name}: {what}: {}", paint.green("valid")),
            (0, _) => writeln!(out, "{name}: {what}: {}, {warned}", paint.green("valid")),
            (_, 0) => writeln!(out, "{name}: {}: {wrong}", paint.red("invalid")),
            _ => writeln!(out, "{name}: {}: {wrong}, {warned}", paint.red("invalid")),
        };
    }
    out
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn told(out: &mut String, verdict: &Verdict, problem: &Problem, paint: Paint) {
    let severity = match problem.severity {
        Severity::Error => paint.red("error"),
        Severity::Warning => paint.yellow("warning"),
    };
    let place = match problem.place {
        Place::Byte(at) => format!("byte {at}"),
        place => place.to_string(),
    };
    let head = paint.bold(&format!("{}:{place}:", harmless(&verdict.name)));
    let _ = writeln!(out, "{head} {severity}[{}]: {}", problem.rule, harmless(&problem.message));
    if let (Some(line), Place::Text { column, .. }) = (&problem.line, problem.place) {
        let skipped = (column - 1).saturating_sub(BEFORE);
        let piece: String = line.chars().skip(skipped).take(BEFORE + BEHIND).collect();
        let before: String = line.chars().skip(skipped).take(column - 1 - skipped).collect();
        let lead = if skipped > 0 { "…" } else { "" };
        let indent = unicode_width::UnicodeWidthStr::width(&*harmless(&before)) + lead.chars().count();
        let _ = writeln!(out, "  | {lead}{}", harmless(&piece));
        let _ = writeln!(out, "  | {}{}", " ".repeat(indent), paint.dim("^"));
    }
    if let Some(fix) = &problem.fix {
        let _ = writeln!(out, "  = {}", harmless(fix));
    }
}

fn cardinality(out: &mut String, verdict: &Verdict, paint: Paint) {
    let name = |verdict: &super::Cardinality| harmless(&verdict.name);
    let width = verdict.cardinality.iter().map(|one| name(one).chars().count()).max().unwrap_or(0).max("family".len());
    let head = format!("{:width$}  {:>8}  {:>8}  grows by", "family", "series", "samples");
    let _ = writeln!(out, "{}", paint.bold(&head));
    for one in &verdict.cardinality {
        let grows = match &one.grows {
            Some(grows) => {
                format!("{} ({} values; {} series without it)", harmless(&grows.label), grows.values, grows.without)
            }
            None => "-".to_owned(),
        };
        let _ = writeln!(out, "{:width$}  {:>8}  {:>8}  {grows}", name(one), one.series, one.samples);
    }
}

pub(super) fn json(verdicts: &[Verdict]) -> Vec<u8> {
    let list: Vec<Value> = verdicts.iter().map(verdict).collect();
    let mut bytes = serde_json::to_vec_pretty(&list).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn verdict(verdict: &Verdict) -> Value {
    let valid = verdict.problems.iter().all(|problem| problem.severity != Severity::Error);
    json!({
        "input": verdict.name,
        "format": clap::ValueEnum::to_possible_value(&verdict.format).map(|value| value.get_name().to_owned()),
        "valid": valid,
        "families": verdict.families,
        "samples": verdict.samples,
        "problems": verdict.problems.iter().map(problem).collect::<Vec<_>>(),
        "cardinality": verdict.cardinality.iter().map(|one| json!({
            "family": one.name,
            "series": one.series,
            "samples": one.samples,
            "grows_by": one.grows.as_ref().map(|grows| json!({
                "label": grows.label, "values": grows.values, "series_without": grows.without,
            })),
        })).collect::<Vec<_>>(),
    })
}

fn problem(problem: &Problem) -> Value {
    let (line, column, byte) = match problem.place {
        Place::Text { line, column } => (Some(line), Some(column), None),
        Place::Byte(at) => (None, None, Some(at)),
    };
    json!({
        "severity": match problem.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "rule": problem.rule,
        "line": line,
        "column": column,
        "byte": byte,
        "family": problem.family,
        "message": problem.message,
        "fix": problem.fix,
    })
}

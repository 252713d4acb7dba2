//! `tykmetrics check`: whether expositions are valid, and well named.
//!
//! An input is had (`fetch`), its format found out, read (`read`), and its families go through the rules: `consistency` has those
//! that a valid exposition keeps, `names` and `units` those of promtool's lint and a few more, `cardinality` counts series.
//! `report` tells what was found. Nothing here prints.

mod cardinality;
mod consistency;
mod names;
mod report;
mod rules;
mod units;

use crate::args::{Check, Output};
use crate::exit::Exit;
use crate::fetch::{self, Input};
use crate::output;
use crate::read::{Document, Format, Place, read_names};
use cardinality::Cardinality;
use rules::Rules;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    /// The format does not allow it.
    Error,
    /// It will hurt somebody.
    Warning,
}

/// Something that is wrong.
#[derive(Debug)]
struct Problem {
    severity: Severity,
    /// The rule, as `--lint` names it; `format` for what cannot be read.
    rule: &'static str,
    place: Place,
    /// The family, if it is about one.
    family: Option<String>,
    message: String,
    /// The way out, if there is one that can be told.
    fix: Option<String>,
    /// The line it stands in, if the input has lines.
    line: Option<String>,
}

/// What came of one input.
#[derive(Debug)]
struct Verdict {
    name: String,
    format: Format,
    problems: Vec<Problem>,
    families: usize,
    samples: usize,
    cardinality: Vec<Cardinality>,
}

impl Verdict {
    fn exit(&self, strict: bool) -> Exit {
        match self.problems.iter().map(|problem| problem.severity).min() {
            Some(Severity::Error) => Exit::Invalid,
            Some(Severity::Warning) if strict => Exit::Warnings,
            _ => Exit::Clean,
        }
    }
}

pub(crate) fn run(args: &Check) -> Exit {
    let rules = match Rules::from_list(&args.lint) {
        Ok(rules) => rules,
        Err(message) => return output::failed(&message),
    };
    let mut exit = Exit::Clean;
    let mut verdicts = Vec::new();
    for name in &args.inputs {
        match fetch::input(name, &args.http) {
            Ok(input) => {
                let verdict = judge(name, &input, args, &rules);
                exit = exit.and(verdict.exit(args.strict));
                verdicts.push(verdict);
            }
            Err(message) => exit = exit.and(output::failed(&message)),
        }
    }
    let told = match (args.quiet, args.output) {
        (true, _) => Exit::Clean,
        (false, Output::Json) => output::bytes(&report::json(&verdicts)),
        (false, Output::Human) => output::bytes(report::human(&verdicts, args).as_bytes()),
    };
    exit.and(told)
}

/// What makes a document invalid that could be read.
pub(crate) fn errors(document: &Document<'_>) -> Vec<String> {
    let rules = Rules::none();
    let mut found = rules::Found::new(document, &rules);
    for (index, family) in document.families.iter().enumerate() {
        found.family(index, family);
        consistency::check(&mut found);
    }
    found.finish().into_iter().map(|problem| format!("{}: {}", problem.place, problem.message)).collect()
}

fn judge(name: &str, input: &Input, args: &Check, rules: &Rules) -> Verdict {
    let mut verdict = Verdict {
        name: name.to_owned(),
        format: Format::Text,
        problems: Vec::new(),
        families: 0,
        samples: 0,
        cardinality: Vec::new(),
    };
    let refused = |place, message, line| Problem {
        severity: Severity::Error,
        rule: "format",
        place,
        family: None,
        message,
        fix: None,
        line,
    };
    match args.format.map_or_else(|| input.format(name), Ok) {
        Ok(format) => verdict.format = format,
        Err(message) => {
            verdict.problems.push(refused(Place::Text { line: 1, column: 1 }, message, None));
            return verdict;
        }
    }
    let document = match read_names(&input.bytes, verdict.format, args.legacy_names) {
        Ok(document) => document,
        Err(refusal) => {
            let line = match refusal.place {
                Place::Text { line, .. } => input.bytes.split(|byte| *byte == b'\n').nth(line - 1),
                Place::Byte(_) => None,
            };
            let line = line.map(|line| String::from_utf8_lossy(line).into_owned());
            verdict.problems.push(refused(refusal.place, refusal.message, line));
            return verdict;
        }
    };
    verdict.families = document.families.len();
    verdict.samples = document.families.iter().map(|family| family.samples.len()).sum();
    let mut found = rules::Found::new(&document, rules);
    for (index, family) in document.families.iter().enumerate() {
        found.family(index, family);
        consistency::check(&mut found);
        names::check(&mut found);
        units::check(&mut found);
        let counted = cardinality::count(family);
        if counted.series > args.limit {
            found.warn_growth(&counted, args.limit);
        }
        verdict.cardinality.push(counted);
    }
    verdict.problems = found.finish();
    verdict.cardinality.sort_by(|one, other| other.series.cmp(&one.series).then_with(|| one.name.cmp(&other.name)));
    verdict
}

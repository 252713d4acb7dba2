//! Which rules there are and which are asked for, and what they found.

use super::cardinality::Cardinality;
use super::{Problem, Severity};
use crate::read::{Document, Place, shown};
use std::collections::BTreeSet;
use tykmetrics::samples::{Family, Sample};

/// The rules that warn, by the names that `--lint` takes.
const LINTS: [&str; 14] = [
    "counter-suffix",
    "reserved-suffix",
    "reserved-label",
    "base-unit",
    "unit-abbreviation",
    "unit-suffix",
    "type-in-name",
    "camel-case",
    "colon",
    "no-help",
    "counter-value",
    "quantile-range",
    "histogram-sum",
    "cardinality",
];

/// The rules that were asked for.
#[derive(Debug)]
pub(super) struct Rules(BTreeSet<&'static str>);

impl Rules {
    /// Nothing warns.
    pub(super) fn none() -> Self {
        Rules(BTreeSet::new())
    }

    /// Reads `all`, `none`, `rule,rule`, `all,-rule`, `-rule`.
    pub(super) fn from_list(list: &str) -> Result<Self, String> {
        let mut rules = BTreeSet::new();
        for (at, word) in list.split(',').map(str::trim).enumerate() {
            let (name, out) = match word.strip_prefix('-') {
                Some(name) => (name, true),
                None => (word, false),
            };
            match (name, LINTS.iter().find(|rule| **rule == name)) {
                ("all", _) if !out => rules.extend(LINTS),
                ("none", _) if !out => rules.clear(),
                (_, Some(rule)) if out => {
                    // What is only left out is left out of all.
                    if at == 0 {
                        rules.extend(LINTS);
                    }
                    rules.remove(rule);
                }
                (_, Some(rule)) => {
                    rules.insert(rule);
                }
                _ => {
                    let known = LINTS.join(", ");
                    return Err(format!(
                        "--lint knows no rule {word:?}: it takes all, none, or some of {known}, each perhaps with - before it"
                    ));
                }
            }
        }
        Ok(Rules(rules))
    }
}

/// What is found, family by family.
pub(super) struct Found<'d, 'a> {
    document: &'d Document<'a>,
    rules: &'d Rules,
    problems: Vec<Problem>,
    index: usize,
    family: Option<&'d Family<'a>>,
    /// How many problems of each rule the family has.
    of_rule: std::collections::HashMap<&'static str, usize>,
}

/// One rule broken by every series of a family is one mistake; this many are shown.
const SHOWN: usize = 3;

impl<'d, 'a> Found<'d, 'a> {
    pub(super) fn new(document: &'d Document<'a>, rules: &'d Rules) -> Self {
        Found { document, rules, problems: Vec::new(), index: 0, family: None, of_rule: Default::default() }
    }

    /// Begins a family.
    pub(super) fn family(&mut self, index: usize, family: &'d Family<'a>) {
        self.close();
        self.index = index;
        self.family = Some(family);
    }

    /// The family that rules look at.
    pub(super) fn current(&self) -> &'d Family<'a> {
        static NONE: Family<'static> = Family {
            name: std::borrow::Cow::Borrowed(""),
            help: std::borrow::Cow::Borrowed(""),
            kind: tykmetrics::samples::Kind::Unknown,
            unit: std::borrow::Cow::Borrowed(""),
            samples: Vec::new(),
        };
        self.family.unwrap_or(&NONE)
    }

    pub(super) fn format(&self) -> crate::read::Format {
        self.document.format
    }

    /// Something that the format does not allow.
    pub(super) fn error(&mut self, rule: &'static str, sample: Option<&Sample<'_>>, message: String, fix: &str) {
        self.add(Severity::Error, rule, sample, message, fix);
    }

    /// Something that a rule warns of.
    pub(super) fn warn(&mut self, rule: &'static str, sample: Option<&Sample<'_>>, message: String, fix: &str) {
        debug_assert!(LINTS.contains(&rule), "{rule}");
        if self.rules.0.contains(rule) {
            self.add(Severity::Warning, rule, sample, message, fix);
        }
    }

    /// The same, of a label's name or value.
    pub(super) fn warn_label(
        &mut self,
        rule: &'static str,
        (sample, label): (&Sample<'_>, &str),
        message: String,
        fix: &str,
    ) {
        let before = self.problems.len();
        self.warn(rule, Some(sample), message, fix);
        if let (Some(added), Some(place)) = (self.problems.get_mut(before), self.document.places.of_piece(label)) {
            added.place = place;
        }
    }

    fn add(&mut self, severity: Severity, rule: &'static str, sample: Option<&Sample<'_>>, message: String, fix: &str) {
        let count = self.of_rule.entry(rule).or_default();
        *count += 1;
        if *count > SHOWN {
            return;
        }
        let family = self.current();
        let place: Place = match sample {
            Some(sample) => self.document.places.of_sample(self.index, family, sample),
            None => self.document.places.of_family(self.index, family),
        };
        let line = self.document.places.line(place).map(str::to_owned);
        let fix = (!fix.is_empty()).then(|| fix.to_owned());
        self.problems.push(Problem {
            severity,
            rule,
            place,
            family: Some(family.name.to_string()),
            message,
            fix,
            line,
        });
    }

    pub(super) fn warn_growth(&mut self, counted: &Cardinality, limit: usize) {
        let name = shown(&counted.name);
        let fix = match &counted.grows {
            Some(grows) => format!(
                "the label {} has {} values, and without it there were {} series: drop it, or make its values few",
                shown(&grows.label),
                grows.values,
                grows.without
            ),
            None => "give it fewer labels".to_owned(),
        };
        self.warn("cardinality", None, format!("{name} has {} series, and the limit is {limit}", counted.series), &fix);
    }

    /// Says how many were not shown.
    fn close(&mut self) {
        for (rule, count) in std::mem::take(&mut self.of_rule) {
            if let Some(more) = count.checked_sub(SHOWN).filter(|more| *more > 0)
                && let Some(last) = self.problems.iter_mut().rev().find(|problem| problem.rule == rule)
            {
                last.message.push_str(&format!(" (and {more} more like this in the family)"));
            }
        }
    }

    /// All problems, in the order of the input.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        self.close();
        self.problems.sort_by(|one, other| one.place.cmp(&other.place).then(one.severity.cmp(&other.severity)));
        self.problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_chosen_by_name() {
        let count = |list| Rules::from_list(list).map(|rules| rules.0.len());
        assert_eq!(count("all"), Ok(LINTS.len()));
        assert_eq!(count("none"), Ok(0));
        assert_eq!(count("no-help,colon"), Ok(2));
        assert_eq!(count("all,-no-help"), Ok(LINTS.len() - 1));
        assert_eq!(count("-no-help"), Ok(LINTS.len() - 1));
        assert!(count("helpless").unwrap_err().contains("no-help"));
        assert!(count("").is_err());
        assert!(count("-all").is_err());
    }
}

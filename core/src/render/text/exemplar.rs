//! Exemplars in the OpenMetrics formats: which are shown, and how.
//!
//! OpenMetrics 1.0 has room for one per counter and one per bucket, and bounds its text. 2.0 takes any number per series
//! but insists on a timestamp. An exemplar that does not fit the rules is left out; the series it belongs to never is.

use super::Flavour;
use crate::merge::snapshot::Exemplar;
use crate::render::escape::{self, Escaping};
use crate::render::number;

/// OpenMetrics 1.0, "Exemplars": names and values of the labels together, in characters.
const LONGEST_1: usize = 128;

/// True if the format may show this exemplar.
fn fits(exemplar: &Exemplar, flavour: Flavour, escaping: Escaping) -> bool {
    match flavour {
        Flavour::Classic => false,
        Flavour::Open1 => {
            let length = |(name, value): &(String, String)| {
                escape::label_name(name, escaping).chars().count() + value.chars().count()
            };
            exemplar.labels.iter().map(length).sum::<usize>() <= LONGEST_1
        }
        Flavour::Open2 => exemplar.at_ms != 0,
    }
}

/// The newest of the exemplars whose value is above `low` and at most `high`.
pub(crate) fn newest(exemplars: &[Exemplar], low: f64, high: f64) -> Option<&Exemplar> {
    exemplars.iter().filter(|e| e.value > low && e.value <= high).max_by_key(|e| e.at_ms)
}

/// Appends the newest exemplar of a series or a bucket that fits the format.
pub(super) fn one(out: &mut Vec<u8>, exemplars: &[Exemplar], range: (f64, f64), flavour: Flavour, escaping: Escaping) {
    let candidates = exemplars.iter().filter(|e| e.value > range.0 && e.value <= range.1);
    if let Some(exemplar) = candidates.filter(|e| fits(e, flavour, escaping)).max_by_key(|e| e.at_ms) {
        print(out, exemplar, escaping);
    }
}

/// Appends all exemplars that fit the format.
pub(super) fn all(out: &mut Vec<u8>, exemplars: &[Exemplar], flavour: Flavour, escaping: Escaping) {
    for exemplar in exemplars.iter().filter(|e| fits(e, flavour, escaping)) {
        print(out, exemplar, escaping);
    }
}

fn print(out: &mut Vec<u8>, exemplar: &Exemplar, escaping: Escaping) {
    out.extend_from_slice(b" # {");
    for (i, (name, value)) in exemplar.labels.iter().enumerate() {
        out.extend_from_slice(if i > 0 { b"," } else { b"" });
        super::label(out, name, value, escaping);
    }
    out.extend_from_slice(b"} ");
    number::value(out, exemplar.value);
    if exemplar.at_ms != 0 {
        out.push(b' ');
        number::seconds(out, exemplar.at_ms);
    }
}

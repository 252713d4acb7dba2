//! The rules on units: base units, written out, at the end of the name. The lists are those of promtool's lint (client_golang,
//! `prometheus/testutil/promlint/validations/units.go`), so that both say the same of a name.

use super::rules::Found;
use crate::read::shown;

/// A unit, and the base unit to use for it.
const UNITS: [(&str, &str); 24] = [
    ("amperes", "amperes"),
    ("bytes", "bytes"),
    ("celsius", "celsius"),
    ("grams", "grams"),
    ("joules", "joules"),
    ("kelvin", "kelvin"),
    ("meters", "meters"),
    ("metres", "metres"),
    ("seconds", "seconds"),
    ("volts", "volts"),
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
    ("weeks", "seconds"),
    ("kelvins", "kelvin"),
    ("fahrenheit", "celsius"),
    ("rankine", "celsius"),
    ("inches", "meters"),
    ("yards", "meters"),
    ("miles", "meters"),
    ("bits", "bytes"),
    ("calories", "joules"),
    ("pounds", "grams"),
    ("ounces", "grams"),
];

const PREFIXES: [&str; 19] = [
    "", "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega", "mibi", "giga",
    "gibi", "tera", "tebi", "peta", "pebi",
];

const ABBREVIATIONS: [&str; 14] = ["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"];

/// What most abbreviations stand for.
fn written_out(abbreviation: &str) -> &'static str {
    match abbreviation {
        "b" | "kb" | "mb" | "gb" | "tb" | "pb" => "bytes",
        _ => "seconds",
    }
}

/// The word of a name that is a unit, and its base unit.
fn unit(name: &str) -> Option<(&str, &'static str)> {
    name.split('_').find_map(|word| {
        let known = |(unit, base): &(&str, &'static str)| {
            let prefix = word.strip_suffix(unit)?;
            PREFIXES.contains(&prefix).then_some((word, *base))
        };
        UNITS.iter().find_map(known)
    })
}

pub(super) fn check(found: &mut Found<'_, '_>) {
    let family = found.current();
    let name = &*family.name;
    if let Some((word, base)) = unit(name)
        && word != base
    {
        let message = format!("the name {} has the unit {word}", shown(name));
        let fix = format!("tell it in {base}: call it {}", name.replacen(word, base, 1));
        found.warn("base-unit", None, message, &fix);
    }
    let lower = name.to_ascii_lowercase();
    for short in ABBREVIATIONS {
        if lower.contains(&format!("_{short}_")) || lower.ends_with(&format!("_{short}")) {
            let message = format!("the name {} has the abbreviation {short:?}", shown(name));
            let fix = format!("write units out, as in _{}, and tell the value in them", written_out(short));
            found.warn("unit-abbreviation", None, message, &fix);
        }
    }
    let unit = &*family.unit;
    let stem = name.strip_suffix("_total").unwrap_or(name);
    if !unit.is_empty() && !stem.strip_suffix(unit).is_some_and(|stem| stem.ends_with('_')) {
        let message = format!("{} has the unit {} and does not end in it", shown(name), shown(unit));
        found.warn("unit-suffix", None, message, &format!("call it {stem}_{unit}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_a_whole_word_with_a_known_prefix() {
        assert_eq!(unit("wait_milliseconds"), Some(("milliseconds", "seconds")));
        assert_eq!(unit("size_bytes_total"), Some(("bytes", "bytes")));
        assert_eq!(unit("kilometers_driven"), Some(("kilometers", "meters")));
        assert_eq!(unit("thermometers"), None);
        assert_eq!(unit("busy_days"), Some(("days", "seconds")));
    }
}

//! The rules of promtool's lint that are about names, labels and help texts, and those on values that no server refuses.

use super::rules::Found;
use crate::read::{Format, shown};
use std::collections::BTreeSet;
use tykmetrics::samples::{Kind, Sample};

pub(super) fn check(found: &mut Found<'_, '_>) {
    let family = found.current();
    // Nobody sees a family without samples, and promtool says nothing of it.
    if family.samples.is_empty() {
        return;
    }
    let (name, kind) = (&*family.name, family.kind);
    let companion = kind == Kind::Gauge && name.ends_with("_created");
    if family.help.trim().is_empty() && !companion {
        let fix = format!("add a line before it: # HELP {name} what it counts, in a sentence");
        found.warn("no-help", None, format!("{} has no help text", shown(name)), &fix);
    }
    if name.contains(':') {
        let fix = format!("colons are for recording rules: call it {}", name.replace(':', "_"));
        found.warn("colon", None, format!("the name {} has a colon", shown(name)), &fix);
    }
    camel_case(found, name);
    counter(found, name);
    reserved_suffixes(found, name);
    if kind != Kind::Unknown {
        type_in_name(found, name);
    }
    for sample in &family.samples {
        labels(found, sample);
        value(found, sample);
    }
}

/// A small letter and then a capital one.
fn is_camel(name: &str) -> bool {
    name.as_bytes().windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if before.is_ascii_lowercase() && c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
        before = c;
    }
    snake
}

fn camel_case(found: &mut Found<'_, '_>, name: &str) {
    if is_camel(name) {
        let message = format!("the name {} is written in camelCase", shown(name));
        found.warn("camel-case", None, message, &format!("call it {}", snake(name)));
    }
    let family = found.current();
    let mut told = BTreeSet::new();
    for sample in &family.samples {
        for (label, _) in sample.labels.iter().filter(|(label, _)| is_camel(label)) {
            if told.insert(&**label) {
                let message = format!("the label {} is written in camelCase", shown(label));
                found.warn_label("camel-case", (sample, label), message, &format!("call it {}", snake(label)));
            }
        }
    }
}

fn counter(found: &mut Found<'_, '_>, name: &str) {
    let kind = found.current().kind;
    // OpenMetrics 1.0 has the suffix on samples and not on families, and insists on it.
    let total = name.ends_with("_total");
    if kind == Kind::Counter && !total && found.format() != Format::OpenMetrics {
        let message = format!("the counter {} does not end in _total", shown(name));
        found.warn("counter-suffix", None, message, &format!("call it {name}_total"));
    }
    if !matches!(kind, Kind::Counter | Kind::Unknown) && total {
        let stem = name.trim_end_matches("_total");
        let message = format!("the {} {} ends in _total, as only counters do", kind.as_str(), shown(name));
        found.warn("counter-suffix", None, message, &format!("call it {stem}, or make it a counter"));
    }
}

/// What other kinds' samples end in.
const SUFFIXES: [(&str, &[Kind]); 5] = [
    ("_bucket", &[Kind::Histogram, Kind::GaugeHistogram]),
    ("_count", &[Kind::Histogram, Kind::GaugeHistogram, Kind::Summary]),
    ("_sum", &[Kind::Histogram, Kind::GaugeHistogram, Kind::Summary]),
    // In the classic text a moment of creation is a gauge.
    ("_created", &[Kind::Gauge]),
    ("_info", &[Kind::Info, Kind::Gauge]),
];

fn reserved_suffixes(found: &mut Found<'_, '_>, name: &str) {
    let kind = found.current().kind;
    if kind == Kind::Unknown {
        return;
    }
    for (suffix, kinds) in SUFFIXES {
        if let Some(stem) = name.strip_suffix(suffix)
            && !kinds.contains(&kind)
        {
            let message =
                format!("the {} {} ends in {suffix}, which has a meaning of its own", kind.as_str(), shown(name));
            found.warn("reserved-suffix", None, message, &format!("give it another name than {stem} and {suffix}"));
        }
    }
}

fn type_in_name(found: &mut Found<'_, '_>, name: &str) {
    let kind = found.current().kind;
    let lower = name.to_ascii_lowercase();
    let word = match kind {
        // By OpenMetrics, and by every gauge that stands for an info, this suffix is right.
        Kind::Info => return,
        Kind::GaugeHistogram => "gauge_histogram",
        kind => kind.as_str(),
    };
    if lower.contains(&format!("_{word}_")) || lower.ends_with(&format!("_{word}")) {
        let message = format!("the name {} has its type in it", shown(name));
        found.warn("type-in-name", None, message, &format!("leave out {word:?}: the TYPE line says it"));
    }
}

fn labels(found: &mut Found<'_, '_>, sample: &Sample<'_>) {
    let kind = found.current().kind;
    if kind == Kind::Unknown {
        return;
    }
    for (reserved, kinds) in [("le", &[Kind::Histogram, Kind::GaugeHistogram][..]), ("quantile", &[Kind::Summary][..])]
    {
        if !kinds.contains(&kind)
            && let Some(value) = crate::read::label(&sample.labels, reserved)
        {
            let message = format!("a {} has the label {reserved:?}", kind.as_str());
            let fix = format!("only a {} has it: give the label another name", kinds[0].as_str());
            found.warn_label("reserved-label", (sample, value), message, &fix);
        }
    }
}

fn value(found: &mut Found<'_, '_>, sample: &Sample<'_>) {
    let family = found.current();
    let name = shown(&sample.name);
    match family.kind {
        Kind::Counter if sample.value < 0.0 || sample.value.is_nan() => {
            let message = format!("the counter {name} is {}", sample.value);
            found.warn(
                "counter-value",
                Some(sample),
                message,
                "a counter begins with 0 and only goes up: make it a gauge",
            );
        }
        Kind::Summary => {
            if let Some(quantile) = crate::read::label(&sample.labels, "quantile")
                && !quantile.parse().is_ok_and(|quantile| (0.0..=1.0).contains(&quantile))
            {
                let message = format!("{name} has the quantile {}", shown(quantile));
                found.warn_label("quantile-range", (sample, quantile), message, "a quantile is a number from 0 to 1");
            }
        }
        _ => {}
    }
}

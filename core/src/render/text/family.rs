//! What is decided once for a family: how it is called, and what its `HELP`, `TYPE` and `UNIT` lines say.
//!
//! The formats differ in which of a family's names is the plain one. In the classic format, and again in OpenMetrics
//! 2.0, a sample is called as its family is. OpenMetrics 1.0 takes `_total` and `_info` off the family's name and insists
//! on them in the sample's.

use super::Flavour;
use crate::merge::snapshot::{Kind, Meta};
use crate::render::escape::{self, Escaping};
use crate::render::exposition::Style;

/// The names of a family in one format, escaped.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// In the metadata lines.
    pub(super) family: String,
    /// In a line that holds the value itself.
    pub(super) sample: String,
    /// Before `_bucket`, `_sum`, `_count` and `_created`.
    pub(super) stem: String,
}

impl Names {
    pub(super) fn new(meta: &Meta, flavour: Flavour, escaping: Escaping) -> Self {
        let suffix = match meta.kind {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            _ => "",
        };
        let name = escape::metric_name(&with_suffix(meta), escaping).into_owned();
        let stem = match name.strip_suffix(suffix) {
            Some(stem) if !stem.is_empty() => stem.to_owned(),
            _ => name.clone(),
        };
        match flavour {
            Flavour::Classic => Names { family: name.clone(), sample: name, stem },
            Flavour::Open1 => Names { sample: format!("{stem}{suffix}"), family: stem.clone(), stem },
            Flavour::Open2 => Names { family: name.clone(), sample: name.clone(), stem: name },
        }
    }
}

/// The family's name as the classic format shows it: an info family's always ends in `_info`.
pub(crate) fn with_suffix(meta: &Meta) -> String {
    match meta.kind {
        Kind::Info if !meta.name.ends_with("_info") => format!("{}_info", meta.name),
        _ => meta.name.clone(),
    }
}

/// The word for a kind in a `TYPE` line.
fn type_word(kind: Kind, flavour: Flavour) -> &'static str {
    let classic = flavour == Flavour::Classic;
    match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
        Kind::Summary => "summary",
        Kind::Info | Kind::StateSet if classic => "gauge",
        Kind::Info => "info",
        Kind::StateSet => "stateset",
        Kind::Unknown if classic => "untyped",
        Kind::Unknown => "unknown",
    }
}

/// Appends the metadata lines, in the order each format asks for.
pub(super) fn header(out: &mut Vec<u8>, meta: &Meta, names: &Names, (flavour, style): (Flavour, Style)) {
    let name = &names.family;
    let help = |out: &mut Vec<u8>| {
        if !meta.help.is_empty() {
            let quotes = flavour != Flavour::Classic && style == Style::Prometheus;
            line(out, b"# HELP ", name, |out| escape::help(out, &meta.help, quotes));
        }
    };
    let type_line = |out: &mut Vec<u8>| {
        line(out, b"# TYPE ", name, |out| out.extend_from_slice(type_word(meta.kind, flavour).as_bytes()));
    };
    let unit = |out: &mut Vec<u8>| {
        if has_unit_line(meta, name, flavour) {
            line(out, b"# UNIT ", name, |out| escape::label_value(out, &meta.unit));
        }
    };
    match flavour {
        Flavour::Classic => {
            help(out);
            type_line(out);
        }
        Flavour::Open1 => {
            help(out);
            type_line(out);
            unit(out);
        }
        Flavour::Open2 => {
            type_line(out);
            unit(out);
            help(out);
        }
    }
}

/// OpenMetrics 1.0 refuses a unit that does not end the family's name, and any unit of an info or a state set.
fn has_unit_line(meta: &Meta, name: &str, flavour: Flavour) -> bool {
    let fits = name.strip_suffix(meta.unit.as_str()).is_some_and(|before| before.ends_with('_'));
    match flavour {
        Flavour::Classic => false,
        Flavour::Open1 => !meta.unit.is_empty() && fits && !matches!(meta.kind, Kind::Info | Kind::StateSet),
        Flavour::Open2 => !meta.unit.is_empty(),
    }
}

/// Appends one metadata line.
pub(super) fn line(out: &mut Vec<u8>, start: &[u8], name: &str, rest: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(start);
    escape::quoted_name(out, name);
    out.push(b' ');
    rest(out);
    out.push(b'\n');
}

//! Which names are allowed, and how a metric's full name is put together.
//!
//! Any UTF-8 text may be a name, as Prometheus 3 allows; each text format escapes what its readers do not know. A
//! registry can be told to keep to the older rule.

use super::family::OVERFLOW_LABEL;
use crate::error::{Error, ErrorCode, Result};
use crate::merge::snapshot::{Kind, Meta};

/// Which metric and label names a registry takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum NameRule {
    /// Any UTF-8 text that is not empty.
    #[default]
    Utf8,
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*` for metrics, the same without colons for labels.
    Legacy,
}

impl NameRule {
    /// Checks the names of a family that a collector makes, as a registration's are checked.
    ///
    /// # Errors
    /// When the family's name or one of its labels is not one that this rule takes.
    pub fn check(self, meta: &Meta) -> Result<()> {
        check_unit(&meta.name, &meta.unit)?;
        check_metric(&meta.name, self)?;
        let labels = meta.label_names.iter().chain(meta.const_labels.iter().map(|(name, _)| name));
        check_labels(&meta.name, meta.kind, labels.map(String::as_str), self)
    }
}

/// The longest name that is taken. Far above what people write, so that a mistake (a body, a query) is caught.
const MAX_LENGTH: usize = 1024;

fn is_legacy(name: &str, colon: bool) -> bool {
    let letter = |b: u8| b.is_ascii_alphabetic() || b == b'_' || (colon && b == b':');
    let mut bytes = name.bytes();
    bytes.next().is_some_and(letter) && bytes.all(|b| letter(b) || b.is_ascii_digit())
}

/// Why `name` is not a name under `rule`, if it is not.
fn fault(name: &str, rule: NameRule, colon: bool) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".into());
    }
    if name.len() > MAX_LENGTH {
        return Some(format!("it is longer than {MAX_LENGTH} bytes"));
    }
    if rule == NameRule::Legacy && !is_legacy(name, colon) {
        let form = if colon { "[a-zA-Z_:][a-zA-Z0-9_:]*" } else { "[a-zA-Z_][a-zA-Z0-9_]*" };
        return Some(format!("it must match {form} under the registry's NameRule::Legacy"));
    }
    None
}

/// Checks the full name of a metric.
pub(crate) fn check_metric(name: &str, rule: NameRule) -> Result<()> {
    match fault(name, rule, true) {
        None => Ok(()),
        Some(why) => {
            let shown: String = name.chars().take(80).collect();
            Err(Error::new(
                ErrorCode::InvalidName,
                format!("invalid metric name {shown:?}: {why}; choose another name"),
            ))
        }
    }
}

/// Checks a unit, which becomes a part of the name.
pub(crate) fn check_unit(metric: &str, unit: &str) -> Result<()> {
    if unit.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':') {
        return Ok(());
    }
    let message = format!(
        "invalid unit {unit:?} of metric {metric:?}: it must match [a-zA-Z0-9_:]*; name a base unit (seconds, bytes)"
    );
    Err(Error::new(ErrorCode::InvalidName, message))
}

/// Checks the label names of a metric: its own and its constant ones.
pub(crate) fn check_labels<'a>(
    metric: &str,
    kind: Kind,
    labels: impl Iterator<Item = &'a str> + Clone,
    rule: NameRule,
) -> Result<()> {
    let reserved = match kind {
        Kind::Histogram => Some("le"),
        Kind::Summary => Some("quantile"),
        // A state set's states are told apart by a label of its own name.
        Kind::StateSet => Some(metric),
        _ => None,
    };
    for (at, label) in labels.clone().enumerate() {
        let why = if let Some(why) = fault(label, rule, false) {
            why
        } else if label.starts_with("__") {
            "names that begin with two underscores are reserved".into()
        } else if Some(label) == reserved {
            format!("a {} uses this label itself", format!("{kind:?}").to_lowercase())
        } else if label == OVERFLOW_LABEL {
            "series beyond a limit carry it".into()
        } else if labels.clone().take(at).any(|earlier| earlier == label) {
            "it is there twice".into()
        } else if let Some(earlier) = labels.clone().take(at).find(|earlier| classic(earlier) == classic(label)) {
            format!("it is the same as {earlier:?} to clients that do not read UTF-8")
        } else {
            continue;
        };
        let shown: String = label.chars().take(80).collect();
        let message = format!("invalid label {shown:?} of metric {metric:?}: {why}; choose another name");
        return Err(Error::new(ErrorCode::InvalidLabel, message));
    }
    Ok(())
}

/// `namespace_subsystem_name_unit`, with `_total` kept at the end of a counter's; what is empty is left out.
pub fn full(namespace: &str, subsystem: &str, name: &str, unit: &str, kind: Kind) -> String {
    let parts: Vec<&str> = [namespace, subsystem, name].into_iter().filter(|part| !part.is_empty()).collect();
    let joined = if name.is_empty() { String::new() } else { parts.join("_") };
    if unit.is_empty() || joined.is_empty() {
        return joined;
    }
    let (base, total) = match joined.strip_suffix("_total") {
        Some(base) if kind == Kind::Counter => (base, "_total"),
        _ => (joined.as_str(), ""),
    };
    let has_unit = base == unit || base.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_'));
    if has_unit { joined } else { format!("{base}_{unit}{total}") }
}

/// What clients that only read classic names see: every character that such a name cannot have as an underscore. Names
/// that are the same to them must not stand side by side, since one would be taken for the other.
pub(crate) fn classic(name: &str) -> String {
    let valid = |at: usize, c: char| c.is_ascii_alphabetic() || c == '_' || c == ':' || (c.is_ascii_digit() && at > 0);
    name.chars().enumerate().map(|(at, c)| if valid(at, c) { c } else { '_' }).collect()
}

/// The names of the samples that a family of this name and kind prints in any format, its own first, as classic names.
/// Two families that share one would be read as one.
pub(crate) fn samples(name: &str, kind: Kind) -> Vec<String> {
    let name = &*classic(name);
    let base = name.strip_suffix("_total").filter(|_| kind == Kind::Counter).unwrap_or(name);
    let with = |suffixes: &[&str]| {
        std::iter::once(name.to_owned()).chain(suffixes.iter().map(|suffix| format!("{base}{suffix}"))).collect()
    };
    match kind {
        Kind::Counter if base == name => with(&["_total", "_created"]),
        Kind::Counter => with(&["", "_created"]),
        Kind::Histogram => with(&["_bucket", "_count", "_sum", "_created"]),
        Kind::Summary => with(&["_count", "_sum", "_created"]),
        Kind::Info => with(&["_info"]),
        Kind::Gauge | Kind::StateSet | Kind::Unknown => with(&[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_name_is_its_parts_and_ends_in_its_unit() {
        let full = |n, u, k| full("tyk", "http", n, u, k);
        assert_eq!(full("requests", "", Kind::Counter), "tyk_http_requests");
        assert_eq!(full("duration", "seconds", Kind::Histogram), "tyk_http_duration_seconds");
        assert_eq!(full("duration_seconds", "seconds", Kind::Histogram), "tyk_http_duration_seconds");
        assert_eq!(full("cpu_total", "seconds", Kind::Counter), "tyk_http_cpu_seconds_total");
        assert_eq!(full("kiloseconds", "seconds", Kind::Gauge), "tyk_http_kiloseconds_seconds");
    }

    #[test]
    fn the_legacy_rule_is_the_one_prometheus_had() {
        for (name, ok) in [("a:b", true), ("_a9", true), ("9a", false), ("a.b", false), ("a-b", false), ("é", false)] {
            assert_eq!(check_metric(name, NameRule::Legacy).is_ok(), ok, "{name}");
            assert!(check_metric(name, NameRule::Utf8).is_ok(), "{name}");
        }
        assert!(check_metric("", NameRule::Utf8).is_err());
    }

    #[test]
    fn a_label_error_names_the_label_the_metric_and_the_rule() {
        let error = |kind, labels: &[&str]| {
            check_labels("m", kind, labels.iter().copied(), NameRule::Utf8).expect_err("refused").to_string()
        };
        assert!(error(Kind::Histogram, &["a", "le"]).contains("\"le\" of metric \"m\": a histogram uses this label"));
        assert!(error(Kind::Counter, &["a", "b", "a"]).contains("\"a\" of metric \"m\": it is there twice"));
        assert!(error(Kind::Counter, &["__a"]).contains("two underscores"));
        assert!(check_labels("m", Kind::Counter, ["le"].into_iter(), NameRule::Utf8).is_ok());
    }
}

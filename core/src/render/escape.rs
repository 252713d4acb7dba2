//! Names and texts made fit for a format.
//!
//! Two different things are called escaping. Text between quotes gets backslashes ([`label_value`], [`help`]). A metric
//! or label name that is not one of the classic kind (`[a-zA-Z_:][a-zA-Z0-9_:]*`) is either kept and put between quotes,
//! or rewritten with one of the schemes of Prometheus ([`escape_name`]; the client asks for one with `escaping=`).
//! Called when a family begins, and for label values that are not plain.

use std::borrow::Cow;

/// What happens to names that are not of the classic kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Escaping {
    /// They are kept, between quotes.
    AllowUtf8,
    /// Every other character becomes an underscore.
    #[default]
    Underscores,
    /// Dots become `_dot_`, underscores and all others become two underscores.
    Dots,
    /// The name begins with `U__` and other characters become their code point between underscores.
    Values,
}

impl Escaping {
    /// The name the `escaping=` parameter has for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Escaping::AllowUtf8 => "allow-utf-8",
            Escaping::Underscores => "underscores",
            Escaping::Dots => "dots",
            Escaping::Values => "values",
        }
    }

    /// The scheme with this name; `allow-utf8` is understood too.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "allow-utf-8" | "allow-utf8" => Some(Escaping::AllowUtf8),
            "underscores" => Some(Escaping::Underscores),
            "dots" => Some(Escaping::Dots),
            "values" => Some(Escaping::Values),
            _ => None,
        }
    }
}

/// True for a metric name of the classic kind.
pub(crate) fn is_classic_name(name: &str) -> bool {
    !name.is_empty() && name.char_indices().all(|(i, c)| fits(c, i))
}

/// True for a label name of the classic kind, which has no colon.
pub(crate) fn is_classic_label(name: &str) -> bool {
    is_classic_name(name) && !name.contains(':')
}

fn fits(c: char, index: usize) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':' || (c.is_ascii_digit() && index > 0)
}

/// `name` under a scheme, as `EscapeName` of Prometheus' Go library answers it. Under [`Escaping::Dots`] a name of the
/// classic kind changes too, because its underscores double.
pub fn escape_name(name: &str, escaping: Escaping) -> Cow<'_, str> {
    rewrite(name, escaping, fits)
}

/// The metric name that an exposition shows: names of the classic kind stay as they are under every scheme, as expfmt
/// has it.
pub(crate) fn metric_name(name: &str, escaping: Escaping) -> Cow<'_, str> {
    if is_classic_name(name) { Cow::Borrowed(name) } else { escape_name(name, escaping) }
}

/// The label name that an exposition shows. A colon is a character like any other here: no label name may have it.
pub(crate) fn label_name(name: &str, escaping: Escaping) -> Cow<'_, str> {
    if is_classic_label(name) { Cow::Borrowed(name) } else { rewrite(name, escaping, |c, i| fits(c, i) && c != ':') }
}

/// A label name as [`label_name`] shows it, but rewritten even if it is of the classic kind: with [`Escaping::Values`], such
/// a name gets its mark too. (prometheus_client does so with samples' names.)
pub(crate) fn rewritten(name: &str, escaping: Escaping) -> Cow<'_, str> {
    let fits = |c, i| fits(c, i) && c != ':';
    if escaping == Escaping::Values { Cow::Owned(spell(name, escaping, fits)) } else { rewrite(name, escaping, fits) }
}

fn rewrite(name: &str, escaping: Escaping, fits: fn(char, usize) -> bool) -> Cow<'_, str> {
    let keep = match escaping {
        Escaping::AllowUtf8 => true,
        Escaping::Dots => name.is_empty(),
        Escaping::Underscores | Escaping::Values => name.char_indices().all(|(i, c)| fits(c, i)),
    };
    if keep { Cow::Borrowed(name) } else { Cow::Owned(spell(name, escaping, fits)) }
}

fn spell(name: &str, escaping: Escaping, fits: fn(char, usize) -> bool) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    if escaping == Escaping::Values {
        out.push_str("U__");
    }
    for (index, c) in name.char_indices() {
        match (escaping, c) {
            (Escaping::Dots | Escaping::Values, '_') => out.push_str("__"),
            (Escaping::Dots, '.') => out.push_str("_dot_"),
            (_, c) if fits(c, index) => out.push(c),
            (Escaping::Dots, _) => out.push_str("__"),
            (Escaping::Values, c) => out.push_str(&format!("_{:x}_", u32::from(c))),
            (_, _) => out.push('_'),
        }
    }
    out
}

/// Appends text that stands between quotes: backslashes, quotes and line feeds are escaped.
pub(crate) fn label_value(out: &mut Vec<u8>, text: &str) {
    with_backslashes(out, text, true);
}

/// Appends a help text. The classic format leaves quotes alone.
pub(crate) fn help(out: &mut Vec<u8>, text: &str, quotes: bool) {
    with_backslashes(out, text, quotes);
}

fn with_backslashes(out: &mut Vec<u8>, text: &str, quotes: bool) {
    let bytes = text.as_bytes();
    let mut kept = 0;
    for (i, &byte) in bytes.iter().enumerate() {
        let escaped = match byte {
            b'\\' => br"\\",
            b'\n' => br"\n",
            b'"' if quotes => br#"\""#,
            _ => continue,
        };
        out.extend_from_slice(&bytes[kept..i]);
        out.extend_from_slice(escaped);
        kept = i + 1;
    }
    out.extend_from_slice(&bytes[kept..]);
}

/// Appends a metric name, between quotes unless it is of the classic kind.
pub(crate) fn quoted_name(out: &mut Vec<u8>, name: &str) {
    if is_classic_name(name) { out.extend_from_slice(name.as_bytes()) } else { between_quotes(out, name) }
}

/// Appends a label name, between quotes unless it is of the classic kind.
pub(crate) fn quoted_label(out: &mut Vec<u8>, name: &str) {
    if is_classic_label(name) { out.extend_from_slice(name.as_bytes()) } else { between_quotes(out, name) }
}

fn between_quotes(out: &mut Vec<u8>, name: &str) {
    out.push(b'"');
    label_value(out, name);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What Prometheus' own test of `EscapeName` expects, by scheme.
    #[test]
    fn names_are_escaped_as_prometheus_escapes_them() {
        let cases = [
            ("", "", "", ""),
            ("no:escaping_required", "no:escaping_required", "no:escaping__required", "no:escaping_required"),
            (
                "mysystem.prod.west.cpu.load",
                "mysystem_prod_west_cpu_load",
                "mysystem_dot_prod_dot_west_dot_cpu_dot_load",
                "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load",
            ),
            (
                "mysystem.prod.west.cpu.load_total",
                "mysystem_prod_west_cpu_load_total",
                "mysystem_dot_prod_dot_west_dot_cpu_dot_load__total",
                "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load__total",
            ),
            ("http.status:sum", "http_status:sum", "http_dot_status:sum", "U__http_2e_status:sum"),
            ("label with 😱", "label_with__", "label__with____", "U__label_20_with_20__1f631_"),
            ("花火", "__", "____", "U___82b1__706b_"),
            ("0zero", "_zero", "__zero", "U___30_zero"),
        ];
        for (name, underscores, dots, values) in cases {
            assert_eq!(escape_name(name, Escaping::AllowUtf8), name);
            assert_eq!(escape_name(name, Escaping::Underscores), underscores);
            assert_eq!(escape_name(name, Escaping::Dots), dots);
            assert_eq!(escape_name(name, Escaping::Values), values);
        }
    }

    #[test]
    fn a_classic_name_stays_as_it_is_in_an_exposition() {
        for escaping in [Escaping::Underscores, Escaping::Dots, Escaping::Values, Escaping::AllowUtf8] {
            assert_eq!(metric_name("http_requests:rate_total", escaping), "http_requests:rate_total");
            assert_eq!(label_name("status_code", escaping), "status_code");
        }
    }

    #[test]
    fn a_rewritten_name_has_its_mark_though_it_is_classic() {
        assert_eq!(rewritten("a_b", Escaping::Values), "U__a__b");
        assert_eq!(rewritten("a_b", Escaping::Dots), "a__b");
        assert_eq!(rewritten("a:b", Escaping::Underscores), "a_b");
    }

    #[test]
    fn a_colon_does_not_survive_in_a_label_name() {
        assert_eq!(label_name("a:b", Escaping::Underscores), "a_b");
        assert_eq!(label_name("a:b", Escaping::Dots), "a__b");
        assert_eq!(label_name("a:b", Escaping::Values), "U__a_3a_b");
    }

    #[test]
    fn a_scheme_is_known_by_its_name() {
        for escaping in [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values] {
            assert_eq!(Escaping::from_name(escaping.as_str()), Some(escaping));
        }
        assert_eq!(Escaping::from_name("allow-utf8"), Some(Escaping::AllowUtf8));
        assert_eq!(Escaping::from_name("rot13"), None);
    }

    /// The reverse of [`Escaping::Values`], as the scheme's description has it.
    fn unescape_values(name: &str) -> String {
        let Some(mut rest) = name.strip_prefix("U__") else { return name.to_owned() };
        let mut out = String::new();
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            if c != '_' {
                out.push(c);
            } else if let Some(after) = rest.strip_prefix('_') {
                out.push('_');
                rest = after;
            } else {
                let (code, after) = rest.split_once('_').unwrap();
                out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
                rest = after;
            }
        }
        out
    }

    /// Reads a text between quotes, as the formats define it.
    fn read_quoted(text: &str) -> String {
        let mut chars = text.chars();
        let mut out = String::new();
        while let Some(c) = chars.next() {
            assert!(c != '"' && c != '\n', "a quote or a line feed is not escaped in {text:?}");
            match (c, c == '\\') {
                (_, true) => out.push(match chars.next().unwrap() {
                    'n' => '\n',
                    other => other,
                }),
                (c, false) => out.push(c),
            }
        }
        out
    }

    proptest! {
        #[test]
        fn an_escaped_name_is_a_classic_one(name in ".{1,20}") {
            for escaping in [Escaping::Underscores, Escaping::Dots, Escaping::Values] {
                prop_assert!(is_classic_name(&metric_name(&name, escaping)));
                prop_assert!(is_classic_label(&label_name(&name, escaping)));
            }
        }

        #[test]
        fn a_name_escaped_by_values_can_be_read_back(name in "[^_]{1,3}.{0,12}") {
            prop_assert_eq!(unescape_values(&metric_name(&name, Escaping::Values)), name);
        }

        #[test]
        fn a_label_value_can_be_read_back(text in any::<String>()) {
            let mut out = Vec::new();
            label_value(&mut out, &text);
            prop_assert!(out.len() <= 2 * text.len());
            prop_assert_eq!(read_quoted(std::str::from_utf8(&out).unwrap()), text);
        }
    }
}

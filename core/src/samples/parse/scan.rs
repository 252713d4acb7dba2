//! Looking for characters outside quotes; taking quotes and backslashes off. Each look goes over its text once.

use super::{Result, shown};
use std::borrow::Cow;

/// White space as Python's `str.strip` has it: Unicode's, and the four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// The text without white space around it.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// The text without white space before it.
pub(super) fn trim_start(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

/// White space of ASCII: what separates the words of a comment.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// The place of the first wanted byte outside quotes. A quote behind an odd number of backslashes is none.
pub(super) fn unquoted(text: &str, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let (mut inside, mut escaped) = (false, false);
    for (at, &byte) in text.as_bytes().iter().enumerate() {
        if byte == b'"' && !escaped {
            inside = !inside;
        }
        if !inside && wanted(byte) {
            return Some(at);
        }
        escaped = byte == b'\\' && !escaped;
    }
    None
}

/// The words of a comment, four at most: the last is all the rest. Separators in quotes do not separate.
///
/// A word ends at the first separator behind it, so a text that ends in one has an empty word at its end.
pub(super) fn words(line: &str, separates: impl Fn(u8) -> bool + Copy) -> ([&str; 4], usize) {
    let mut words = [""; 4];
    let (mut count, mut rest) = (1, line);
    loop {
        let start = rest.bytes().position(|b| !separates(b)).unwrap_or(rest.len());
        rest = &rest[start..];
        if rest.is_empty() {
            break;
        }
        match unquoted(rest, separates) {
            Some(end) if count < words.len() => {
                words[count - 1] = &rest[..end];
                count += 1;
                rest = &rest[end + 1..];
            }
            _ => {
                words[count - 1] = rest;
                break;
            }
        }
    }
    (words, count)
}

/// What stands behind a backslash, and is meant by it.
fn escape(byte: u8, quotes: bool) -> Option<&'static str> {
    match byte {
        b'\\' => Some("\\"),
        b'n' => Some("\n"),
        b'"' if quotes => Some("\""),
        _ => None,
    }
}

/// Takes backslashes off; one before anything but a backslash, an `n` or (with `quotes`) a quote stays.
pub(super) fn unescaped(text: &str, quotes: bool) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes().get(at + 1).and_then(|byte| escape(*byte, quotes)) {
            Some(meant) => {
                out.push_str(meant);
                rest = &rest[at + 2..];
            }
            None => {
                out.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// As [`unescaped`], but any other backslash is refused.
pub(super) fn strictly_unescaped(text: &str) -> Result<Cow<'_, str>> {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        if rest.as_bytes().get(at + 1).and_then(|byte| escape(*byte, true)).is_none() {
            let found: String = rest[at..].chars().take(2).collect();
            return Err(format!("found the escape {}: \\\\, \\n and \\\" are the only ones", shown(&found)));
        }
        rest = &rest[at + 2..];
    }
    Ok(unescaped(text, true))
}

/// A name, without the quotes around it if it has any, and whether it had.
pub(super) fn unquoted_name(text: &str) -> Result<(Cow<'_, str>, bool)> {
    let text = trim(text);
    match text.strip_prefix('"') {
        None => Ok((unescaped(text, true), false)),
        Some(rest) => match rest.strip_suffix('"') {
            Some(name) => Ok((unescaped(name, true), true)),
            None => Err(format!("found {}: the quote at its start is not closed", shown(text))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_quotes_is_not_found() {
        assert_eq!(unquoted(r#""{"{"#, |b| b == b'{'), Some(3));
        assert_eq!(unquoted(r#""\"{"{"#, |b| b == b'{'), Some(5));
        assert_eq!(unquoted(r#""\\"{"#, |b| b == b'{'), Some(4));
        assert_eq!(unquoted(r#""{"#, |b| b == b'{'), None);
    }

    #[test]
    fn a_comment_has_four_words_the_last_of_which_is_the_rest() {
        let blank = |line| words(line, is_blank);
        assert_eq!(blank("# HELP  a\t b  c "), (["#", "HELP", "a", "b  c "], 4));
        assert_eq!(blank("# HELP \"a b\" c"), (["#", "HELP", "\"a b\"", "c"], 4));
        assert_eq!(blank("# HELP a"), (["#", "HELP", "a", ""], 3));
        assert_eq!(words("# HELP a ", |b| b == b' '), (["#", "HELP", "a", ""], 4));
    }

    #[test]
    fn only_known_backslashes_come_off() {
        assert_eq!(unescaped(r#"a\n\\\"\t\"#, true), "a\n\\\"\\t\\");
        assert_eq!(unescaped(r#"\"\\n"#, false), "\\\"\\n");
        assert_eq!(strictly_unescaped(r#"a\n\\\""#).unwrap(), "a\n\\\"");
        assert!(strictly_unescaped(r"a\t").unwrap_err().contains("\\\\t"));
        assert!(strictly_unescaped("a\\\u{e9}").is_err());
    }
}

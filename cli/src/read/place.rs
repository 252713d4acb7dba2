//! Where in an input something stands: a line and a column of a text, a byte of a protobuf stream.
//!
//! The engine's parsers borrow names and labels from the text wherever no escape had to come off. A borrowed text lies within the
//! text it was taken from, so its address says where it stood, exactly and for nothing; what was unescaped is looked for.

use std::fmt;
use tykmetrics::samples::{Family, Sample};

/// A place in an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line and a column in characters, both from 1.
    Text {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// A byte from 0.
    Byte(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Text { line, column } => write!(f, "{line}:{column}"),
            Place::Byte(at) => write!(f, "byte {at}"),
        }
    }
}

/// Where the families of a document stand.
#[derive(Debug, Clone)]
pub enum Places<'a> {
    /// In a text; the offsets of families are given where addresses would not tell.
    Text {
        /// The whole text.
        text: &'a str,
        /// Where each line begins.
        lines: Vec<usize>,
        /// Where each family begins, if that was kept.
        families: Vec<usize>,
    },
    /// In a stream of bytes: where each family begins.
    Bytes(Vec<usize>),
}

impl<'a> Places<'a> {
    pub(super) fn text(text: &'a str) -> Self {
        Places::known(text, Vec::new())
    }

    pub(super) fn known(text: &'a str, families: Vec<usize>) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Places::Text { text, lines, families }
    }

    /// Where the family with this index stands.
    pub fn of_family(&self, index: usize, family: &Family<'_>) -> Place {
        match self {
            Places::Bytes(starts) => Place::Byte(starts.get(index).copied().unwrap_or_default()),
            Places::Text { text, lines, families } => {
                let known = families.get(index).copied();
                let at = known.or_else(|| within(text, &family.name)).or_else(|| text.find(&*family.name));
                at_offset(text, lines, at.unwrap_or_default())
            }
        }
    }

    /// Where a sample of that family stands.
    pub fn of_sample(&self, index: usize, family: &Family<'_>, sample: &Sample<'_>) -> Place {
        match self {
            Places::Bytes(_) => self.of_family(index, family),
            Places::Text { text, lines, .. } => {
                let own = within(text, &sample.name);
                let label = || {
                    sample.labels.iter().find_map(|(name, value)| within(text, name).or_else(|| within(text, value)))
                };
                match own.or_else(label) {
                    Some(at) => at_offset(text, lines, at),
                    None => self.of_family(index, family),
                }
            }
        }
    }

    /// Where a piece of the input stands, if it is borrowed from there.
    pub fn of_piece(&self, piece: &str) -> Option<Place> {
        match self {
            Places::Text { text, lines, .. } => within(text, piece).map(|at| at_offset(text, lines, at)),
            Places::Bytes(_) => None,
        }
    }

    /// The line that a place is in.
    pub fn line(&self, place: Place) -> Option<&'a str> {
        match (self, place) {
            (Places::Text { text, lines, .. }, Place::Text { line, .. }) => {
                let start = *lines.get(line.checked_sub(1)?)?;
                text[start..].split('\n').next()
            }
            _ => None,
        }
    }
}

/// Where `part` begins in `text`, if it is a piece of it.
fn within(text: &str, part: &str) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    (at + part.len() <= text.len() && text.is_char_boundary(at)).then_some(at)
}

fn at_offset(text: &str, lines: &[usize], at: usize) -> Place {
    let line = lines.partition_point(|start| *start <= at).max(1);
    let start = lines[line - 1];
    Place::Text { line, column: 1 + text[start..at].chars().count() }
}

/// The place of a byte in a text that need not be UTF-8 behind it.
pub(super) fn line_and_column(bytes: &[u8], at: usize) -> Place {
    let before = &bytes[..at.min(bytes.len())];
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
    Place::Text { line, column: 1 + String::from_utf8_lossy(&before[start..]).chars().count() }
}

/// Where in its line an error of the engine's parsers was found. They say `found "…"` or `found the value "…"`, with Rust's
/// escapes and perhaps cut: what is between those quotes is looked for, and the line's first column is told if it is not there.
pub(super) fn of_found(text: &str, line: usize, message: &str) -> Place {
    let content = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let column = found(message).and_then(|found| {
        if found.is_empty() {
            // What is missing is missing at the end.
            return Some(content.len());
        }
        // A value stands at the end of its line and might be in a name too, so the last is meant of what stands alone.
        let alone = |at: &usize| content[..*at].ends_with([' ', '\t', '{', ',', '=']);
        let places: Vec<usize> = content.match_indices(&*found).map(|(at, _)| at).collect();
        places.iter().rev().copied().find(alone).or(places.first().copied())
    });
    Place::Text { line, column: 1 + content[..column.unwrap_or_default()].chars().count() }
}

/// The text between the first quotes of a message, its escapes taken off.
fn found(message: &str) -> Option<String> {
    let quoted = message.split_once('"')?.1;
    let mut found = String::new();
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => return Some(found),
            '\\' => match chars.next()? {
                'n' => found.push('\n'),
                't' => found.push('\t'),
                'r' => found.push('\r'),
                '0' => found.push('\0'),
                'u' => {
                    let code: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    found.push(char::from_u32(u32::from_str_radix(&code, 16).ok()?)?);
                }
                other => found.push(other),
            },
            other => found.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_found_is_found_in_its_line() {
        let place = |text, line, message| of_found(text, line, message);
        let text = "a 1\nx{b=\"c\"} 1x\n";
        let at = |line, column| Place::Text { line, column };
        assert_eq!(place(text, 2, "found the value \"1x\": it must be a number"), at(2, 10));
        assert_eq!(place(text, 2, "found \"{b=\\\"c\\\"} 1x\" there"), at(2, 2));
        assert_eq!(place(text, 2, "nothing is quoted"), at(2, 1));
        assert_eq!(place(text, 9, "found \"a\""), at(9, 1));
        assert_eq!(place(text, 1, "found \"\" where"), at(1, 4));
        assert_eq!(place("é \u{1}x", 1, "found \"\\u{1}x\""), at(1, 3));
    }

    #[test]
    fn a_borrowed_name_says_where_it_stands() {
        let text = String::from("one\ntwé x\n");
        let places = Places::text(&text);
        let family = Family { name: text[9..10].into(), ..Family::default() };
        assert_eq!(places.of_family(0, &family), Place::Text { line: 2, column: 5 });
        assert_eq!(places.line(Place::Text { line: 2, column: 1 }), Some("twé x"));
        let other = Family { name: "nowhere".into(), ..Family::default() };
        assert_eq!(places.of_family(0, &other), Place::Text { line: 1, column: 1 });
    }
}

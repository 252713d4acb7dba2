//! A small reader of the text formats' lines, made from their grammar and not from the renderer.
//!
//! The round trip's properties and the fuzz targets read what was rendered with it.

/// A line as it is read: the name, the labels, and the text behind them.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) rest: String,
}

/// Reads a quoted text and gives what is behind it.
fn quoted(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut chars = text.strip_prefix('"').expect("a quote").char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (out, &text[at + 2..]),
            '\\' => out.push(match chars.next().expect("something behind a backslash").1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                c => panic!("the escape \\{c}"),
            }),
            '\n' => panic!("a line feed within quotes"),
            c => out.push(c),
        }
    }
    panic!("no closing quote in {text:?}")
}

/// Reads a name, bare or quoted.
fn name(text: &str) -> (String, &str) {
    if text.starts_with('"') {
        return quoted(text);
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    (text[..end].to_owned(), &text[end..])
}

/// Reads a sample's line. What is not one is a panic: the caller rendered it.
pub(crate) fn parse(line: &str) -> Line {
    let (mut metric, mut text) = if line.starts_with('{') { (String::new(), line) } else { name(line) };
    let mut labels = Vec::new();
    if let Some(mut inside) = text.strip_prefix('{') {
        loop {
            let (label, behind) = name(inside);
            inside = match behind.strip_prefix('=') {
                Some(value) => {
                    let (value, behind) = quoted(value);
                    labels.push((label, value));
                    behind
                }
                None => {
                    assert!(metric.is_empty() && labels.is_empty(), "a name that is not first in {line:?}");
                    metric = label;
                    behind
                }
            };
            match inside.strip_prefix(',') {
                Some(more) => inside = more,
                None => break,
            }
        }
        text = inside.strip_prefix('}').expect("a closing brace");
    }
    Line { name: metric, labels, rest: text.strip_prefix(' ').expect("a space before the value").to_owned() }
}

//! A small reader of Rust sources: what is code and what is comment, line by line.
//!
//! It knows comments, texts and characters, which is all that the rules of `arrows.rs` need; it is no parser.

/// One line of a source.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Line {
    /// What is not a comment; texts and characters are left empty.
    pub code: String,
    /// What its comments say.
    pub comment: String,
}

/// The lines of a source, up to its module of unit tests.
pub fn lines(source: &str) -> Vec<Line> {
    let tests = ["\n#[cfg(test)]\nmod ", "\n#[cfg(all(test"].iter().filter_map(|start| source.find(start)).min();
    let mut reader = Reader { rest: &source[..tests.unwrap_or(source.len())], lines: vec![Line::default()] };
    while reader.step() {}
    reader.lines
}

struct Reader<'a> {
    rest: &'a str,
    lines: Vec<Line>,
}

impl<'a> Reader<'a> {
    fn step(&mut self) -> bool {
        let Some(c) = self.rest.chars().next() else { return false };
        if self.rest.starts_with("//") {
            let comment = self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
            self.last().comment.push_str(comment);
        } else if self.rest.starts_with("/*") {
            let comment = self.take(self.rest.find("*/").map_or(self.rest.len(), |end| end + 2));
            for (at, part) in comment.split('\n').enumerate() {
                if at > 0 {
                    self.lines.push(Line::default());
                }
                self.last().comment.push_str(part);
            }
        } else if let Some(length) = raw_text(self.rest) {
            self.skip(length);
        } else if c == '"' {
            self.skip(1 + quoted(&self.rest[1..], '"'));
        } else if let Some(length) = character(self.rest) {
            self.skip(length);
        } else if c == '\n' {
            self.take(1);
            self.lines.push(Line::default());
        } else {
            self.take(c.len_utf8());
            self.last().code.push(c);
        }
        true
    }

    fn last(&mut self) -> &mut Line {
        if self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        let at = self.lines.len() - 1;
        &mut self.lines[at]
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// Leaves out a text, but not its line ends.
    fn skip(&mut self, length: usize) {
        let feeds = self.take(length).matches('\n').count();
        self.last().code.push_str("\"\"");
        (0..feeds).for_each(|_| self.lines.push(Line::default()));
    }
}

/// The length of a text up to and with its closing quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the raw text that begins here, if one does.
fn raw_text(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = inner.bytes().take_while(|b| *b == b'#').count();
    let body = inner[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let before = text.len() - body.len();
    Some(body.find(&end).map_or(text.len(), |at| before + at + end.len()))
}

/// The length of the character literal that begins here, if one does. A lifetime is none.
fn character(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    let first = inner.chars().next()?;
    match first {
        '\\' => Some(1 + quoted(inner, '\'')),
        _ if inner[first.len_utf8()..].starts_with('\'') => Some(2 + first.len_utf8()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_texts_and_code_are_told_apart() {
        let source = "a // b \" c\nlet x = \"// no\"; // yes\nr#\"\"raw\"\n\"# 'x' '\\'' 'life /* in\nside */ end";
        let read = lines(source);
        let code: Vec<&str> = read.iter().map(|line| line.code.as_str()).collect();
        assert_eq!(code, ["a ", "let x = \"\"; ", "\"\"", " \"\" \"\" 'life ", " end"]);
        assert_eq!(read[1].comment, "// yes");
        assert_eq!((read[3].comment.as_str(), read[4].comment.as_str()), ("/* in", "side */"));
    }

    #[test]
    fn unit_tests_are_left_out() {
        assert_eq!(lines("a\n#[cfg(test)]\nmod tests {\n").len(), 1);
    }
}

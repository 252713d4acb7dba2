//! JSON as a tree in which every value knows where it stands: what a general reader would not tell, and what it would pass
//! over (a member given twice) is told here. Texts borrow from the input; depth is bounded.

use super::shown;
use std::borrow::Cow;

/// A value and the byte it begins at.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) at: usize,
    pub(super) value: Value<'a>,
}

#[derive(Debug)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    /// As it is spelled.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// In the order of the text.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// Where, and what is wrong there.
pub(super) type Result<T> = std::result::Result<T, (usize, String)>;

/// An exposition has seven levels.
const DEEPEST: usize = 32;

/// Members of which there may be more than this are compared by hash.
const FEW: usize = 16;

pub(super) fn parse(text: &str) -> Result<Node<'_>> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(0)?;
    reader.blanks();
    match reader.rest() {
        "" => Ok(node),
        rest => Err((reader.at, format!("found {} behind the document: nothing may follow", shown(rest)))),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn refuse<T>(&self, wanted: &str) -> Result<T> {
        match self.rest() {
            "" => Err((self.at, format!("found the end of the text where {wanted} must stand"))),
            rest => Err((self.at, format!("found {} where {wanted} must stand", shown(rest)))),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>> {
        self.blanks();
        let at = self.at;
        if depth > DEEPEST {
            return Err((at, format!("found more than {DEEPEST} levels of lists and objects")));
        }
        let value = match self.rest().as_bytes().first() {
            Some(b'"') => Value::Text(self.text()?),
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            _ if self.take("true") => Value::Bool(true),
            _ if self.take("false") => Value::Bool(false),
            _ if self.take("null") => Value::Null,
            _ => return self.refuse("a value"),
        };
        Ok(Node { at, value })
    }

    fn list(&mut self, depth: usize) -> Result<Value<'a>> {
        self.at += 1;
        let mut list = Vec::new();
        self.blanks();
        if self.take("]") {
            return Ok(Value::List(list));
        }
        loop {
            list.push(self.value(depth + 1)?);
            self.blanks();
            match () {
                () if self.take(",") => {}
                () if self.take("]") => return Ok(Value::List(list)),
                () => return self.refuse("a comma or a closing bracket"),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>> {
        self.at += 1;
        let mut members: Vec<(Cow<'a, str>, Node<'a>)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        self.blanks();
        if self.take("}") {
            return Ok(Value::Object(members));
        }
        loop {
            self.blanks();
            let at = self.at;
            if !self.rest().starts_with('"') {
                return self.refuse("the name of a member, between quotes,");
            }
            let name = self.text()?;
            let twice = match members.len() {
                ..FEW => members.iter().any(|(known, _)| *known == name),
                _ => {
                    if seen.is_empty() {
                        seen.extend(members.iter().map(|(known, _)| known.clone()));
                    }
                    !seen.insert(name.clone())
                }
            };
            if twice {
                return Err((at, format!("found the member {} twice in one object", shown(&name))));
            }
            self.blanks();
            if !self.take(":") {
                return self.refuse("a colon");
            }
            members.push((name, self.value(depth + 1)?));
            self.blanks();
            match () {
                () if self.take(",") => {}
                () if self.take("}") => return Ok(Value::Object(members)),
                () => return self.refuse("a comma or a closing brace"),
            }
        }
    }

    fn number(&mut self) -> Result<&'a str> {
        let (start, rest) = (self.at, self.rest());
        let bytes = rest.as_bytes();
        let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut end = usize::from(rest.starts_with('-'));
        let whole = digits(end);
        if whole == 0 || (whole > 1 && bytes[end] == b'0') {
            return self.refuse("a number without leading zeros");
        }
        end += whole;
        if bytes.get(end) == Some(&b'.') {
            let part = digits(end + 1);
            if part == 0 {
                return self.refuse("a number with digits behind the point");
            }
            end += 1 + part;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let power = digits(end + 1 + sign);
            if power == 0 {
                return self.refuse("a number with digits in its exponent");
            }
            end += 1 + sign + power;
        }
        self.at += end;
        Ok(&self.text[start..self.at])
    }

    fn text(&mut self) -> Result<Cow<'a, str>> {
        let start = self.at;
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let rest = self.rest();
            let Some(end) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') else {
                return Err((start, format!("found {}: its quote is not closed", shown(&self.text[start..]))));
            };
            // The first piece stays borrowed unless another follows.
            if text.is_empty() {
                text = Cow::Borrowed(&rest[..end]);
            } else {
                text.to_mut().push_str(&rest[..end]);
            }
            self.at += end;
            match rest.as_bytes()[end] {
                b'"' => {
                    self.at += 1;
                    return Ok(text);
                }
                b'\\' => text.to_mut().push(self.escape()?),
                _ => return self.refuse("a character of a text (control characters are written \\u0000)"),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let rest = self.rest();
        let meant = match rest.as_bytes().get(1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.code_point(),
            _ => return self.refuse("one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u0000"),
        };
        self.at += 2;
        Ok(meant)
    }

    /// The half of a pair beyond the first 65,536 characters, or a whole character.
    fn unit(&mut self) -> Option<u32> {
        let digits = self.rest().strip_prefix("\\u")?.get(..4)?;
        let unit = digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())??;
        self.at += 6;
        Some(unit)
    }

    fn code_point(&mut self) -> Result<char> {
        let start = self.at;
        let mut code = self.unit();
        if let Some(high @ 0xd800..=0xdbff) = code {
            let low = self.unit().filter(|low| (0xdc00..=0xdfff).contains(low));
            code = low.map(|low| 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
        }
        match code.and_then(char::from_u32) {
            Some(c) => Ok(c),
            None => {
                self.at = start;
                self.refuse("an escape \\u of four hexadecimal digits (or a pair of surrogates)")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_with_its_places() {
        let node = parse(" {\"a\\u00e9\": [1, -2.5e3, true, null, \"\\ud83d\\ude00x\"]}").unwrap();
        let Value::Object(members) = node.value else { panic!("an object") };
        assert_eq!((node.at, &*members[0].0, members[0].1.at), (1, "aé", 13));
        let Value::List(list) = &members[0].1.value else { panic!("a list") };
        assert!(matches!(list[1], Node { at: 17, value: Value::Number("-2.5e3") }));
        assert!(matches!(&list[4].value, Value::Text(text) if text == "\u{1f600}x"));
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_is_none() {
        let cases = [
            ("", 0),
            ("{", 1),
            ("{\"a\":1,}", 7),
            ("[1 2]", 3),
            ("01", 0),
            ("1.", 0),
            ("1e", 0),
            ("-", 0),
            ("\"\\x\"", 1),
            ("\"\\ud800\"", 1),
            ("\"\\u+123\"", 1),
            ("\"a", 0),
            ("\"\n\"", 1),
            ("nul", 0),
            ("1 2", 2),
            ("{\"a\":1,\"a\":2}", 7),
            ("{a:1}", 1),
        ];
        for (text, at) in cases {
            assert_eq!(parse(text).map_err(|(at, _)| at).err(), Some(at), "{text:?}");
        }
        assert!(parse(&"[".repeat(1_000_000)).is_err());
        assert!(parse(&format!("{}{}", "[".repeat(32), "]".repeat(32))).is_ok());
    }
}

//! The grammar of a line of OpenMetrics 2.0: one space between its parts, and nothing else that is blank.

use crate::read::shown;
use std::borrow::Cow;
use tykmetrics::samples::{Exemplar, Labels, Sample, Timestamp};

/// Where in the line, and what is wrong there.
pub(super) type Read<T> = Result<T, (usize, String)>;

/// A sample, a composite value apart.
pub(super) struct Line<'a> {
    pub(super) sample: Sample<'a>,
    pub(super) composite: Option<Composite>,
    pub(super) value_at: usize,
}

/// The fields of a composite value.
#[derive(Debug, Default)]
pub(super) struct Composite {
    pub(super) count: Option<f64>,
    pub(super) sum: Option<f64>,
    pub(super) schema: Option<i64>,
    pub(super) zero_threshold: Option<f64>,
    pub(super) zero_count: Option<f64>,
    pub(super) buckets: Vec<(f64, f64)>,
    pub(super) quantiles: Vec<(f64, f64)>,
    pub(super) positive_spans: Vec<(i64, i64)>,
    pub(super) negative_spans: Vec<(i64, i64)>,
    pub(super) positive_buckets: Vec<f64>,
    pub(super) negative_buckets: Vec<f64>,
}

/// The longest exemplar of 1.0 is no rule in 2.0; that there are not thousands of labels on a line is ours.
const MOST_LABELS: usize = 1000;

struct Cursor<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.line[self.at..]
    }

    fn refuse<T>(&self, wanted: &str) -> Read<T> {
        match self.rest() {
            "" => Err((self.at, format!("found the end of the line where {wanted} must stand"))),
            rest => Err((self.at, format!("found {} where {wanted} must stand", shown(rest)))),
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    /// Takes the text up to the first of these.
    fn until(&mut self, ends: &[char]) -> &'a str {
        let rest = self.rest();
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    fn bare_name(&mut self, colons: bool) -> &'a str {
        let fits = |(at, c): (usize, char)| {
            c == '_' || c.is_ascii_alphabetic() || (colons && c == ':') || (at > 0 && c.is_ascii_digit())
        };
        let rest = self.rest();
        let end = rest.char_indices().find(|next| !fits(*next)).map_or(rest.len(), |(at, _)| at);
        self.at += end;
        &rest[..end]
    }

    fn quoted(&mut self) -> Read<Option<Cow<'a, str>>> {
        let start = self.at;
        let Some(inner) = self.rest().strip_prefix('"') else { return Ok(None) };
        let mut escaped = false;
        for (at, byte) in inner.bytes().enumerate() {
            if byte == b'"' && !escaped {
                self.at += at + 2;
                return unescaped(&inner[..at]).map(Some).map_err(|why| (start, why));
            }
            escaped = byte == b'\\' && !escaped;
        }
        self.refuse("a text whose quote is closed on its line")
    }

    /// A name, between quotes if it is not of the classic kind.
    fn name(&mut self, colons: bool) -> Read<(Cow<'a, str>, bool)> {
        let start = self.at;
        let (name, quoted) = match self.quoted()? {
            Some(name) => (name, true),
            None => (Cow::Borrowed(self.bare_name(colons)), false),
        };
        if name.is_empty() {
            self.at = start;
            return self.refuse("a name");
        }
        Ok((name, quoted))
    }

    /// Takes labels behind their opening brace, and a metric's name if it is among them.
    fn labels(&mut self, name: &mut Option<Cow<'a, str>>) -> Read<Labels<'a>> {
        let mut labels = Labels::new();
        if self.take("}") {
            return Ok(labels);
        }
        loop {
            let start = self.at;
            let (label, quoted) = self.name(false)?;
            if self.take("=") {
                let Some(value) = self.quoted()? else { return self.refuse("a value between quotes") };
                if label.starts_with("__") {
                    return Err((
                        start,
                        format!("found the label name {}: names with __ in front are reserved", shown(&label)),
                    ));
                }
                if labels.len() >= MOST_LABELS || labels.iter().any(|(known, _)| *known == label) {
                    return Err((
                        start,
                        format!("found the label {} twice, or more than {MOST_LABELS}", shown(&label)),
                    ));
                }
                labels.push((label, value));
            } else if quoted && labels.is_empty() && name.is_none() {
                *name = Some(label);
            } else {
                return self.refuse("an equals sign");
            }
            match () {
                () if self.take(",") => {}
                () if self.take("}") => return Ok(labels),
                () => return self.refuse("a comma or a closing brace"),
            }
        }
    }

    fn number(&mut self, ends: &[char], what: &str) -> Read<f64> {
        let start = self.at;
        let word = self.until(ends);
        number(word).ok_or_else(|| {
            (start, format!("found {what} {}: it must be a decimal number, NaN, +Inf or -Inf", shown(word)))
        })
    }

    fn integer(&mut self, ends: &[char]) -> Read<i64> {
        let start = self.at;
        let word = self.until(ends);
        word.parse().map_err(|_| (start, format!("found {} where an integer must stand", shown(word))))
    }

    fn moment(&mut self) -> Read<Timestamp> {
        let start = self.at;
        let word = self.until(&[' ']);
        let plain = word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
        match number(word).filter(|moment| plain && moment.is_finite()) {
            Some(moment) => Ok(Timestamp::Seconds(moment)),
            None => Err((start, format!("found the timestamp {}: it must be seconds of Unix time", shown(word)))),
        }
    }

    /// A list between brackets, of what `item` takes.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let mut list = Vec::new();
        if !self.take("[") {
            return self.refuse("a list between brackets");
        }
        if self.take("]") {
            return Ok(list);
        }
        loop {
            list.push(item(self)?);
            match () {
                () if self.take(",") => {}
                () if self.take("]") => return Ok(list),
                () => return self.refuse("a comma or a closing bracket"),
            }
        }
    }

    fn pair(&mut self) -> Read<(f64, f64)> {
        let first = self.number(&[':', ',', ']', '}'], "the bound")?;
        if !self.take(":") {
            return self.refuse("a colon and a value");
        }
        Ok((first, self.number(&[',', ']', '}'], "the value")?))
    }

    fn span(&mut self) -> Read<(i64, i64)> {
        let offset = self.integer(&[':', ',', ']', '}'])?;
        if !self.take(":") {
            return self.refuse("a colon and a length");
        }
        Ok((offset, self.integer(&[',', ']', '}'])?))
    }

    /// Takes a composite value behind its opening brace.
    fn composite(&mut self) -> Read<Composite> {
        const END: &[char] = &[',', '}'];
        let mut value = Composite::default();
        let mut seen = Vec::new();
        loop {
            let start = self.at;
            let key = self.until(&[':', ',', '}']);
            if !self.take(":") {
                self.at = start;
                return self.refuse("a field, as `count:1`,");
            }
            if seen.contains(&key) {
                return Err((start, format!("found the field {key} twice")));
            }
            seen.push(key);
            let count = |cursor: &mut Self| cursor.number(&[',', ']', '}'], "the count");
            match key {
                "count" => value.count = Some(self.number(END, "the count")?),
                "sum" => value.sum = Some(self.number(END, "the sum")?),
                "schema" => value.schema = Some(self.integer(END)?),
                "zero_threshold" => value.zero_threshold = Some(self.number(END, "the zero threshold")?),
                "zero_count" => value.zero_count = Some(self.number(END, "the zero count")?),
                "bucket" => value.buckets = self.list(Self::pair)?,
                "quantile" => value.quantiles = self.list(Self::pair)?,
                "positive_spans" => value.positive_spans = self.list(Self::span)?,
                "negative_spans" => value.negative_spans = self.list(Self::span)?,
                "positive_buckets" => value.positive_buckets = self.list(count)?,
                "negative_buckets" => value.negative_buckets = self.list(count)?,
                _ => {
                    return Err((
                        start,
                        format!("found the field {}, which a composite value does not have", shown(key)),
                    ));
                }
            }
            match () {
                () if self.take(",") => {}
                () if self.take("}") => return Ok(value),
                () => return self.refuse("a comma or a closing brace"),
            }
        }
    }

    fn exemplar(&mut self) -> Read<Exemplar<'a>> {
        if !self.take("{") {
            return self.refuse("the labels of an exemplar, between braces,");
        }
        let labels = self.labels(&mut Some(Cow::Borrowed("")))?;
        if !self.take(" ") {
            return self.refuse("one space and the exemplar's value");
        }
        let value = self.number(&[' '], "the value")?;
        let mut exemplar = Exemplar { labels, value, timestamp: None };
        if self.rest().starts_with(' ') && !self.rest().starts_with(" #") {
            self.at += 1;
            exemplar.timestamp = Some(self.moment()?);
        }
        Ok(exemplar)
    }
}

fn number(word: &str) -> Option<f64> {
    word.parse().ok().filter(|_| !word.contains(char::is_whitespace))
}

/// Takes backslashes off.
pub(super) fn unescaped(text: &str) -> Result<Cow<'_, str>, String> {
    if !text.contains('\\') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match (c, c == '\\') {
            (c, false) => c,
            _ => match chars.next() {
                Some('n') => '\n',
                Some(c @ ('\\' | '"')) => c,
                other => {
                    let found: String = ['\\'].into_iter().chain(other).collect();
                    return Err(format!("found the escape {}: \\\\, \\n and \\\" are the only ones", shown(&found)));
                }
            },
        });
    }
    Ok(Cow::Owned(out))
}

/// The keyword and the name of a metadata line, and where its text begins.
pub(super) fn metadata(line: &str) -> Read<(&str, Cow<'_, str>, usize)> {
    let mut cursor = Cursor { line, at: 0 };
    let forms = "`# HELP name text`, `# TYPE name type` or `# UNIT name unit`";
    if !cursor.take("# ") {
        return cursor.refuse(forms);
    }
    let keyword = cursor.until(&[' ']);
    if !matches!(keyword, "HELP" | "TYPE" | "UNIT") || !cursor.take(" ") {
        cursor.at = 0;
        return cursor.refuse(forms);
    }
    let (name, _) = cursor.name(true)?;
    if !cursor.take(" ") {
        return cursor.refuse("one space and the text");
    }
    Ok((keyword, name, cursor.at))
}

pub(super) fn sample(line: &str) -> Read<Line<'_>> {
    let mut cursor = Cursor { line, at: 0 };
    let mut name = match cursor.rest().starts_with('{') {
        true => None,
        false => Some(Cow::Borrowed(cursor.bare_name(true))),
    };
    if name.as_ref().is_some_and(|name| name.is_empty()) {
        return cursor.refuse("the name of a metric");
    }
    let labels = if cursor.take("{") { cursor.labels(&mut name)? } else { Labels::new() };
    let Some(name) = name else { return Err((0, "found a sample without the name of a metric".into())) };
    if !cursor.take(" ") {
        return cursor.refuse("one space and a value");
    }
    let value_at = cursor.at;
    let mut sample = Sample { name, labels, value: f64::NAN, ..Sample::default() };
    let composite = if cursor.take("{") { Some(cursor.composite()?) } else { None };
    if composite.is_none() {
        sample.value = cursor.number(&[' '], "the value")?;
    }
    let mut started = false;
    while cursor.take(" ") {
        if cursor.take("# ") {
            // A sample of the model has one exemplar; the others are read and not kept.
            let exemplar = cursor.exemplar()?;
            sample.exemplar.get_or_insert_with(|| Box::new(exemplar));
        } else if sample.exemplar.is_some() {
            return cursor.refuse("another exemplar or nothing");
        } else if cursor.take("st@") && !started {
            cursor.moment()?;
            started = true;
        } else if sample.timestamp.is_none() && !started {
            sample.timestamp = Some(cursor.moment()?);
        } else {
            return cursor.refuse("an exemplar or nothing");
        }
    }
    match cursor.rest() {
        "" => Ok(Line { sample, composite, value_at }),
        _ => cursor.refuse("one space or nothing"),
    }
}

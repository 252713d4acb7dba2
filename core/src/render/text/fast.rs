//! The line of a counter or a gauge, as fast as it can be printed.
//!
//! A million such lines are the bulk of a large scrape. When a family begins, everything its lines have in common is
//! written into [`Pieces`]: `name{l1="`, `",l2="`, and `",const="value"} `. A line is then pieces, label values and a
//! number, copied without a length check into room that was reserved for the worst case. A series with label names of
//! its own, with exemplars or with a moment of creation takes the slower way in the parent module.

use super::family::Names;
use crate::merge::snapshot::{Row, Text, Value};
use crate::render::buffer::{Cursor, Pieces};
use crate::render::escape;
use crate::render::exposition::Style;
use crate::render::number;

/// Digits of the largest u64.
const WIDEST_U64: usize = 20;

/// The prepared parts of a family's plain lines.
#[derive(Debug, Default)]
pub(super) struct Line {
    pieces: Pieces,
    /// Address and length of the label names the pieces were made for.
    names: (usize, usize),
    /// False while the family's values are not plain numbers.
    usable: bool,
    style: Style,
}

impl Line {
    /// No line is fast until [`prepare`](Self::prepare) is called.
    pub(super) fn disable(&mut self) {
        self.usable = false;
    }

    /// Prepares the pieces. `labels` holds the shown label names with `="` behind each; `constant` the constant labels.
    pub(super) fn prepare(&mut self, names: &Names, own: &[String], labels: &[Vec<u8>], constant: &[u8], style: Style) {
        self.usable = true;
        self.style = style;
        self.names = identity(own);
        self.pieces.clear();
        let text = self.pieces.text();
        let classic = escape::is_classic_name(&names.sample);
        let any = !labels.is_empty() || !constant.is_empty();
        match (classic, any) {
            (true, true) => text.extend_from_slice(format!("{}{{", names.sample).as_bytes()),
            (true, false) => text.extend_from_slice(names.sample.as_bytes()),
            (false, _) => {
                text.push(b'{');
                escape::quoted_name(text, &names.sample);
                text.extend_from_slice(if any { b"," } else { b"" });
            }
        }
        for (i, label) in labels.iter().enumerate() {
            let text = self.pieces.text();
            text.extend_from_slice(if i > 0 { b"\"," } else { b"" });
            text.extend_from_slice(label);
            self.pieces.close();
        }
        let text = self.pieces.text();
        text.extend_from_slice(match (labels.is_empty(), constant.is_empty()) {
            (false, false) => b"\",",
            (false, true) => b"\"",
            (true, _) => b"",
        });
        text.extend_from_slice(constant);
        text.extend_from_slice(if any || !classic { b"} " } else { b" " });
        self.pieces.close();
        self.pieces.seal();
    }

    /// Prints the line of `row`, if the pieces fit it and its value is a plain number.
    #[inline]
    pub(super) fn print(&self, out: &mut Vec<u8>, row: &Row<'_>) -> bool {
        // One more piece than values: the check that makes every index below valid.
        if !self.usable || identity(row.names) != self.names || row.values.len() + 1 != self.pieces.count() {
            return false;
        }
        let number = match row.value {
            Value::Counter { whole, part } if *part == 0.0 => Number::Unsigned(*whole),
            Value::Counter { whole, part } => Number::of(*whole as f64 + part),
            Value::Gauge(number) | Value::Unknown(number) => Number::of(*number),
            _ => return false,
        };
        match number {
            Number::Unsigned(number) => self.copy(out, row.values, itoa::Buffer::new().format(number).as_bytes()),
            Number::Signed(number) => self.copy(out, row.values, itoa::Buffer::new().format(number).as_bytes()),
            Number::Float(float) => {
                let mut buffer = zmij::Buffer::new();
                match number::plain(&mut buffer, float) {
                    Some(text) => self.copy(out, row.values, text.as_bytes()),
                    None => {
                        let mut text = Vec::with_capacity(number::WIDEST);
                        self.style.value(&mut text, float);
                        self.copy(out, row.values, &text);
                    }
                }
            }
        }
        true
    }

    /// Prints the lines of many counters: their label values one after the other, and their values. False, with nothing
    /// printed, if the pieces do not fit them or a value needs escaping.
    pub(super) fn print_counters(
        &self,
        out: &mut Vec<u8>,
        names: &[String],
        (texts, wholes): (&[Text<'_>], &[u64]),
    ) -> bool {
        let labels = names.len();
        let fits = self.usable && identity(names) == self.names && labels + 1 == self.pieces.count();
        if !fits || texts.len() != labels * wholes.len() || !texts.iter().all(|text| text.plain) {
            return false;
        }
        let text: usize = texts.iter().map(|text| text.raw.len()).sum();
        let mut lines = Cursor::new(out, text + wholes.len() * (self.pieces.len() + WIDEST_U64 + 1));
        let mut values = texts.iter();
        for whole in wholes {
            // SAFETY: the pieces are sealed, there is one more than labels and `labels` values for each line. What is
            // written is every piece and a number and a line feed for each line, and every value once, which is what was
            // reserved.
            unsafe {
                for (i, value) in values.by_ref().take(labels).enumerate() {
                    lines.piece(&self.pieces, i);
                    lines.text(value.raw.as_bytes());
                }
                lines.piece(&self.pieces, labels);
                lines.digits(*whole);
                lines.byte(b'\n');
            }
        }
        lines.finish();
        true
    }

    #[inline(always)]
    fn copy(&self, out: &mut Vec<u8>, values: &[Text<'_>], number: &[u8]) {
        // Escaping a byte makes two of it at most.
        let worst: usize = values.iter().map(|value| value.raw.len() << u32::from(!value.plain)).sum();
        let mut line = Cursor::new(out, self.pieces.len() + worst + number.len() + 1);
        // SAFETY: `print` checked that there is one piece more than values, and the pieces are sealed. What is written is
        // every piece, every value (escaped to at most twice its length), the number and a line feed, which is what was
        // reserved.
        unsafe {
            for (i, value) in values.iter().enumerate() {
                line.piece(&self.pieces, i);
                if value.plain {
                    line.text(value.raw.as_bytes());
                } else {
                    let mut escaped = Vec::with_capacity(2 * value.raw.len());
                    escape::label_value(&mut escaped, value.raw);
                    line.text(&escaped);
                }
            }
            line.piece(&self.pieces, values.len());
            line.text(number);
            line.byte(b'\n');
        }
        line.finish();
    }
}

/// A number by the way it is printed.
enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

impl Number {
    #[inline]
    fn of(number: f64) -> Self {
        number::whole(number).map_or(Number::Float(number), Number::Signed)
    }
}

/// The same slice, or one that cannot be told from it.
#[inline]
fn identity(names: &[String]) -> (usize, usize) {
    (names.as_ptr() as usize, names.len())
}

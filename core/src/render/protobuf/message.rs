//! Writing a protobuf message field by field, as bytes or as text.
//!
//! The walk over a family is written once, against [`Message`]; [`Wire`] and [`Readable`] are what it can be written to.
//! No message type is generated or kept in memory: a nested message is written in place and its length put before it.

use crate::render::number;

/// A field: its number in the schema, and its name in the text form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field(pub(super) u32, pub(super) &'static str);

/// Something that fields can be written to, in any order.
pub(super) trait Message {
    /// A `string` field.
    fn string(&mut self, field: Field, text: &str);
    /// A `double` field.
    fn double(&mut self, field: Field, number: f64);
    /// A `uint64`, `uint32`, or not negative `int64` or `int32` field.
    fn unsigned(&mut self, field: Field, number: u64);
    /// A `sint64` or `sint32` field.
    fn signed(&mut self, field: Field, number: i64);
    /// An enum field.
    fn choice(&mut self, field: Field, number: u64, name: &'static str);
    /// A nested message.
    fn message(&mut self, field: Field, body: impl FnOnce(&mut Self));
}

/// The binary form.
#[derive(Debug, Default)]
pub(super) struct Wire {
    pub(super) out: Vec<u8>,
}

/// The wire types that are used.
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH: u64 = 2;

impl Wire {
    fn key(&mut self, field: Field, wire_type: u64) {
        varint(&mut self.out, u64::from(field.0) << 3 | wire_type);
    }
}

/// Appends a base-128 varint.
pub(super) fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

impl Message for Wire {
    fn string(&mut self, field: Field, text: &str) {
        self.key(field, LENGTH);
        varint(&mut self.out, text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
    }

    fn double(&mut self, field: Field, number: f64) {
        self.key(field, FIXED64);
        self.out.extend_from_slice(&number.to_le_bytes());
    }

    fn unsigned(&mut self, field: Field, number: u64) {
        self.key(field, VARINT);
        varint(&mut self.out, number);
    }

    fn signed(&mut self, field: Field, number: i64) {
        self.key(field, VARINT);
        // Zigzag: small numbers of either sign are short.
        varint(&mut self.out, (number << 1 ^ number >> 63) as u64);
    }

    fn choice(&mut self, field: Field, number: u64, _name: &'static str) {
        self.unsigned(field, number);
    }

    fn message(&mut self, field: Field, body: impl FnOnce(&mut Self)) {
        self.key(field, LENGTH);
        let start = self.out.len();
        // Most messages are shorter than 128 bytes; the others are moved once their length is known.
        self.out.push(0);
        body(self);
        let length = self.out.len() - start - 1;
        if length < 0x80 {
            self.out[start] = length as u8;
        } else {
            let mut prefix = Vec::with_capacity(10);
            varint(&mut prefix, length as u64);
            self.out.splice(start..=start, prefix);
        }
    }
}

/// The text form, on many lines or on one.
#[derive(Debug, Default)]
pub(super) struct Readable {
    pub(super) out: Vec<u8>,
    /// One line for the whole message.
    pub(super) compact: bool,
    depth: usize,
}

impl Readable {
    pub(super) fn new(compact: bool) -> Self {
        Readable { compact, ..Readable::default() }
    }

    fn name(&mut self, field: Field) {
        if !self.compact {
            self.out.extend(std::iter::repeat_n(b' ', 2 * self.depth));
        } else if self.out.last().is_some_and(|b| !matches!(b, b'{' | b'\n')) {
            self.out.push(b' ');
        }
        self.out.extend_from_slice(field.1.as_bytes());
        self.out.extend_from_slice(if self.compact { b":" } else { b": " });
    }

    fn end_of_field(&mut self) {
        if !self.compact {
            self.out.push(b'\n');
        }
    }
}

impl Message for Readable {
    fn string(&mut self, field: Field, text: &str) {
        self.name(field);
        self.out.push(b'"');
        for c in text.chars() {
            match c {
                '\n' => self.out.extend_from_slice(br"\n"),
                '\r' => self.out.extend_from_slice(br"\r"),
                '\t' => self.out.extend_from_slice(br"\t"),
                '"' => self.out.extend_from_slice(br#"\""#),
                '\\' => self.out.extend_from_slice(br"\\"),
                c if c.is_ascii_control() => self.out.extend_from_slice(format!("\\x{:02x}", u32::from(c)).as_bytes()),
                c => self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        self.out.push(b'"');
        self.end_of_field();
    }

    fn double(&mut self, field: Field, number: f64) {
        self.name(field);
        match number {
            n if n.is_nan() => self.out.extend_from_slice(b"nan"),
            n if n.is_infinite() => self.out.extend_from_slice(if n > 0.0 { b"inf" } else { b"-inf" }),
            n => number::value(&mut self.out, n),
        }
        self.end_of_field();
    }

    fn unsigned(&mut self, field: Field, number: u64) {
        self.name(field);
        number::integer(&mut self.out, number);
        self.end_of_field();
    }

    fn signed(&mut self, field: Field, number: i64) {
        self.name(field);
        number::signed(&mut self.out, number);
        self.end_of_field();
    }

    fn choice(&mut self, field: Field, _number: u64, name: &'static str) {
        self.name(field);
        self.out.extend_from_slice(name.as_bytes());
        self.end_of_field();
    }

    fn message(&mut self, field: Field, body: impl FnOnce(&mut Self)) {
        self.name(field);
        self.out.push(b'{');
        self.end_of_field();
        self.depth += 1;
        body(self);
        self.depth -= 1;
        if !self.compact {
            self.out.extend(std::iter::repeat_n(b' ', 2 * self.depth));
        }
        self.out.push(b'}');
        self.end_of_field();
    }
}

//! Protobuf's wire format: fields with a number, of four kinds. Groups, which the schema has not, are refused.

use super::{Result, refuse};

/// The bytes of a message, and where they stand in the input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// What a field holds, and where it began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    at: usize,
    value: Value<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Fixed32,
    Bytes(Message<'a>),
}

/// A varint has ten bytes at most: 64 bits, seven to a byte.
const LONGEST: usize = 10;

impl<'a> Message<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Message { bytes, at }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        self.at += length;
        Some(taken)
    }

    pub(super) fn varint(&mut self) -> Result<u64> {
        let start = self.at;
        let mut number = 0;
        for place in 0..LONGEST {
            let Some(&[byte]) = self.take(1) else {
                return refuse(start, "found the end of the input within a number: the input is cut short");
            };
            let bits = u64::from(byte & 0x7f);
            if place == LONGEST - 1 && bits > 1 {
                break;
            }
            number |= bits << (7 * place);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        refuse(start, "found a number of more than 64 bits: this is not protobuf, or it is damaged")
    }

    /// Takes a message behind its length.
    pub(super) fn delimited(&mut self) -> Result<Message<'a>> {
        let start = self.at;
        let length = self.varint()?;
        let inner = self.at;
        match usize::try_from(length).ok().and_then(|length| self.take(length)) {
            Some(bytes) => Ok(Message { bytes, at: inner }),
            None => {
                let left = self.bytes.len();
                refuse(
                    start,
                    format!(
                        "found the length {length} where {left} bytes are left: the input is cut short or no protobuf"
                    ),
                )
            }
        }
    }

    /// How many fields there are with a number.
    pub(super) fn count(mut self, wanted: u64) -> Result<usize> {
        let mut count = 0;
        while let Some((number, _)) = self.next()? {
            count += usize::from(number == wanted);
        }
        Ok(count)
    }

    /// Takes the next field.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Field<'a>)>> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let at = self.at;
        let key = self.varint()?;
        let cut = || refuse(at, "found the end of the message within a field: the input is cut short");
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => match self.take(8).and_then(|bytes| bytes.try_into().ok()) {
                Some(bytes) => Value::Fixed64(bytes),
                None => return cut(),
            },
            2 => Value::Bytes(self.delimited()?),
            5 => match self.take(4) {
                Some(_) => Value::Fixed32,
                None => return cut(),
            },
            kind => {
                return refuse(at, format!("found a field of wire type {kind}: it is 0, 1, 2 or 5 in this schema"));
            }
        };
        match key >> 3 {
            0 => refuse(at, "found a field with the number 0: they begin with 1"),
            number => Ok(Some((number, Field { at, value }))),
        }
    }
}

impl<'a> Field<'a> {
    fn wrong<T>(&self, what: &str, wanted: &str) -> Result<T> {
        refuse(self.at, format!("found {what} of another wire type: it is {wanted}"))
    }

    pub(super) fn varint(&self, what: &str) -> Result<u64> {
        match self.value {
            Value::Varint(number) => Ok(number),
            _ => self.wrong(what, "a varint"),
        }
    }

    /// A number with the sign in its lowest bit.
    pub(super) fn zigzag(&self, what: &str) -> Result<i64> {
        self.varint(what).map(unzigzag)
    }

    pub(super) fn double(&self, what: &str) -> Result<f64> {
        match self.value {
            Value::Fixed64(bytes) => Ok(f64::from_le_bytes(bytes)),
            _ => self.wrong(what, "eight bytes"),
        }
    }

    pub(super) fn message(&self, what: &str) -> Result<Message<'a>> {
        match self.value {
            Value::Bytes(message) => Ok(message),
            _ => self.wrong(what, "behind its length"),
        }
    }

    pub(super) fn text(&self, what: &str) -> Result<&'a str> {
        let message = self.message(what)?;
        std::str::from_utf8(message.bytes).or_else(|_| refuse(self.at, format!("found {what} that is not UTF-8")))
    }

    /// Numbers of a list, packed or one to a field.
    pub(super) fn zigzags(&self, what: &str, list: &mut Vec<i64>) -> Result<()> {
        match self.value {
            Value::Bytes(mut packed) => {
                while !packed.bytes.is_empty() {
                    list.push(unzigzag(packed.varint()?));
                }
            }
            _ => list.push(self.zigzag(what)?),
        }
        Ok(())
    }

    /// Doubles of a list, packed or one to a field.
    pub(super) fn doubles(&self, what: &str, list: &mut Vec<f64>) -> Result<()> {
        match self.value {
            Value::Bytes(packed) => {
                let (eights, rest) = packed.bytes.as_chunks::<8>();
                if !rest.is_empty() {
                    return self.wrong(what, "a list of eight bytes each");
                }
                list.extend(eights.iter().map(|bytes| f64::from_le_bytes(*bytes)));
            }
            _ => list.push(self.double(what)?),
        }
        Ok(())
    }
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

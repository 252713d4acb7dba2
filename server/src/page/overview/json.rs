//! Writing JSON: an object, member by member. The overview is the only caller.
//!
//! Promised: valid JSON whatever the texts and numbers are. Absent: reading.

use crate::page::escape;
use std::io::Write;

/// An object that is being written.
pub(super) struct Object {
    out: Vec<u8>,
}

impl Object {
    pub(super) fn new() -> Object {
        Object { out: vec![b'{'] }
    }

    fn key(&mut self, name: &str) {
        if self.out.len() > 1 {
            self.out.push(b',');
        }
        escape::json(&mut self.out, name);
        self.out.push(b':');
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.key(name);
        escape::json(&mut self.out, value);
    }

    pub(super) fn integer(&mut self, name: &str, value: u64) {
        self.raw(name, value.to_string().as_bytes());
    }

    pub(super) fn boolean(&mut self, name: &str, value: bool) {
        self.raw(name, if value { b"true" } else { b"false" });
    }

    pub(super) fn number(&mut self, name: &str, value: f64) {
        self.key(name);
        number(&mut self.out, value);
    }

    /// A member whose value is JSON already.
    pub(super) fn raw(&mut self, name: &str, value: &[u8]) {
        self.key(name);
        self.out.extend_from_slice(value);
    }

    /// An array of as many of `rows` as fit in `bytes`, and how many that were.
    pub(super) fn rows(&mut self, name: &str, bytes: usize, rows: &mut dyn Iterator<Item = Vec<u8>>) -> usize {
        self.key(name);
        self.out.push(b'[');
        let (start, mut written) = (self.out.len(), 0);
        for row in rows {
            if self.out.len() - start + row.len() >= bytes {
                break;
            }
            if written > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(&row);
            written += 1;
        }
        self.out.push(b']');
        written
    }

    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.out.push(b'}');
        self.out
    }
}

/// A number with the fewest digits that read back the same; `null` for what JSON does not have.
pub(super) fn number(out: &mut Vec<u8>, value: f64) {
    // A vector takes every write.
    let _ = match value {
        _ if !value.is_finite() => out.write_all(b"null"),
        0.0 => out.write_all(b"0"),
        _ if (1e-6..1e17).contains(&value.abs()) => write!(out, "{value}"),
        _ => write!(out, "{value:e}"),
    };
}

/// An array of numbers, or of pairs of them.
pub(super) fn array<T>(items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) -> Vec<u8> {
    let mut out = vec![b'['];
    for item in items {
        if out.len() > 1 {
            out.push(b',');
        }
        write(&mut out, item);
    }
    out.push(b']');
    out
}

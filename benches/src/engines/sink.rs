//! A sink that counts what it is given and keeps nothing.
//!
//! Adapters stream into it, so that a scrape can be timed and weighed without a buffer of the whole text. The bytes
//! pass through `black_box`: a renderer cannot be optimised into a sum of lengths.

use std::fmt;
use std::hint::black_box;
use std::io;

/// Bytes seen so far.
#[derive(Default)]
pub(super) struct Sink(pub(super) usize);

impl Sink {
    #[inline]
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.0 += black_box(bytes).len();
    }
}

impl io::Write for Sink {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Write for Sink {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.take(text.as_bytes());
        Ok(())
    }
}

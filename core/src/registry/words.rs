//! The interner: every label value once, by number.
//!
//! A word is a row (where its text lies, how long it is, how many series use it) and its bytes in an arena of blocks
//! that never move, so a scrape reads text without a lock while words come and go. Text is stored as given; a flag says
//! whether the text formats can print it unescaped, which nearly every value allows. Words that no series uses give
//! their bytes back to a free list of their size.
//!
//! Reading a word is allowed while the ledger is held, or while a series that uses it cannot be removed.

use super::guard::Guard;
use super::key;
use super::rows::Rows;
use crate::merge::snapshot::Text;
use crate::sync::{Mutex, Ordering::Relaxed, held};
use hashbrown::HashTable;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The number of a word.
pub(crate) type Word = u32;

// The words of a row. The address of the text is in two halves.
const LOW: usize = 0;
const HIGH: usize = 1;
const LENGTH: usize = 2;
const USES: usize = 3;
const WIDTH: usize = 4;

/// Bit of the length that says the text needs escaping.
const ESCAPE: u32 = 1 << 31;
/// The longest label value that is kept; longer ones are cut at a character boundary. 64 KiB is above every limit the
/// servers set by default and fits in a block of the arena.
pub(crate) const MAX_LENGTH: usize = 64 * 1024;

/// Bytes are handed out in units, so that free ones of nearly a size serve each other.
const UNIT: usize = 4;
/// The first block, which is all that a registry of a few metrics needs.
const SMALL: usize = 4 * 1024;
/// The others: a few long values each, or some 20,000 short ones.
const BLOCK: usize = 256 * 1024;

/// All label values of a registry.
pub(crate) struct Words {
    rows: Rows,
    making: Mutex<Making>,
    guard: Arc<Guard>,
}

/// What only the makers of words need.
#[derive(Default)]
struct Making {
    index: HashTable<Word>,
    free_rows: Vec<Word>,
    /// Addresses of free runs of bytes, by their length in units.
    free: BTreeMap<usize, Vec<usize>>,
    /// The memory of all text. Only ever added to, and reached through addresses.
    blocks: Vec<*mut [u8]>,
    /// The part of the last block that was never handed out: its address and length.
    rest: (usize, usize),
}

// SAFETY: the blocks are the interner's own; they are written under the lock, where nobody reads yet.
unsafe impl Send for Making {}

/// `value`, or as much of it as is kept.
pub(super) fn kept(value: &str) -> &str {
    let mut end = value.len().min(MAX_LENGTH);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    &value[..end]
}

/// `labels`, each as much of it as is kept, so that a lookup finds what an insertion made.
pub(super) fn kept_all<'a>(labels: &'a [&'a str]) -> Cow<'a, [&'a str]> {
    match labels.iter().all(|label| label.len() <= MAX_LENGTH) {
        true => Cow::Borrowed(labels),
        false => labels.iter().map(|label| kept(label)).collect(),
    }
}

impl Words {
    pub(crate) fn new(guard: Arc<Guard>) -> Words {
        Words { rows: Rows::new(WIDTH), making: Mutex::new(Making::default()), guard }
    }

    /// Who says what label values may be.
    pub(crate) fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    /// The text of a word that is in use.
    #[inline]
    pub(crate) fn text(&self, word: Word) -> Text<'_> {
        let row = self.rows.row_of::<WIDTH>(word);
        // Relaxed: whoever learned this number learned it through a lock or an acquiring read of a series' row.
        let [low, high, length] = [LOW, HIGH, LENGTH].map(|at| row[at].load(Relaxed));
        let start = std::ptr::with_exposed_provenance::<u8>((u64::from(high) << 32 | u64::from(low)) as usize);
        // SAFETY: `intern` copied this many bytes of a str there, and they stay until the word's last use ends.
        let raw = unsafe {
            let bytes = std::slice::from_raw_parts(start, (length & !ESCAPE) as usize);
            std::str::from_utf8_unchecked(bytes)
        };
        Text { raw, plain: length & ESCAPE == 0 }
    }

    /// The number of `value`, with one more use.
    pub(crate) fn intern(&self, value: &str) -> Option<Word> {
        let value = kept(value);
        let hash = key::hash([value]);
        let mut making = held(self.making.lock());
        if let Some(word) = making.index.find(hash, |word| self.text(*word).raw == value) {
            // Relaxed: uses are only counted under the lock.
            self.rows.row(*word)[USES].fetch_add(1, Relaxed);
            return Some(*word);
        }
        let at = making.copy(value);
        let reused = making.free_rows.pop();
        let (word, row) = match reused {
            Some(word) => (word, self.rows.row(word)),
            None => self.rows.make()?,
        };
        let escape = if Text::new(value).plain { 0 } else { ESCAPE };
        row[LOW].store(at as u32, Relaxed);
        row[HIGH].store((at as u64 >> 32) as u32, Relaxed);
        row[LENGTH].store(value.len() as u32 | escape, Relaxed);
        row[USES].store(1, Relaxed);
        if reused.is_none() {
            self.rows.publish();
        }
        making.index.insert_unique(hash, word, |word| key::hash([self.text(*word).raw]));
        Some(word)
    }

    /// Ends one use of a word. The caller sees to it that nobody reads it through the series that used it.
    pub(crate) fn release(&self, word: Word) {
        let mut making = held(self.making.lock());
        let row = self.rows.row(word);
        // Relaxed: as in `intern`.
        if row[USES].fetch_sub(1, Relaxed) > 1 {
            return;
        }
        let value = self.text(word).raw;
        let (at, length) = (value.as_ptr() as usize, units(value.len()));
        if let Ok(entry) = making.index.find_entry(key::hash([value]), |w| *w == word) {
            entry.remove();
        }
        making.free.entry(length).or_default().push(at);
        making.free_rows.push(word);
    }
}

/// Units that so many bytes are given: as many as they need up to 32 bytes, and then the next of four sizes to each power
/// of two, so that the bytes of a gone value serve one of nearly its length. The empty text has one unit too, so that it
/// has an address.
fn units(length: usize) -> usize {
    let needed = length.div_ceil(UNIT).max(1);
    match needed {
        ..=8 => needed,
        _ => needed.next_multiple_of(1 << (needed.ilog2() - 2)),
    }
}

impl Making {
    /// The address of a copy of `value`.
    fn copy(&mut self, value: &str) -> usize {
        let units = units(value.len());
        let used = self.free.get_mut(&units).and_then(Vec::pop);
        let at = used.unwrap_or_else(|| self.fresh(units * UNIT));
        // SAFETY: the run lies inside a block, and no word that is in use has it.
        unsafe {
            let to = std::ptr::with_exposed_provenance_mut(at);
            std::ptr::copy_nonoverlapping(value.as_ptr(), to, value.len());
        }
        at
    }

    /// The address of bytes that nobody had before. What is left of a block that is too short stays unused.
    fn fresh(&mut self, length: usize) -> usize {
        if self.rest.1 < length {
            let size = if self.blocks.is_empty() && length <= SMALL { SMALL } else { BLOCK };
            let block = Box::into_raw(vec![0u8; size].into_boxed_slice());
            self.rest = (block.cast::<u8>().expose_provenance(), size);
            self.blocks.push(block);
        }
        let (at, left) = self.rest;
        self.rest = (at + length, left - length);
        at
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        for block in self.blocks.drain(..) {
            // SAFETY: made from a box by `fresh`, and nobody reads text once the interner is dropped.
            drop(unsafe { Box::from_raw(block) });
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_number_however_often_it_is_asked_for() {
        let words = Words::new(Arc::default());
        let (get, post) = (words.intern("GET"), words.intern("POST"));
        assert_ne!(get, post);
        assert_eq!(words.intern("GET"), get);
        assert_eq!(words.text(get.expect("room")).raw, "GET");
    }

    #[test]
    fn what_needs_escaping_is_known() {
        let words = Words::new(Arc::default());
        for (value, plain) in
            [("a b", true), ("a\"b", false), ("a\\b", false), ("a\nb", false), ("", true), ("é", true)]
        {
            let word = words.intern(value).expect("room");
            assert_eq!(words.text(word), Text { raw: value, plain });
        }
    }

    #[test]
    fn a_released_word_gives_its_place_to_the_next_of_its_size() {
        let words = Words::new(Arc::default());
        let first = words.intern("aaaaa").expect("room");
        words.intern("aaaaa");
        words.release(first);
        assert_eq!(words.text(first).raw, "aaaaa", "one use is left");
        words.release(first);
        let second = words.intern("bbbbb").expect("room");
        assert_eq!(second, first);
        assert_eq!(words.text(second).raw, "bbbbb");
        assert_ne!(words.intern("aaaaa"), Some(first));
    }

    #[test]
    fn a_hundred_thousand_values_keep_their_text() {
        let words = Words::new(Arc::default());
        let value = |i: usize| format!("{i}").repeat(1 + i % 9);
        let numbers: Vec<_> = (0..100_000).map(|i| words.intern(&value(i)).expect("room")).collect();
        assert!(numbers.iter().enumerate().all(|(i, word)| words.text(*word).raw == value(i)));
    }

    #[test]
    fn a_value_beyond_the_limit_is_cut_between_characters() {
        let words = Words::new(Arc::default());
        let word = words.intern(&"é".repeat(MAX_LENGTH)).expect("room");
        assert_eq!(words.text(word).raw.len(), MAX_LENGTH);
    }
}

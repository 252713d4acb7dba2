//! The interner: every label value once, by number.
//!
//! A word is a row (where its text lies, how long it is, how many series use it) and its bytes in an arena of blocks
//! that never move, so a scrape reads text without a lock while words come and go. Text is stored as given; a flag says
//! whether the text formats can print it unescaped, which nearly every value allows. Words that no series uses give
//! their bytes back to a free list of their size.
//!
//! Reading a word is allowed while the ledger is held, or while a series that uses it cannot be removed.

use super::key;
use super::rows::Rows;
use crate::merge::snapshot::Text;
use crate::sync::{Mutex, Ordering::*, held};
use hashbrown::HashTable;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicPtr;

/// The number of a word.
pub(crate) type Word = u32;

// The words of a row.
const AT: usize = 0;
const LENGTH: usize = 1;
const USES: usize = 2;
const WIDTH: usize = 3;

/// Bit of the length that says the text needs escaping.
const ESCAPE: u32 = 1 << 31;
/// The longest label value that is kept; longer ones are cut at a character boundary. 64 KiB is above every limit the
/// servers set by default and keeps one value inside the first blocks of the arena.
pub(crate) const MAX_LENGTH: usize = 64 * 1024;

/// Bytes are handed out in units, so that a u32 reaches far.
const UNIT: usize = 4;
/// Units in the first block: 4 KiB, which is all that a registry of a few metrics needs.
const SMALL: u32 = 1024;
/// Units in the others, as a power of two: 256 KiB, so that the longest value fits in any of them.
const BLOCK: u32 = 16;
/// Blocks there may be, for 4 GiB of text.
const BLOCKS: usize = 16 * 1024;

/// All label values of a registry.
pub(crate) struct Words {
    rows: Rows,
    small: AtomicPtr<u8>,
    /// The directory of the other blocks, once there is one.
    blocks: AtomicPtr<AtomicPtr<u8>>,
    making: Mutex<Making>,
}

/// What only the makers of words need.
#[derive(Default)]
struct Making {
    index: HashTable<Word>,
    free_rows: Vec<Word>,
    /// Free runs of bytes, by their length in units.
    free: BTreeMap<u32, Vec<u32>>,
    /// The first unit that was never handed out.
    next: u32,
}

fn units(length: usize) -> u32 {
    length.div_ceil(UNIT) as u32
}

/// `value`, or as much of it as is kept.
fn kept(value: &str) -> &str {
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
    pub(crate) fn new() -> Words {
        Words {
            rows: Rows::new(WIDTH),
            small: AtomicPtr::new(std::ptr::null_mut()),
            blocks: AtomicPtr::new(std::ptr::null_mut()),
            making: Mutex::new(Making::default()),
        }
    }

    /// The text of a word that is in use.
    #[inline]
    pub(crate) fn text(&self, word: Word) -> Text<'_> {
        let row = self.rows.row_of::<WIDTH>(word);
        // Relaxed: whoever learned this number learned it through a lock or an acquiring read of a series' row.
        let (at, length) = (row[AT].load(Relaxed), row[LENGTH].load(Relaxed));
        let start = self.start(at);
        // SAFETY: `intern` copied this many bytes of a str there, and they stay until the word's last use ends.
        let raw = unsafe {
            let bytes = std::slice::from_raw_parts(start, (length & !ESCAPE) as usize);
            std::str::from_utf8_unchecked(bytes)
        };
        Text { raw, plain: length & ESCAPE == 0 }
    }

    /// Where a unit that was handed out begins.
    #[inline]
    fn start(&self, unit: u32) -> *mut u8 {
        // Acquire: pairs with the Release in `bytes`.
        let (block, at) = if unit < SMALL {
            (self.small.load(Acquire), unit)
        } else {
            // SAFETY: a unit this high lies in another block, and the directory was published before the block was.
            let block = unsafe { &*self.blocks.load(Acquire).add((unit >> BLOCK) as usize) };
            (block.load(Acquire), unit & ((1 << BLOCK) - 1))
        };
        // SAFETY: the place lies inside the block.
        unsafe { block.add(at as usize * UNIT) }
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
        let at = self.bytes(&mut making, value)?;
        let reused = making.free_rows.pop();
        let (word, row) = match reused {
            Some(word) => (word, self.rows.row(word)),
            None => self.rows.make()?,
        };
        let escape = if Text::new(value).plain { 0 } else { ESCAPE };
        row[AT].store(at, Relaxed);
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
        let length = units(value.len());
        if let Ok(entry) = making.index.find_entry(key::hash([value]), |w| *w == word) {
            entry.remove();
        }
        making.free.entry(length).or_default().push(row[AT].load(Relaxed));
        making.free_rows.push(word);
    }

    /// A place that holds a copy of `value`.
    fn bytes(&self, making: &mut Making, value: &str) -> Option<u32> {
        let length = units(value.len());
        let used = making.free.get_mut(&length).and_then(Vec::pop);
        let at = match used {
            Some(at) => at,
            None => {
                // A value lies in one block: what is left of a block that is too short for it stays unused.
                let end =
                    if making.next < SMALL { SMALL } else { (making.next | ((1 << BLOCK) - 1)).checked_add(1)? };
                if end - making.next < length {
                    making.next = end;
                }
                let at = making.next;
                self.have_block(at)?;
                making.next = at.checked_add(length)?;
                at
            }
        };
        // SAFETY: the place lies inside a block that is there, and no word that is in use has it.
        unsafe { std::ptr::copy_nonoverlapping(value.as_ptr(), self.start(at), value.len()) };
        Some(at)
    }

    /// Makes the block of a unit, if it is not there. One caller at a time. `None` when there are no more.
    fn have_block(&self, unit: u32) -> Option<()> {
        // Relaxed: only changed under the lock of `making`. Release: a reader that finds a block finds what was copied
        // there before the word's number was given out.
        let block = if unit < SMALL {
            &self.small
        } else {
            let at = (unit >> BLOCK) as usize;
            if at >= BLOCKS {
                return None;
            }
            if self.blocks.load(Relaxed).is_null() {
                // SAFETY: an AtomicPtr of zero bytes is null.
                let directory = unsafe { Box::<[AtomicPtr<u8>]>::new_zeroed_slice(BLOCKS).assume_init() };
                self.blocks.store(Box::into_raw(directory).cast(), Release);
            }
            // SAFETY: the directory has BLOCKS places.
            unsafe { &*self.blocks.load(Relaxed).add(at) }
        };
        if block.load(Relaxed).is_null() {
            let size = if unit < SMALL { SMALL as usize } else { 1 << BLOCK } * UNIT;
            block.store(Box::into_raw(vec![0u8; size].into_boxed_slice()).cast(), Release);
        }
        Some(())
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        let free = |start: *mut u8, size: usize| {
            if !start.is_null() {
                // SAFETY: `have_block` made the box with this size, and nothing can reach it any more.
                drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(start, size)) });
            }
        };
        // Relaxed, all of them: nobody else has the interner.
        free(self.small.load(Relaxed), SMALL as usize * UNIT);
        let directory = self.blocks.load(Relaxed);
        if !directory.is_null() {
            // SAFETY: `have_block` made the box with this length.
            let blocks = unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(directory, BLOCKS)) };
            blocks.iter().for_each(|block| free(block.load(Relaxed), UNIT << BLOCK));
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_number_however_often_it_is_asked_for() {
        let words = Words::new();
        let (get, post) = (words.intern("GET"), words.intern("POST"));
        assert_ne!(get, post);
        assert_eq!(words.intern("GET"), get);
        assert_eq!(words.text(get.expect("room")).raw, "GET");
    }

    #[test]
    fn what_needs_escaping_is_known() {
        let words = Words::new();
        for (value, plain) in
            [("a b", true), ("a\"b", false), ("a\\b", false), ("a\nb", false), ("", true), ("é", true)]
        {
            let word = words.intern(value).expect("room");
            assert_eq!(words.text(word), Text { raw: value, plain });
        }
    }

    #[test]
    fn a_released_word_gives_its_place_to_the_next_of_its_size() {
        let words = Words::new();
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
        let words = Words::new();
        let value = |i: usize| format!("{i}").repeat(1 + i % 9);
        let numbers: Vec<_> = (0..100_000).map(|i| words.intern(&value(i)).expect("room")).collect();
        assert!(numbers.iter().enumerate().all(|(i, word)| words.text(*word).raw == value(i)));
    }

    #[test]
    fn a_value_beyond_the_limit_is_cut_between_characters() {
        let words = Words::new();
        let word = words.intern(&"é".repeat(MAX_LENGTH)).expect("room");
        assert_eq!(words.text(word).raw.len(), MAX_LENGTH);
    }
}

//! Fast appends to a byte vector: room is reserved once for a whole line, then filled with unchecked copies.
//!
//! A line of text is a dozen pieces of a few bytes each, and a call to `memcpy` with its length checks costs more than
//! moving them. [`Pieces`] keeps prepared text with slack behind it, so a piece may be copied 16 bytes at a time without
//! looking at its length; [`Cursor`] writes into reserved room and publishes the length once. The text lines are the
//! only callers, and this is the only file of `render` that holds a raw pointer. Nothing here knows what it copies.

use std::ptr;

/// How far a copy may read past a piece, or write past the end of a line: one step of 16 bytes.
pub(crate) const SLACK: usize = 16;

/// The digits of 0 to 99; the places beyond are never asked for.
const PAIRS: [[u8; 2]; 128] = {
    let mut pairs = [[b'0'; 2]; 128];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

/// Pieces of prepared text, one after the other, with [`SLACK`] readable bytes behind the last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pieces {
    bytes: Vec<u8>,
    /// `(start, end)` of each piece.
    places: Vec<(usize, usize)>,
    /// Where the piece that is being written starts.
    open: usize,
}

impl Pieces {
    /// Forgets all pieces and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
        self.open = 0;
    }

    /// Where the text of the next piece is to be appended.
    pub(crate) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Ends the piece that was being written.
    pub(crate) fn close(&mut self) {
        self.places.push((self.open, self.bytes.len()));
        self.open = self.bytes.len();
    }

    /// Adds the slack. No piece may be written after it.
    pub(crate) fn seal(&mut self) {
        self.bytes.resize(self.open + SLACK, 0);
    }

    /// The text of all pieces together, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.open
    }

    /// How many pieces there are.
    pub(crate) fn count(&self) -> usize {
        self.places.len()
    }
}

/// The end of a vector, with room reserved for a line.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    out: &'a mut Vec<u8>,
    /// Where the next byte goes. Kept here because the compiler cannot know that bytes written through it do not change
    /// the vector's own pointer.
    to: *mut u8,
}

impl<'a> Cursor<'a> {
    /// Starts behind what `out` holds, with room for `worst` bytes and the slack.
    #[inline]
    pub(crate) fn new(out: &'a mut Vec<u8>, worst: usize) -> Self {
        out.reserve(worst + SLACK);
        // SAFETY: the length is within the capacity.
        let to = unsafe { out.as_mut_ptr().add(out.len()) };
        Cursor { out, to }
    }

    /// How many bytes can still be written.
    fn room(&self) -> usize {
        self.out.capacity() - (self.to as usize - self.out.as_ptr() as usize)
    }

    /// Copies the piece with this index.
    ///
    /// # Safety
    /// * `pieces` is sealed and has the piece.
    /// * All that was written since [`new`](Self::new), this piece included, is at most `worst` bytes long.
    #[inline]
    pub(crate) unsafe fn piece(&mut self, pieces: &Pieces, index: usize) {
        debug_assert!(index < pieces.places.len() && pieces.bytes.len() >= pieces.open + SLACK);
        // SAFETY: the caller has the piece.
        let (start, end) = unsafe { *pieces.places.get_unchecked(index) };
        let len = end - start;
        debug_assert!(len + SLACK <= self.room());
        // SAFETY: `start` lies within the text; a step reads at most SLACK bytes past the piece, which sealed pieces
        // have, and writes at most SLACK bytes past it, which `new` reserved. The two vectors are distinct.
        unsafe {
            let from = pieces.bytes.as_ptr().add(start);
            ptr::copy_nonoverlapping(from, self.to, 16);
            let mut done = 16;
            while done < len {
                ptr::copy_nonoverlapping(from.add(done), self.to.add(done), 16);
                done += 16;
            }
            self.to = self.to.add(len);
        }
    }

    /// Copies `text`, which has no slack behind it.
    ///
    /// # Safety
    /// All that was written since [`new`](Self::new), this text included, is at most `worst` bytes long.
    #[inline]
    pub(crate) unsafe fn text(&mut self, text: &[u8]) {
        let len = text.len();
        debug_assert!(len + SLACK <= self.room());
        let (from, to) = (text.as_ptr(), self.to);
        // SAFETY: every copy stays within the `len` bytes of the source: two copies of half the width, or more, that
        // overlap in the middle. The destination has room for `len` bytes, as the caller promises.
        unsafe {
            if len > 16 {
                let mut done = 0;
                while done + 16 < len {
                    ptr::copy_nonoverlapping(from.add(done), to.add(done), 16);
                    done += 16;
                }
                ptr::copy_nonoverlapping(from.add(len - 16), to.add(len - 16), 16);
            } else if len >= 8 {
                ptr::copy_nonoverlapping(from, to, 8);
                ptr::copy_nonoverlapping(from.add(len - 8), to.add(len - 8), 8);
            } else if len >= 4 {
                ptr::copy_nonoverlapping(from, to, 4);
                ptr::copy_nonoverlapping(from.add(len - 4), to.add(len - 4), 4);
            } else if len > 0 {
                *to = *from;
                *to.add(len / 2) = *from.add(len / 2);
                *to.add(len - 1) = *from.add(len - 1);
            }
            self.to = to.add(len);
        }
    }

    /// Writes a whole number in digits.
    ///
    /// In its place at once: digits copied from a buffer would wait there for the stores that put them there.
    ///
    /// # Safety
    /// All that was written since [`new`](Self::new), these digits included (20 at most), is at most `worst` bytes long.
    #[inline]
    pub(crate) unsafe fn digits(&mut self, mut number: u64) {
        let len = number.checked_ilog10().unwrap_or(0) as usize + 1;
        debug_assert!(len + SLACK <= self.room());
        let pair = |of: u64| PAIRS[of as usize & 127];
        // SAFETY: two bytes each, at places that go down from `len` by as many digits as the number has; there is room, as
        // the caller promises.
        unsafe {
            let mut to = self.to.add(len);
            self.to = to;
            while number >= 100 {
                to = to.sub(2);
                to.cast::<[u8; 2]>().write_unaligned(pair(number % 100));
                number /= 100;
            }
            if number >= 10 {
                to.sub(2).cast::<[u8; 2]>().write_unaligned(pair(number));
            } else {
                to.sub(1).write(b'0' + number as u8);
            }
        }
    }

    /// Writes one byte.
    ///
    /// # Safety
    /// All that was written since [`new`](Self::new), this byte included, is at most `worst` bytes long.
    #[inline]
    pub(crate) unsafe fn byte(&mut self, byte: u8) {
        debug_assert!(SLACK < self.room());
        // SAFETY: there is room, as the caller promises.
        unsafe {
            *self.to = byte;
            self.to = self.to.add(1);
        }
    }

    /// Makes what was written part of the vector.
    #[inline]
    pub(crate) fn finish(self) {
        let len = self.to as usize - self.out.as_ptr() as usize;
        debug_assert!(len <= self.out.capacity());
        // SAFETY: every byte up to here was written by one of the methods above, within the capacity.
        unsafe { self.out.set_len(len) };
    }
}

/// Appends a few short texts.
#[inline]
pub(crate) fn append<const N: usize>(out: &mut Vec<u8>, texts: [&[u8]; N]) {
    let mut cursor = Cursor::new(out, texts.iter().map(|text| text.len()).sum());
    for text in texts {
        // SAFETY: the lengths of all texts were reserved.
        unsafe { cursor.text(text) };
    }
    cursor.finish();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(len: usize) -> Vec<u8> {
        (0..len).map(|i| b'a' + (i % 26) as u8).collect()
    }

    #[test]
    fn a_text_of_any_length_is_copied_whole() {
        for len in 0..100 {
            let text = text_of(len);
            let mut out = b"before".to_vec();
            let mut cursor = Cursor::new(&mut out, len + 1);
            // SAFETY: `len` bytes and one more were reserved.
            unsafe {
                cursor.text(&text);
                cursor.byte(b'!');
            }
            cursor.finish();
            assert_eq!(out, [b"before", &text[..], b"!"].concat());
        }
    }

    #[test]
    fn texts_are_appended_in_their_order() {
        let mut out = b"0".to_vec();
        append(&mut out, [b"1", b"", b"twenty-two and a few more letters", b"333"]);
        append(&mut out, []);
        assert_eq!(out, b"01twenty-two and a few more letters333");
    }

    #[test]
    fn a_piece_of_any_length_is_copied_whole() {
        let mut pieces = Pieces::default();
        for len in 0..70 {
            pieces.text().extend(text_of(len));
            pieces.close();
        }
        pieces.seal();
        assert_eq!(pieces.count(), 70);
        let mut out = Vec::new();
        let mut cursor = Cursor::new(&mut out, pieces.len());
        for index in 0..70 {
            // SAFETY: the pieces are sealed, there are 70, and their whole length was reserved.
            unsafe { cursor.piece(&pieces, index) };
        }
        cursor.finish();
        assert_eq!(out, (0..70).flat_map(text_of).collect::<Vec<u8>>());
    }

    #[test]
    fn digits_are_those_of_the_standard_library() {
        let edges = (0..20).flat_map(|power| {
            let edge = 10u64.pow(power);
            [edge - 1, edge, edge + 1, edge.wrapping_mul(7), edge.wrapping_mul(9) + 9]
        });
        for number in edges.chain(0..2000).chain([u64::MAX, u64::MAX - 1, i64::MAX as u64]) {
            let mut out = b"before".to_vec();
            let mut cursor = Cursor::new(&mut out, 20);
            // SAFETY: 20 bytes were reserved.
            unsafe { cursor.digits(number) };
            cursor.finish();
            assert_eq!(String::from_utf8_lossy(&out), format!("before{number}"));
        }
    }

    #[test]
    fn cleared_pieces_start_again_from_nothing() {
        let mut pieces = Pieces::default();
        pieces.text().extend(b"first");
        pieces.close();
        pieces.seal();
        pieces.clear();
        pieces.text().extend(b"second");
        pieces.close();
        pieces.seal();
        let mut out = Vec::new();
        let mut cursor = Cursor::new(&mut out, pieces.len());
        // SAFETY: one sealed piece, its length reserved.
        unsafe { cursor.piece(&pieces, 0) };
        cursor.finish();
        assert_eq!(out, b"second");
    }
}

//! A label set as a few words, and its hash: the start of every lookup.
//!
//! Label values are short and there are few. Each is read as pairs of overlapping words, which its length and they say
//! all of, so comparing words is comparing text. The pairs are folded into a number per value, and the numbers into a
//! hash; the multiplications of different values do not wait for each other. A lookup that hits reads every value once,
//! and branches on lengths only.
//!
//! The seeds are random per process, so that label values from outside cannot be chosen to collide.

use crate::sync::made_once;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// Numbers without pattern, from the golden ratio and the roots of 2 and 3: they only have to differ. Odd.
const MIX: [u64; 3] = [0x9e37_79b9_7f4a_7c15, 0x6a09_e667_f3bc_c909, 0xbb67_ae85_84ca_a73b];

/// Words of text that a [`Key`] holds: five values of up to 16 bytes, or three of which one has up to 48.
pub(super) const WORDS: usize = 10;
/// Values whose lengths a [`Key`] holds, a byte each.
const VALUES: usize = 8;

/// The words of a small label set, pair by pair.
pub(super) type Words = [u64; WORDS];

/// What a lookup knows of a label set once it has read it.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) hash: u64,
    /// The lengths of the values, a byte each.
    pub(super) lengths: u64,
    /// The label set fits into [`Words`] and `lengths`, so that they are all of it.
    pub(super) is_small: bool,
}

impl Key {
    /// The key of label values in their order.
    #[inline(always)]
    pub(super) fn new(labels: &[&str], seeds: Seeds) -> Key {
        let (mut hash, mut lengths, mut pairs, mut longest) = (seeds.low, 0, 0, 0);
        for label in labels {
            let bytes = label.as_bytes();
            lengths = lengths << 8 | bytes.len() as u64;
            longest |= bytes.len();
            let number = seeds.value(bytes, |_, _| pairs += 1);
            hash = join(hash, number);
        }
        let is_small = pairs <= WORDS / 2 && longest <= usize::from(u8::MAX) && labels.len() <= VALUES;
        Key { hash: finish(hash), lengths, is_small }
    }

    /// True if `lengths` and `words` are those of this key's label values, which are small.
    #[inline(always)]
    pub(super) fn is(&self, labels: &[&str], lengths: u64, words: &Words) -> bool {
        if lengths != self.lengths {
            return false;
        }
        // The values are read again: they are in the cache, the branches on their lengths are known by now, and words that
        // were stored one by one and loaded as vectors would wait for the stores to leave the store buffer. The differences
        // are collected, since the usual answer is yes.
        let mut difference = 0;
        let mut pairs = words.chunks_exact(2);
        for label in labels {
            each_pair(label.as_bytes(), |a, b| {
                // As many pairs as when they were written: the lengths are the same.
                let Some([x, y]) = pairs.next() else { return };
                difference |= (a ^ x) | (b ^ y);
            });
        }
        difference == 0
    }
}

/// The words of label values that are small.
pub(super) fn words(labels: &[&str]) -> Words {
    let mut words = [0; WORDS];
    let mut pairs = words.chunks_exact_mut(2);
    for label in labels {
        each_pair(label.as_bytes(), |a, b| {
            if let Some(pair) = pairs.next() {
                pair.copy_from_slice(&[a, b]);
            }
        });
    }
    words
}

/// The hash of label values in their order, as their [`Key`] has it.
pub(super) fn hash<'a>(labels: impl IntoIterator<Item = &'a str>) -> u64 {
    let seeds = Seeds::process();
    let numbers = labels.into_iter().map(|label| seeds.value(label.as_bytes(), |_, _| {}));
    finish(numbers.fold(seeds.low, join))
}

/// Adds a number to the hash of those before it. Rotated, so that the order counts; the mixing is done at the end, so that
/// no multiplication waits for another.
#[inline(always)]
fn join(hash: u64, number: u64) -> u64 {
    hash.rotate_left(23).wrapping_add(number)
}

#[inline(always)]
fn finish(hash: u64) -> u64 {
    fold(hash, MIX[0])
}

/// What a process's hashes are seeded with.
#[derive(Clone, Copy)]
pub(super) struct Seeds {
    low: u64,
    high: u64,
}

impl Seeds {
    /// The seeds of this process.
    pub(super) fn process() -> Seeds {
        static SEEDS: OnceLock<Seeds> = OnceLock::new();
        *made_once(&SEEDS, || {
            // A model must run the same way every time.
            if cfg!(loom) {
                return Seeds { low: MIX[1], high: MIX[2] };
            }
            let random = RandomState::new();
            Seeds { low: random.hash_one(1), high: random.hash_one(2) }
        })
    }

    /// The number of a value, whose words are told pair by pair.
    #[inline(always)]
    fn value(self, bytes: &[u8], mut tell: impl FnMut(u64, u64)) -> u64 {
        // The length is part of it, since the words of values of different lengths may be the same.
        let mut number = self.low ^ (bytes.len() as u64).wrapping_mul(MIX[1]);
        each_pair(bytes, |a, b| {
            tell(a, b);
            number = fold(a ^ number, b ^ self.high);
        });
        number
    }
}

/// Tells the words of a value, in pairs that cover it: each next 16 bytes, and the last 16, which may overlap them.
#[inline(always)]
fn each_pair(bytes: &[u8], mut tell: impl FnMut(u64, u64)) {
    let n = bytes.len();
    let mut rest = bytes;
    while rest.len() > 16 {
        tell(word(rest, 0), word(rest, 8));
        rest = &rest[16..];
    }
    match n {
        17.. => tell(word(bytes, n - 16), word(bytes, n - 8)),
        8..=16 => tell(word(bytes, 0), word(bytes, n - 8)),
        4..8 => tell(half(bytes, 0), half(bytes, n - 4)),
        1..4 => tell(u64::from(bytes[0]) | u64::from(bytes[n / 2]) << 8 | u64::from(bytes[n - 1]) << 16, 0),
        0 => tell(0, 0),
    }
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

#[inline(always)]
fn half(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |chunk| u64::from(u32::from_le_bytes(*chunk)))
}

/// Both halves of the product: every bit of the arguments reaches the result.
#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn label_sets_that_differ_anyhow_have_hashes_that_differ() {
        let mut seen = HashSet::new();
        let mut sets = 0;
        let values: Vec<String> = (0..40).map(|n| "abcdefgh".repeat(6)[..n].to_owned()).collect();
        for a in &values {
            for b in &values {
                // ("ab", "c") and ("a", "bc") among them.
                sets += 1;
                assert!(seen.insert(hash([a.as_str(), b.as_str()])), "{a:?}, {b:?}");
            }
        }
        for n in 0..100_000 {
            sets += 3;
            seen.insert(hash([format!("user-{n:06}").as_str()]));
            seen.insert(hash(["GET", format!("/things/{n}/of/a/longer/route").as_str(), "200"]));
            seen.insert(hash([format!("{n}").as_str(), ""]));
        }
        assert_eq!(seen.len(), sets);
    }

    #[test]
    fn a_key_is_its_label_set_and_no_other() {
        let values: Vec<String> = (0..60).map(|n| "abcdefghijklmnop".repeat(4)[..n].to_owned()).collect();
        let mut keys = HashSet::new();
        for a in &values {
            for b in &values {
                let key = Key::new(&[a, b], Seeds::process());
                assert_eq!(key.hash, hash([a.as_str(), b.as_str()]));
                assert_eq!(key.is_small, a.len().div_ceil(16).max(1) + b.len().div_ceil(16).max(1) <= WORDS / 2);
                if key.is_small {
                    let words = words(&[a, b]);
                    assert!(key.is(&[a, b], key.lengths, &words) && keys.insert((key.lengths, words)), "{a:?}, {b:?}");
                    let mut other = b.clone().into_bytes();
                    for at in 0..b.len() {
                        other[at] ^= 1;
                        let text = String::from_utf8(other.clone()).expect("still letters");
                        let changed = super::words(&[a, &text]);
                        assert!(!key.is(&[a, b], key.lengths, &changed), "byte {at} of {b:?}");
                        other[at] ^= 1;
                    }
                }
            }
        }
        assert!(
            !Key::new(&["x"; 9], Seeds::process()).is_small
                && !Key::new(&["x".repeat(256).as_str()], Seeds::process()).is_small
        );
    }

    #[test]
    fn one_flipped_bit_flips_about_half_of_the_hash() {
        for length in [3, 6, 12, 24, 40] {
            let value: String = "0123456789".repeat(4)[..length].to_owned();
            let before = hash([value.as_str(), "x"]);
            for at in 0..length {
                let mut bytes = value.clone().into_bytes();
                bytes[at] ^= 1;
                let flipped = String::from_utf8(bytes).expect("still digits");
                let changed = (before ^ hash([flipped.as_str(), "x"])).count_ones();
                assert!((10..=54).contains(&changed), "byte {at} of {length}: {changed} bits changed");
            }
        }
    }

    #[test]
    fn hashes_spread_over_sets_and_stripes() {
        for shift in [0, 48] {
            let mut counts = [0u32; 512];
            for n in 0..51_200 {
                let hash = hash(["GET", format!("/api/{n}").as_str(), "200"]);
                counts[(hash >> shift) as usize % 512] += 1;
            }
            // 100 each on average; a fair spread stays within six deviations of 10.
            assert!(counts.iter().all(|count| (40..160).contains(count)), "shift {shift}: {counts:?}");
        }
    }
}

//! A label set as a few words, and its hash: the start of every lookup.
//!
//! Label values are short and there are few. Each is read as pairs of overlapping words, which its length and they say
//! all of, so comparing words is comparing text. The pairs are folded into a number per value, and the numbers into a
//! hash; the multiplications of different values do not wait for each other. A lookup that hits reads every value once,
//! and branches on lengths only.
//!
//! The seeds are random per process, so that label values from outside cannot be chosen to collide.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

/// Numbers without pattern, from the golden ratio and the roots of 2 and 3: they only have to differ. Odd.
const MIX: [u64; 3] = [0x9e37_79b9_7f4a_7c15, 0x6a09_e667_f3bc_c909, 0xbb67_ae85_84ca_a73b];

/// Words of text that a [`Key`] holds: five values of up to 16 bytes, or three of which one has up to 48.
pub(super) const WORDS: usize = 10;
/// Values whose lengths a [`Key`] holds, a byte each.
const VALUES: usize = 8;

/// A label set, all of it if it is small enough.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) hash: u64,
    /// The lengths of the values, a byte each.
    pub(super) lengths: u64,
    pub(super) words: [u64; WORDS],
    /// How many of the words are there; more than fit if it does not fit.
    count: usize,
}

impl Key {
    /// The key of label values in their order.
    #[inline(always)]
    pub(super) fn new(labels: &[&str]) -> Key {
        let seeds = Seeds::process();
        let mut key = Key { hash: seeds.low, lengths: 0, words: [0; WORDS], count: 0 };
        let mut longest = 0;
        for label in labels {
            let bytes = label.as_bytes();
            key.lengths = key.lengths << 8 | bytes.len() as u64;
            longest = longest.max(bytes.len());
            let (words, count) = (&mut key.words, &mut key.count);
            let number = seeds.value(bytes, |a, b| {
                if let Some(pair) = words.get_mut(*count..*count + 2) {
                    pair.copy_from_slice(&[a, b]);
                }
                *count += 2;
            });
            key.hash = join(key.hash, number);
        }
        if longest > usize::from(u8::MAX) || labels.len() > VALUES {
            key.count = WORDS + 1;
        }
        key.hash = finish(key.hash);
        key
    }

    /// True if the words and lengths are all of the label set.
    #[inline(always)]
    pub(super) fn is_whole(&self) -> bool {
        self.count <= WORDS
    }

    /// True if `lengths` and `words`, of a whole key, are this key's, which is whole too.
    #[inline(always)]
    pub(super) fn is(&self, lengths: u64, words: &[u64; WORDS]) -> bool {
        // Collected without a branch: the usual answer is yes, and then all of it has to be looked at. Words beyond the
        // count are zero in both, since the same lengths have the same count.
        let mut difference = lengths ^ self.lengths;
        for (a, b) in self.words.iter().zip(words) {
            difference |= a ^ b;
        }
        difference == 0
    }
}

/// The hash of label values in their order, as their [`Key`] has it.
pub(super) fn hash<'a>(labels: impl IntoIterator<Item = &'a str>) -> u64 {
    let seeds = Seeds::process();
    let numbers = labels.into_iter().map(|label| seeds.value(label.as_bytes(), |_, _| {}));
    finish(numbers.fold(seeds.low, join))
}

/// Adds a number to the hash of those before it. Rotated, so that the order counts.
#[inline(always)]
pub(super) fn join(hash: u64, number: u64) -> u64 {
    hash.rotate_left(23).wrapping_add(number).wrapping_mul(MIX[0])
}

#[inline(always)]
fn finish(hash: u64) -> u64 {
    hash ^ (hash >> 32)
}

/// What a process's hashes are seeded with.
#[derive(Clone, Copy)]
struct Seeds {
    low: u64,
    high: u64,
}

impl Seeds {
    /// The seeds of this process.
    #[inline(always)]
    fn process() -> Seeds {
        static SEEDS: LazyLock<Seeds> = LazyLock::new(|| {
            // A model must run the same way every time.
            if cfg!(loom) {
                return Seeds { low: MIX[1], high: MIX[2] };
            }
            let random = RandomState::new();
            Seeds { low: random.hash_one(1), high: random.hash_one(2) }
        });
        *SEEDS
    }

    /// The number of a value, whose words are told pair by pair.
    #[inline(always)]
    fn value(self, bytes: &[u8], mut tell: impl FnMut(u64, u64)) -> u64 {
        let n = bytes.len();
        // The length is part of it, since the words of values of different lengths may be the same.
        let mut number = self.low ^ (n as u64).wrapping_mul(MIX[1]);
        let mut rest = bytes;
        while rest.len() > 16 {
            let (a, b) = (word(rest, 0), word(rest, 8));
            tell(a, b);
            number = fold(a ^ number, b ^ self.high ^ MIX[2]);
            rest = &rest[16..];
        }
        let (a, b) = match n {
            // The last 16 bytes, which may overlap those before.
            17.. => (word(bytes, n - 16), word(bytes, n - 8)),
            8..=16 => (word(bytes, 0), word(bytes, n - 8)),
            4..8 => (half(bytes, 0), half(bytes, n - 4)),
            1..4 => (u64::from(bytes[0]) | u64::from(bytes[n / 2]) << 8 | u64::from(bytes[n - 1]) << 16, 0),
            0 => (0, 0),
        };
        tell(a, b);
        fold(a ^ number, b ^ self.high)
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
                let key = Key::new(&[a, b]);
                assert_eq!(key.hash, hash([a.as_str(), b.as_str()]));
                assert_eq!(key.is_whole(), a.len().div_ceil(16).max(1) + b.len().div_ceil(16).max(1) <= WORDS / 2);
                if key.is_whole() {
                    assert!(keys.insert((key.lengths, key.words)), "{a:?}, {b:?}");
                    let mut other = b.clone().into_bytes();
                    for at in 0..b.len() {
                        other[at] ^= 1;
                        let text = String::from_utf8(other.clone()).expect("still letters");
                        let changed = Key::new(&[a, &text]);
                        assert!(!key.is(changed.lengths, &changed.words), "byte {at} of {b:?}");
                        other[at] ^= 1;
                    }
                }
            }
        }
        assert!(!Key::new(&["x"; 9]).is_whole() && !Key::new(&["x".repeat(256).as_str()]).is_whole());
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

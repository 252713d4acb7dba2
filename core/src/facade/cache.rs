//! Handles that were looked up before, by the key the macros make.
//!
//! A macro that is not given a bound handle asks for one at every call; a hit here costs a shared lock, the facade's
//! own hash and one reference count, and allocates nothing. The cache is bounded and forgets nothing:
//! keys beyond the bound take the long way. Only `facade` calls it.

use crate::sync::{RwLock, held};
use metrics::Key;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Maps per cache; a power of two. Threads that look up different keys seldom meet on a lock with 16 of them.
const PARTS: usize = 16;

/// Keys per map. 16 maps of 4,096 are more than six families at the default limit of 10,000 series.
const KEYS_PER_PART: usize = 4096;

/// Any key of the facade, to its handle.
#[allow(clippy::mutable_key_type, reason = "a Key's hash is computed once and its text never changes")]
type Part<H> = HashMap<Key, H, BuildHasherDefault<Precomputed>>;

pub(super) struct Cache<H> {
    parts: [RwLock<Part<H>>; PARTS],
}

impl<H> Default for Cache<H> {
    fn default() -> Self {
        Cache { parts: std::array::from_fn(|_| RwLock::default()) }
    }
}

impl<H: Clone> Cache<H> {
    /// The handle that was put under `key`.
    pub(super) fn get(&self, key: &Key) -> Option<H> {
        held(self.part(key).read()).get(key).cloned()
    }

    /// Remembers `handle`, if there is room.
    pub(super) fn put(&self, key: &Key, handle: &H) {
        let mut part = held(self.part(key).write());
        if part.len() < KEYS_PER_PART {
            part.insert(key.to_retained(), handle.clone());
        }
    }

    fn part(&self, key: &Key) -> &RwLock<Part<H>> {
        // The maps use the lowest and the highest bits of the hash; these lie between.
        &self.parts[(key.get_hash() >> 32) as usize % PARTS]
    }
}

/// Passes on the hash that every [`Key`] carries.
#[derive(Default)]
struct Precomputed(u64);

impl Hasher for Precomputed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Keys write one u64; whatever else came along would still be hashed, if poorly (FNV-1a's prime).
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::BuildHasher;

    #[test]
    fn a_key_is_hashed_once() {
        let key = Key::from_parts("a.b", &[("x", "1"), ("y", "2")]);
        assert_eq!(BuildHasherDefault::<Precomputed>::default().hash_one(&key), key.get_hash());
    }

    #[test]
    fn keys_that_differ_do_not_meet() {
        let cache = Cache::default();
        for n in 0..1000_u32 {
            cache.put(&Key::from_parts("name", &[("n", n.to_string())]), &n);
        }
        for n in 0..1000 {
            assert_eq!(cache.get(&Key::from_parts("name", &[("n", n.to_string())])), Some(n));
        }
        assert_eq!(cache.get(&Key::from_name("name")), None);
    }

    #[test]
    fn the_cache_has_an_end() {
        let cache = Cache::default();
        let most = PARTS * KEYS_PER_PART;
        for n in 0..most + 10_000 {
            cache.put(&Key::from_name(n.to_string()), &n);
        }
        let kept: usize = cache.parts.iter().map(|part| part.read().map_or(0, |part| part.len())).sum();
        assert!(kept <= most, "{kept} are kept");
        assert!(kept > most / 2, "{kept} are kept: the parts are used evenly");
    }
}

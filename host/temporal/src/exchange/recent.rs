//! A map that forgets what is old, so that strangers cannot make it grow.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    mem,
    sync::{Mutex, PoisonError},
};

/// Bytes that an entry takes besides what its value says: the slot of the table, and its share of
/// slots that are free.
const ENTRY: usize = 64;

/// Values by the hash of a key, of at most some bytes. The oldest are forgotten first.
///
/// Keys are tokens that a stranger may choose, so they are hashed under a key of this process and not
/// kept: two keys of one hash do not occur, and a long key costs no more than a short one.
pub(super) struct Recent<V> {
    hasher: RandomState,
    generations: Mutex<Generations<V>>,
    /// Bytes of one generation.
    most: usize,
}

/// A young generation replaces the old one when it is full. So each value lives for at least as many
/// bytes as one generation has, and no list of ages is kept.
struct Generations<V> {
    young: HashMap<u64, V>,
    old: HashMap<u64, V>,
    /// Bytes of the young ones.
    bytes: usize,
}

impl<V: Clone> Recent<V> {
    /// Returns an empty map of at most so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new(), bytes: 0 };
        Self { hasher: RandomState::new(), generations: Mutex::new(generations), most: bytes / 2 }
    }

    /// Remembers a value of so many bytes.
    pub(super) fn insert(&self, key: impl Hash, value: V, bytes: usize) {
        let hash = self.hasher.hash_one(key);
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.bytes += bytes + ENTRY;
        generations.young.insert(hash, value);
        let forgotten = (generations.bytes > self.most).then(|| {
            generations.bytes = 0;
            let young = mem::take(&mut generations.young);
            mem::replace(&mut generations.old, young)
        });
        drop(generations);
        // Freed without the lock: it may be ten thousands of values.
        drop(forgotten);
    }

    /// Returns the value of a key, if it is not forgotten.
    pub(super) fn get(&self, key: impl Hash) -> Option<V> {
        let hash = self.hasher.hash_one(key);
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.young.get(&hash).or_else(|| generations.old.get(&hash)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_newest_and_forgets_the_oldest() {
        let recent = Recent::new(200 * (ENTRY + 10));
        for number in 0..1000_u32 {
            recent.insert(number, number, 10);
        }
        assert_eq!(recent.get(999_u32), Some(999));
        assert_eq!(recent.get(901_u32), Some(901), "half of the bytes are always there");
        assert_eq!(recent.get(0_u32), None);
        let generations = recent.generations.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 202);
    }

    #[test]
    fn a_later_value_replaces_an_earlier_one_also_in_the_old_generation() {
        let recent = Recent::new(4 * (ENTRY + 1));
        for (key, value) in [("a", 1), ("b", 2), ("c", 3), ("a", 4)] {
            recent.insert(key, value, 1);
        }
        assert_eq!(recent.get("a"), Some(4));
    }
}

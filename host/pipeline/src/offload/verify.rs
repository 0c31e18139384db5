//! Policy of verifying stored objects, and the objects that await it.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// Objects that are read back before a reference to them is returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verify {
    /// No object.
    #[default]
    Off,
    /// Objects that this call has written, or that a driver stored which cannot tell.
    New,
    /// All objects, also those that existed before.
    Always,
}

/// Objects that were stored, or may have been, and not read back since.
///
/// A call that fails or is dropped is repeated, and then finds its object in the store. That it exists
/// does not make it readable, so it is still read back.
#[derive(Default)]
pub(crate) struct UnverifiedObjects(Mutex<BTreeSet<[u8; 32]>>);

/// Objects that are remembered.
const MOST: usize = 10_000;

impl UnverifiedObjects {
    /// Adds an object, and returns whether it was there before.
    pub(crate) fn add(&self, sha256: &[u8; 32]) -> bool {
        let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if objects.len() >= MOST {
            // Digests are random, so any of them will do. A forgotten object is trusted if it is
            // found, as in a new process.
            objects.pop_first();
        }
        !objects.insert(*sha256)
    }

    /// Removes an object that was read back.
    pub(crate) fn remove(&self, sha256: &[u8; 32]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(sha256);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_unverified_until_it_was_read_back() {
        let unverified = UnverifiedObjects::default();
        assert!(!unverified.add(&[1; 32]));
        assert!(unverified.add(&[1; 32]) && !unverified.add(&[2; 32]));
        unverified.remove(&[1; 32]);
        assert!(!unverified.add(&[1; 32]));
    }
}

//! How many messages a key has sealed with plain AES-256-GCM, and how many it may.
//!
//! Its nonces are 96 random bits. After 2^32 messages under one key two have the same nonce with a
//! probability of 2^-33, and NIST SP 800-38D (8.3) allows no more. Boxes and derived keys have keys of
//! their own for each message, and are not counted.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use cloakroom_core::KeyError;

use crate::{
    Material,
    hkdf::{HASH, expand, extract},
};

/// The most messages that any key may seal, in all processes together.
pub const MAX_MESSAGES: u64 = 1 << 32;

/// The most that a key seals in one process unless told otherwise: a sixteenth.
pub const DEFAULT_MESSAGES: u64 = MAX_MESSAGES / 16;

/// Counts of messages by key, for as long as this is kept: rings that are built with it go on
/// counting where others with the same key were. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct KeyUsage(Arc<Mutex<BTreeMap<[u8; HASH], Arc<AtomicU64>>>>);

impl KeyUsage {
    /// Returns the count of a key. Keys are told apart by a hash that gives nothing of them away.
    pub(crate) fn of(&self, material: &Material) -> Arc<AtomicU64> {
        let mut id = [0; HASH];
        expand(&extract("cloakroom/usage/1", material), &[], &mut id);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.entry(id).or_default().clone()
    }
}

/// The messages of one key, and its limit.
pub(crate) struct Messages {
    count: Arc<AtomicU64>,
    most: u64,
}

impl Messages {
    pub(crate) fn new(count: Arc<AtomicU64>, most: u64) -> Self {
        Self { count, most: most.min(MAX_MESSAGES) }
    }

    /// Counts one message more, before it is sealed.
    ///
    /// # Errors
    /// `Exhausted` if the key has sealed as many as it may.
    pub(crate) fn add(&self, key: &str) -> Result<(), KeyError> {
        let (most, next) = (self.most, |count: u64| (count < self.most).then(|| count + 1));
        let before = self
            .count
            .fetch_update(Relaxed, Relaxed, next)
            .map_err(|_| KeyError::Exhausted { messages: most })?;
        if before == most / 2 {
            tracing::warn!(
                key,
                messages = before,
                most,
                "a key has sealed half of the messages that it may seal with plain AES-256-GCM \
                 (`max_messages_per_key`): make another key current"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_seals_so_many_and_no_more() {
        let (usage, material) = (KeyUsage::default(), Material::new([1; 32]));
        let messages = |most| Messages::new(usage.of(&material), most);
        assert!((0..3).all(|_| messages(3).add("k").is_ok()));
        assert_eq!(messages(3).add("k"), Err(KeyError::Exhausted { messages: 3 }));
        assert!(messages(4).add("k").is_ok(), "a refusal was counted");
        let other = Messages::new(usage.of(&Material::new([2; 32])), 1);
        assert!(other.add("k").is_ok());
        assert_eq!(Messages::new(usage.of(&material), u64::MAX).most, MAX_MESSAGES);
    }
}

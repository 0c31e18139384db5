//! Usage limit of a key that seals with plain AES-256-GCM.
//!
//! The nonces are 96 random bits. After 2^32 messages under one key, two share a nonce with a
//! probability of 2^-33, and NIST SP 800-38D (8.3) allows no more: a repeated nonce reveals the
//! authentication key. Boxes and derived keys use a fresh key for each message and are not counted.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use cloakroom_core::KeyError;

use crate::{
    KeyMaterial,
    hkdf::{HASH, expand, extract},
};

/// Most messages that a key may seal, in all processes together.
pub const MAX_MESSAGES: u64 = 1 << 32;

/// Default for one process: a sixteenth, so that 16 processes can share a key.
pub const DEFAULT_MESSAGES: u64 = MAX_MESSAGES / 16;

/// Message counts by key.
///
/// Rings that share a `KeyUsage` share the counts, so a reload of the configuration does not start
/// them anew. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct KeyUsage(Arc<Mutex<BTreeMap<[u8; HASH], Arc<AtomicU64>>>>);

impl KeyUsage {
    /// Returns the counter of a key.
    ///
    /// Keys are identified by a derived hash: the map must not hold material that was zeroised.
    pub(crate) fn counter(&self, material: &KeyMaterial) -> Arc<AtomicU64> {
        let mut id = [0; HASH];
        expand(&extract("cloakroom/usage/1", material), &[], &mut id);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.entry(id).or_default().clone()
    }
}

/// Message counter of one key, with its limit.
pub(crate) struct MessageCounter {
    count: Arc<AtomicU64>,
    max: u64,
}

impl MessageCounter {
    pub(crate) fn new(count: Arc<AtomicU64>, max: u64) -> Self {
        Self { count, max: max.min(MAX_MESSAGES) }
    }

    /// Counts a message. Called before it is sealed, so that concurrent calls cannot exceed the
    /// limit.
    ///
    /// # Errors
    /// `Exhausted` if the key has reached its limit.
    pub(crate) fn add(&self, key: &str) -> Result<(), KeyError> {
        // No plain increment: a refused message must not count, or raising the limit would not
        // help.
        let (max, next) = (self.max, |count: u64| (count < self.max).then(|| count + 1));
        let before = self
            .count
            .fetch_update(Relaxed, Relaxed, next)
            .map_err(|_| KeyError::Exhausted { messages: max })?;
        if before == max / 2 {
            tracing::warn!(
                key,
                messages = before,
                most = max,
                "a key has sealed half of the messages that plain AES-256-GCM allows it: \
                 make another key current"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_the_limit() {
        let (usage, material) = (KeyUsage::default(), KeyMaterial::new([1; 32]));
        let messages = |max| MessageCounter::new(usage.counter(&material), max);
        assert!((0..3).all(|_| messages(3).add("k").is_ok()));
        assert_eq!(messages(3).add("k"), Err(KeyError::Exhausted { messages: 3 }));
        assert!(messages(4).add("k").is_ok(), "a refusal must not count");
        let other = MessageCounter::new(usage.counter(&KeyMaterial::new([2; 32])), 1);
        assert!(other.add("k").is_ok());
        assert_eq!(MessageCounter::new(usage.counter(&material), u64::MAX).max, MAX_MESSAGES);
    }
}

//! Key ring in the memory of this process.

use std::{
    collections::BTreeMap,
    fmt,
    num::NonZeroU64,
    sync::{Arc, atomic::AtomicU64},
};

use aws_lc_rs::rand;
use cloakroom_core::{Error, ErrorKind, KeyError, KeyLookup, KeyRing};

use crate::{
    KeyMaterial, RingKey,
    key_usage::{DEFAULT_MESSAGES, KeyUsage, MessageCounter},
};

/// Longest id in bytes, because the id is stored beside every payload.
const MAX_ID: usize = 256;

/// Key ring in the memory of this process: one current key, which seals, and others, which only
/// open.
///
/// ```
/// use cloakroom_stores::{KeyMaterial, Ring};
///
/// let ring = Ring::builder()
///     .with_key("2026-11", &KeyMaterial::new([7; 32]))
///     .with_key("2026-05", &KeyMaterial::new([5; 32]))
///     .with_current("2026-11")
///     .build()?;
/// # Ok::<(), cloakroom_stores::RingError>(())
/// ```
#[derive(Debug)]
pub struct Ring {
    current: Arc<RingKey>,
    keys: BTreeMap<String, Arc<RingKey>>,
}

/// Reason why a ring cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RingError {
    /// No key has the current id.
    #[error("the ring has no key with the id `{0}`, which is to be current: add the key")]
    Current(String),
    /// The id of a key is empty or too long.
    #[error("the id of a key is empty or longer than 256 bytes: choose a shorter one")]
    Id,
    /// The cryptography library rejected a key.
    #[error("the cryptography library rejected a key")]
    Key(#[from] KeyError),
}

/// A ring that cannot be built is a wrong setting: `Config`.
impl From<RingError> for Error {
    fn from(error: RingError) -> Self {
        let text = error.to_string();
        match error {
            RingError::Key(cause) => Self::new(ErrorKind::Config, text).with_source(cause),
            _ => Self::new(ErrorKind::Config, text),
        }
    }
}

impl Ring {
    /// Returns a builder for a ring.
    pub fn builder() -> RingBuilder {
        RingBuilder::default()
    }

    /// Creates a ring with one key.
    ///
    /// # Errors
    /// `Id` if the id is empty or too long, `Key` if the cryptography library rejects the key.
    pub fn single(id: &str, material: &KeyMaterial) -> Result<Self, RingError> {
        Self::builder().with_key(id, material).with_current(id).build()
    }
}

impl KeyRing for Ring {
    fn current<'a>(&'a self, _: Option<&'a str>) -> KeyLookup<'a> {
        KeyLookup::found(self.current.clone())
    }

    fn find<'a>(&'a self, id: &'a str, _: Option<&'a str>) -> KeyLookup<'a> {
        self.keys.get(id).map_or_else(KeyLookup::none, |key| KeyLookup::found(key.clone()))
    }
}

/// Builder of a [`Ring`].
#[derive(Default)]
#[must_use]
pub struct RingBuilder {
    current: String,
    keys: BTreeMap<String, KeyMaterial>,
    usage: KeyUsage,
    messages: Option<NonZeroU64>,
}

impl RingBuilder {
    /// Adds a key.
    pub fn with_key(mut self, id: &str, material: &KeyMaterial) -> Self {
        self.keys.insert(id.to_owned(), material.clone());
        self
    }

    /// Sets the id of the key that seals. Required.
    pub fn with_current(mut self, id: &str) -> Self {
        id.clone_into(&mut self.current);
        self
    }

    /// Sets how many messages each key may seal with plain AES-256-GCM in this process, at most
    /// [`MAX_MESSAGES`](crate::MAX_MESSAGES). Default:
    /// [`DEFAULT_MESSAGES`](crate::DEFAULT_MESSAGES).
    ///
    /// Opening, boxes and derived keys have no limit.
    pub fn with_max_messages_per_key(mut self, messages: NonZeroU64) -> Self {
        self.messages = Some(messages);
        self
    }

    /// Shares the message counts with other rings. Default: the ring counts for itself.
    pub fn with_usage(mut self, usage: &KeyUsage) -> Self {
        self.usage = usage.clone();
        self
    }

    /// Builds the ring.
    ///
    /// # Errors
    /// `Current` if no key has the current id, `Id` if an id is empty or too long, `Key` if the
    /// cryptography library rejects a key.
    pub fn build(self) -> Result<Ring, RingError> {
        // The first random bytes take the library some 20 ms. Draw them now, not at the first
        // payload.
        rand::fill(&mut [0; 32]).map_err(|_| KeyError::Refused)?;
        let max = self.messages.map_or(DEFAULT_MESSAGES, NonZeroU64::get);
        let mut keys = BTreeMap::new();
        for (id, material) in &self.keys {
            check_id(id)?;
            let messages = MessageCounter::new(self.usage.counter(material), max);
            keys.insert(id.clone(), Arc::new(RingKey::new(id, material, messages)?));
        }
        let current = keys.get(&self.current).cloned();
        let current = current.ok_or(RingError::Current(self.current))?;
        Ok(Ring { current, keys })
    }
}

/// Refuses an id that could not stand beside every payload.
fn check_id(id: &str) -> Result<(), RingError> {
    if id.is_empty() || id.len() > MAX_ID { Err(RingError::Id) } else { Ok(()) }
}

impl RingKey {
    /// Returns a key of its own, for a [`KeyRing`] that fetches material from a key service. It may
    /// seal [`DEFAULT_MESSAGES`] messages with plain AES-256-GCM.
    ///
    /// # Errors
    /// `Id` if the id is empty or longer than 256 bytes; `Key` if the cryptography library refuses
    /// the material.
    pub fn from_material(id: &str, material: &KeyMaterial) -> Result<Self, RingError> {
        check_id(id)?;
        let messages = MessageCounter::new(KeyUsage::default().counter(material), DEFAULT_MESSAGES);
        Ok(Self::new(id, material, messages)?)
    }

    /// Returns a key like [`RingKey::from_material`] whose boxes are bound to `bound` in the place of the
    /// id, which may be of any length. `bound` must begin with bytes that are no length of an id, and end
    /// where what follows cannot be a part of it.
    ///
    /// # Errors
    /// `Key` if the cryptography library refuses the material.
    pub fn bound_to(id: &str, bound: Vec<u8>, material: &KeyMaterial) -> Result<Self, RingError> {
        let count = Arc::new(AtomicU64::new(0));
        let messages = MessageCounter::new(count, DEFAULT_MESSAGES);
        Ok(Self::bound(id, bound, material, messages)?)
    }
}

impl fmt::Debug for RingBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingBuilder").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

//! A ring: one key that seals, and older ones that still open.

use std::{collections::BTreeMap, fmt, num::NonZeroU64, sync::Arc};

use aws_lc_rs::rand;
use cloakroom_core::{Error, ErrorKind, Key, KeyError, KeyRing};

use crate::{
    Material, RingKey,
    key_usage::{DEFAULT_MESSAGES, KeyUsage, Messages},
};

/// An id is written beside every payload.
const LONGEST_ID: usize = 256;

/// Keys held in this process.
///
/// ```
/// use cloakroom_stores::{Material, Ring};
///
/// let ring = Ring::builder()
///     .key("2026-11", &Material::new([7; 32]))
///     .key("2026-05", &Material::new([5; 32]))
///     .current("2026-11")
///     .build()?;
/// # Ok::<(), cloakroom_stores::RingError>(())
/// ```
#[derive(Debug)]
pub struct Ring {
    current: Arc<RingKey>,
    keys: BTreeMap<String, Arc<RingKey>>,
}

/// Why a ring cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RingError {
    /// No key has the id that was named as current.
    #[error("the current key is `{0}`, and the ring has no key of that id")]
    Current(String),
    /// An id that is empty, or too long to stand beside every payload.
    #[error("a key's id has 1 to 256 bytes")]
    Id,
    /// The cryptography library refused.
    #[error("a key cannot be used")]
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
    /// An empty ring to add keys to.
    pub fn builder() -> RingBuilder {
        RingBuilder::default()
    }

    /// A ring of one key.
    ///
    /// # Errors
    /// If the cryptography library refuses the key.
    pub fn of(id: &str, material: &Material) -> Result<Self, RingError> {
        Self::builder().key(id, material).current(id).build()
    }
}

impl KeyRing for Ring {
    fn current(&self) -> Arc<dyn Key> {
        self.current.clone()
    }

    fn find(&self, id: &str) -> Option<Arc<dyn Key>> {
        self.keys.get(id).map(|key| key.clone() as _)
    }
}

/// A ring in the making.
#[derive(Default)]
pub struct RingBuilder {
    current: String,
    keys: BTreeMap<String, Material>,
    usage: KeyUsage,
    messages: Option<NonZeroU64>,
}

impl RingBuilder {
    /// Adds a key.
    pub fn key(mut self, id: &str, material: &Material) -> Self {
        self.keys.insert(id.to_owned(), material.clone());
        self
    }

    /// Says which key seals.
    pub fn current(mut self, id: &str) -> Self {
        id.clone_into(&mut self.current);
        self
    }

    /// Sets how many messages each key may seal with plain AES-256-GCM in this process,
    /// [`DEFAULT_MESSAGES`](crate::DEFAULT_MESSAGES) unless set and [`MAX_MESSAGES`](crate::MAX_MESSAGES)
    /// at most. Opening, boxes and derived keys have no such limit.
    pub fn max_messages_per_key(mut self, messages: NonZeroU64) -> Self {
        self.messages = Some(messages);
        self
    }

    /// Counts messages together with all rings that share `usage`.
    pub fn usage(mut self, usage: &KeyUsage) -> Self {
        self.usage = usage.clone();
        self
    }

    /// The ring.
    ///
    /// # Errors
    /// If no key has the current id, or an id is empty or very long.
    pub fn build(self) -> Result<Ring, RingError> {
        // The library's first random bytes take it some 20 ms: better now than at the first payload.
        rand::fill(&mut [0; 32]).map_err(|_| KeyError::Refused)?;
        let most = self.messages.map_or(DEFAULT_MESSAGES, NonZeroU64::get);
        let mut keys = BTreeMap::new();
        for (id, material) in &self.keys {
            if id.is_empty() || LONGEST_ID < id.len() {
                return Err(RingError::Id);
            }
            let messages = Messages::new(self.usage.of(material), most);
            keys.insert(id.clone(), Arc::new(RingKey::new(id, material, messages)?));
        }
        let current = keys.get(&self.current).cloned();
        let current = current.ok_or(RingError::Current(self.current))?;
        Ok(Ring { current, keys })
    }
}

impl fmt::Debug for RingBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingBuilder").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

//! Settings of data keys and of the keys that are remembered.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    time::Duration,
};

/// Payloads that share a data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Those of one namespace. Calls that name none share one.
    Namespace,
    /// All of the ring.
    Ring,
}

/// Form of data keys in payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Cloakroom's own, bound to ring and namespace.
    Cloakroom,
    /// That of temporal-proxy, bound to nothing.
    TemporalProxy,
}

/// Place of new wrapped keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrappedPlace {
    /// Beside each payload.
    Inline,
    /// In the ring's bucket, once.
    Store,
}

/// Settings of data keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataKeySettings {
    /// Time that a data key seals for.
    pub lifetime: Duration,
    /// Time before the end of its life at which the next one is made, while it goes on.
    pub renew_before: Duration,
    /// Payloads that a data key seals.
    pub messages: NonZeroU64,
    /// Payloads that share a data key.
    pub per: Per,
    /// Form of data keys in payloads.
    pub form: Form,
    /// Place of new wrapped keys.
    pub wrapped: WrappedPlace,
}

impl Default for DataKeySettings {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(3600),
            renew_before: Duration::from_secs(900),
            // Far below the 2^32 of plain AES-GCM, so that one default is right for each format.
            messages: const { NonZeroU64::new(1 << 24).unwrap() },
            per: Per::Namespace,
            form: Form::Cloakroom,
            wrapped: WrappedPlace::Inline,
        }
    }
}

/// Bounds of the unwrapped keys that a ring remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedSettings {
    /// Number of keys. The one that was used least recently is forgotten first.
    pub keys: NonZeroUsize,
    /// Time after which the service is asked again.
    pub age: Duration,
}

impl Default for OpenedSettings {
    fn default() -> Self {
        Self { keys: const { NonZeroUsize::new(1000).unwrap() }, age: Duration::from_secs(3600) }
    }
}

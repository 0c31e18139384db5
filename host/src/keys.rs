//! Keys that the host holds for plugins: they seal with a ring by its name, and never see a key.

#[cfg(feature = "registry")]
pub use crate::rotation::Rotation;
pub use cloakroom_core::{Key, KeyError, KeyLookup, KeyRing};
pub use cloakroom_stores::{
    KeyMaterial, KeyUsage, MaterialError, Ring, RingBuilder, RingError, RingKey,
};

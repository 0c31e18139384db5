//! Keys that the host holds for plugins: they seal with a ring by its name, and never see a key.

pub use cloakroom_core::{Key, KeyError, KeyRing};
pub use cloakroom_stores::{KeyUsage, Material, MaterialError, Ring, RingBuilder, RingError};

//! Key ring that is made up for a plugin.

use std::sync::Arc;

use cloakroom::{
    Error,
    keys::{KeyMaterial, KeyRing, Ring},
};

use crate::failure::Failure;

/// Key ring that is made up for a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MadeUpKey {
    /// The ring of most calls.
    First,
    /// A ring whose key has the same id, and other bytes.
    Other,
    /// A ring whose key has another id.
    Renamed,
}

impl MadeUpKey {
    pub(super) fn ring(self) -> Result<Arc<dyn KeyRing>, Failure> {
        let (id, byte) = match self {
            Self::First => ("made-up", 7),
            Self::Other => ("made-up", 9),
            Self::Renamed => ("renamed", 9),
        };
        let ring = Ring::single(id, &KeyMaterial::new([byte; 32])).map_err(Error::from)?;
        Ok(Arc::new(ring))
    }
}

//! Worlds of the contract: the kinds of plugin that it defines.

use super::contract_names;

/// World of a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum World {
    /// A codec that uses the host's keys.
    Cipher,
    /// A codec that only computes.
    Compressor,
    /// A codec with a cipher of its own.
    OwnCipher,
    /// A storage driver.
    Storage,
}

impl World {
    /// Returns its name in the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cipher => "cipher",
            Self::Compressor => "compressor",
            Self::OwnCipher => "own-cipher",
            Self::Storage => "storage",
        }
    }

    /// Returns the world of a component with these imports and exports, or `None` if it is no plugin.
    ///
    /// A component does not name its world. The exports tell codecs from drivers, and the imports tell the
    /// codecs apart.
    pub(super) fn of_component(imports: &[String], exports: &[String]) -> Option<Self> {
        let has_import = |name| contract_names::contains(imports, name);
        let has_export = |name| contract_names::contains(exports, name);
        if has_export("driver") {
            Some(Self::Storage)
        } else if !has_export("codec") {
            None
        } else if has_import("keys") {
            Some(Self::Cipher)
        } else if has_import("subkeys") {
            Some(Self::OwnCipher)
        } else {
            Some(Self::Compressor)
        }
    }
}

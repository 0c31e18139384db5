//! Worlds of the contract: the kinds of plugin that it defines.

use super::contract_names;

/// World of a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum World {
    /// A codec that uses buckets.
    BlobCodec,
    /// A codec that uses the host's keys.
    Cipher,
    /// A codec that only computes.
    Compressor,
    /// A codec that uses services over HTTP.
    HttpCodec,
    /// A storage driver on services over HTTP.
    HttpStorage,
    /// A storage driver with a backend of its own.
    NetworkStorage,
    /// A codec with a cipher of its own.
    OwnCipher,
    /// A storage driver for buckets.
    Storage,
}

impl World {
    /// Returns its name in the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BlobCodec => "blob-codec",
            Self::Cipher => "cipher",
            Self::Compressor => "compressor",
            Self::HttpCodec => "http-codec",
            Self::HttpStorage => "http-storage",
            Self::NetworkStorage => "network-storage",
            Self::OwnCipher => "own-cipher",
            Self::Storage => "storage",
        }
    }

    /// Returns whether its plugins are storage drivers. All others are codecs.
    #[must_use]
    pub fn is_driver(self) -> bool {
        match self {
            Self::HttpStorage | Self::NetworkStorage | Self::Storage => true,
            Self::BlobCodec
            | Self::Cipher
            | Self::Compressor
            | Self::HttpCodec
            | Self::OwnCipher => false,
        }
    }

    /// Returns the world of a component with these imports and exports, or `None` if it is no plugin.
    ///
    /// A component does not name its world. The exports tell codecs from drivers, and the imports tell
    /// these apart.
    pub(super) fn of_component(imports: &[String], exports: &[String]) -> Option<Self> {
        let has_import = |name| contract_names::contains(imports, name);
        let has_export = |name| contract_names::contains(exports, name);
        if has_export("driver") {
            Some(if has_import("blobs") {
                Self::Storage
            } else if has_import("http") {
                Self::HttpStorage
            } else {
                Self::NetworkStorage
            })
        } else if !has_export("codec") {
            None
        } else if has_import("keys") {
            Some(Self::Cipher)
        } else if has_import("subkeys") {
            Some(Self::OwnCipher)
        } else if has_import("blobs") {
            Some(Self::BlobCodec)
        } else if has_import("http") {
            Some(Self::HttpCodec)
        } else {
            Some(Self::Compressor)
        }
    }
}

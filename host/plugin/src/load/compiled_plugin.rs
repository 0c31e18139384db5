//! Result of compiling a plugin into the cache folder.

use std::path::PathBuf;

use super::digest::Digest;

/// Machine code of a plugin in the cache folder.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CompiledPlugin {
    /// Digest of the plugin's file.
    pub digest: Digest,
    /// File of the code.
    pub path: PathBuf,
    /// Size of the code in bytes.
    pub bytes: u64,
    /// Whether it was compiled now, and not found in the cache.
    pub is_new: bool,
}

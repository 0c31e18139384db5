//! Versions of the contract that this host implements. Each has a module that converts its generated
//! bindings to the types of `cloakroom-core`. No code outside this folder names a version's types.

pub(crate) mod v0_1;
#[cfg(feature = "wasi")]
pub(crate) mod wasi;

/// Prefix of the contract's imports and exports.
pub(crate) const PACKAGE: &str = "cloakroom:plugin/";

/// Versions that load, each as a prefix of semantic versions.
pub(crate) const LINES: [&str; 1] = ["0.1"];

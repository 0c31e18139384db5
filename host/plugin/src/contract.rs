//! The contract lines this host speaks. Each line is a module that turns its generated bindings into
//! the words of `cloakroom-core`; nothing above this folder names them.

pub(crate) mod v0_1;
#[cfg(feature = "wasi")]
pub(crate) mod wasi;

/// The package that every import and export of ours starts with.
pub(crate) const PACKAGE: &str = "cloakroom:plugin/";

/// The lines that load, as a semver prefix each.
pub(crate) const LINES: [&str; 1] = ["0.1"];

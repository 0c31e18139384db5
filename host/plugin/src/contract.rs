//! Versions of the contract that this host implements. Each has a module that converts its generated
//! bindings to the types of `cloakroom-core`. No code outside this folder names a version's types.

pub(crate) mod v0_1;
#[cfg(feature = "wasi")]
pub(crate) mod wasi;

/// Prefix of the contract's imports and exports.
pub(crate) const PACKAGE: &str = "cloakroom:plugin/";

/// Version of the contract's text that this host was built with.
pub(crate) const VERSION: &str = version_of(include_str!("../wit/v0.1/worlds.wit"));

/// Returns the version in a WIT file's first line, `package NAMESPACE:NAME@VERSION;`. The number is read
/// and not repeated, so that it cannot be forgotten.
const fn version_of(wit: &str) -> &str {
    let bytes = wit.as_bytes();
    let (start, end) = (position(bytes, b'@') + 1, position(bytes, b';'));
    wit.split_at(end).0.split_at(start).1
}

const fn position(bytes: &[u8], wanted: u8) -> usize {
    let mut at = 0;
    // Only at compile time, where a text without the byte is a compile error.
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    while bytes[at] != wanted {
        at += 1;
    }
    at
}

/// Versions that load, each as a prefix of semantic versions.
pub(crate) const LINES: [&str; 1] = ["0.1"];

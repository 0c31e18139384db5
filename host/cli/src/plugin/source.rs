//! Reads the argument that names a plugin.

use std::path::Path;

use cloakroom::plugin::Source;

use super::local_copy;
use crate::failure::Failure;

/// Returns the plugin that an argument names: `bundled:NAME`, `file:PATH`, a path, or a reference that was
/// pulled into the user's folder of local copies.
///
/// # Errors
/// Usage if there is no bundled plugin of this name, or no local copy.
pub(crate) fn source(text: &str) -> Result<Source, Failure> {
    source_from(text, None)
}

/// Returns the same, with local copies in this folder.
///
/// # Errors
/// As [`source`].
pub(crate) fn source_from(text: &str, copies: Option<&Path>) -> Result<Source, Failure> {
    Ok(match text.split_once(':') {
        Some(("oci", _)) => {
            let (reference, artifact) = local_copy::read(text, copies)?;
            Source::bytes(reference.name(), artifact.component().clone())
        }
        Some(("bundled", name)) => cloakroom::plugin::bundled(name)?,
        Some(("file", path)) => Source::file(path),
        _ => Source::file(text),
    })
}

//! Reads the argument that names a plugin.

use cloakroom::plugin::Source;

use crate::failure::Failure;

/// Returns the plugin that an argument names: `bundled:NAME`, `file:PATH` or a path.
///
/// # Errors
/// Usage if there is no bundled plugin of this name.
pub(crate) fn source(text: &str) -> Result<Source, Failure> {
    Ok(match text.split_once(':') {
        Some(("bundled", name)) => cloakroom::plugin::bundled(name)?,
        Some(("file", path)) => Source::file(path),
        _ => Source::file(text),
    })
}

//! The codecs that come with the crate, by name.

use cloakroom_core::{Error, ErrorKind};
use cloakroom_plugin::Source;

/// A bundled plugin.
///
/// # Errors
/// `Config` if there is none of that name; the error names those there are.
///
/// ```
/// let zstd = cloakroom::plugin::bundled("zstd")?;
/// # Ok::<(), cloakroom::Error>(())
/// ```
#[cfg(feature = "bundled")]
pub fn bundled(name: &str) -> Result<Source, Error> {
    let found = cloakroom_bundle::find(name).ok_or_else(|| {
        let known: Vec<_> = bundled_names().collect();
        let text =
            format!("no bundled plugin is called `{name}`; there are `{}`", known.join("`, `"));
        Error::new(ErrorKind::Config, text)
    })?;
    Ok(Source::bytes(found.name, found.wasm))
}

/// The names of all bundled plugins.
#[cfg(feature = "bundled")]
pub fn bundled_names() -> impl Iterator<Item = &'static str> {
    cloakroom_bundle::all().iter().map(|bundled| bundled.name)
}

#[cfg(not(feature = "bundled"))]
pub(crate) fn bundled(name: &str) -> Result<Source, Error> {
    let text =
        format!("`bundled:{name}` is not in this build: it was made without the feature `bundled`");
    Err(Error::new(ErrorKind::Config, text))
}

#[cfg(not(feature = "bundled"))]
pub(crate) fn bundled_names() -> impl Iterator<Item = &'static str> {
    std::iter::empty()
}

//! Lock file: what was accepted of each plugin, beside the configuration.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use crate::unreadable::unreadable;

/// Version of the file.
const VERSION: u32 = 1;

/// Most bytes of the file. An entry has some 2 KB.
const LARGEST: u64 = 4 << 20;

/// A lock file.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockFile {
    version: u32,
    #[serde(default)]
    pub(crate) plugin: Vec<LockedPlugin>,
}

/// Record of what was accepted of one plugin.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
#[cfg_attr(
    not(feature = "registry"),
    expect(unreachable_pub, reason = "public where files can be locked")
)]
pub struct LockedPlugin {
    /// Its file, or its reference without tag and digest.
    pub plugin: String,
    /// Digest of its file.
    pub digest: String,
    /// Digest of its manifest, if it is from a registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Name that it was signed under, or that it, or its registry, says if no signature was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Version, as its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// True if a trusted key signed name and version. Otherwise they are for people, and prove nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signed: bool,
    /// World of the contract.
    pub world: String,
    /// Encodings of a codec, with the settings of all its stages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encodings: Vec<String>,
    /// Imports, without versions of their packages.
    #[serde(default)]
    pub imports: Vec<String>,
}

impl LockFile {
    /// Returns the path of the lock file of a configuration: `cloakroom.lock` beside `cloakroom.toml`.
    pub(crate) fn path(config: &Path) -> PathBuf {
        config.with_extension("lock")
    }

    /// Returns a file with these plugins.
    #[cfg(feature = "registry")]
    pub(crate) fn new(plugin: Vec<LockedPlugin>) -> Self {
        Self { version: VERSION, plugin }
    }

    /// Reads the lock file of a configuration, if there is one. Blocks.
    ///
    /// # Errors
    /// `Config` if it cannot be read or parsed.
    pub(crate) fn read(config: &Path) -> Result<Option<Self>, Error> {
        let path = Self::path(config);
        let text = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Ok(found) if found.len() > LARGEST => Err(io::Error::other("it has more than 4 MiB")),
            _ => fs::read_to_string(&path),
        };
        let text = text.map_err(|error| unreadable(&path, error))?;
        let read = toml::from_str::<Self>(&text).ok().filter(|file| file.version == VERSION);
        let file = read.ok_or_else(|| {
            let text = "the lock file is damaged, or of another version of Cloakroom: write it again \
                        with `cloakroom lock`";
            Error::new(ErrorKind::Config, text).at_place(&path.display().to_string())
        })?;
        Ok(Some(file))
    }

    /// Returns the text of the file.
    #[cfg(feature = "registry")]
    pub(crate) fn text(&self) -> Result<String, Error> {
        let text = toml::to_string(self).map_err(|error| {
            Error::new(ErrorKind::Internal, "the lock file cannot be written").with_source(error)
        })?;
        Ok(format!(
            "# Written by `cloakroom lock`: what was accepted of each plugin. Keep it beside the \
             configuration.\n{text}"
        ))
    }

    /// Returns the plugins of this name, in all versions.
    pub(crate) fn versions<'a>(
        &'a self,
        plugin: &'a str,
    ) -> impl Iterator<Item = &'a LockedPlugin> {
        self.plugin.iter().filter(move |locked| locked.plugin == plugin)
    }

    /// Refuses a plugin that was not accepted.
    ///
    /// # Errors
    /// `PluginRejected` if no plugin of this name and digest is in the file.
    pub(crate) fn check(&self, plugin: &str, digest: &str) -> Result<(), Error> {
        let accepted: Vec<_> = self.versions(plugin).map(|locked| &*locked.digest).collect();
        let text = match &*accepted {
            [] => {
                "is not in the lock file beside the configuration: run `cloakroom lock`".to_owned()
            }
            digests if digests.contains(&digest) => return Ok(()),
            digests => format!(
                "was changed since it was locked: the lock file has {}, found {digest}; run \
                 `cloakroom lock` to see and accept the difference",
                digests.join(", ")
            ),
        };
        Err(Error::new(ErrorKind::PluginRejected, text))
    }
}

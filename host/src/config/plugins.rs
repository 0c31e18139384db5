//! `[plugins]` and `[registries]`, as written.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_registry::PublicKey;
use serde::Deserialize;

use super::{
    locator::{Locator, Table},
    secret::Secret,
};
use crate::unreadable::unreadable;

/// `[plugins]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PluginsEntry {
    pub(crate) folder: Option<PathBuf>,
    pub(crate) pull: bool,
    pub(crate) signatures: SignaturePolicy,
    pub(crate) keys: BTreeMap<String, KeyEntry>,
}

/// `plugins.signatures`
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SignaturePolicy {
    #[default]
    Off,
    Warn,
    Require,
}

/// `[plugins.keys.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyEntry {
    public: Option<String>,
    file: Option<PathBuf>,
}

/// `[registries."HOST"]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RegistryEntry {
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) realm: Option<String>,
    pub(crate) plain_http: Option<bool>,
    pub(crate) ca: Option<PathBuf>,
}

impl PluginsEntry {
    /// Reads the keys that may sign plugins. Relative paths start from `folder`.
    ///
    /// # Errors
    /// `Config` if one is no key, or its file cannot be read.
    pub(crate) fn keys(
        &self,
        folder: &Path,
        locator: &Locator,
    ) -> Result<BTreeMap<String, PublicKey>, Error> {
        let key = |(name, entry): (&String, &KeyEntry)| {
            let key = entry.read(name, folder);
            let at = |error: Error| error.at_place(&locator.place_of(Table::PluginKey(name), &[]));
            Ok((name.clone(), key.map_err(at)?))
        };
        self.keys.iter().map(key).collect()
    }

    /// Returns the files of keys.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.keys.values().filter_map(|key| key.file.clone())
    }
}

impl KeyEntry {
    fn read(&self, name: &str, folder: &Path) -> Result<PublicKey, Error> {
        let refused = |text: String| Error::new(ErrorKind::Config, text);
        let text = match (&self.public, &self.file) {
            (Some(text), None) => text.clone(),
            (None, Some(path)) => {
                let path = folder.join(path);
                super::secret::refuse_writable(&format!("[plugins.keys.{name}]"), &path)?;
                std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?
            }
            _ => {
                return Err(refused(format!(
                    "[plugins.keys.{name}]: give one of `public` and `file`"
                )));
            }
        };
        let key = text.parse();
        key.map_err(|error: Error| refused(format!("[plugins.keys.{name}] {error}")))
    }
}

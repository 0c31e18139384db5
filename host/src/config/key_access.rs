//! `[key_services.SCHEME]`, as written.

#[cfg(feature = "kms")]
use std::path::Path;
use std::{collections::BTreeMap, path::PathBuf};

#[cfg(feature = "kms")]
use cloakroom_core::{Error, ErrorKind};
use serde::Deserialize;
#[cfg(feature = "kms")]
use zeroize::Zeroizing;

#[cfg(feature = "kms")]
use super::secret::read_secret;
use super::{bucket::SettingValue, units::Span};

/// `[key_services.SCHEME]`: where a kind of key services is, and with which credentials it is asked.
#[cfg_attr(not(feature = "kms"), expect(dead_code, reason = "this build has no clients"))]
#[derive(Debug, Deserialize)]
pub(crate) struct KeyAccessEntry {
    pub(crate) timeout: Option<Span>,
    /// True if settings that the table lacks come from where the service's own tools find them.
    #[serde(default = "yes")]
    pub(crate) environment: bool,
    // Settings of the service have its own names. Its client refuses unknown ones.
    #[serde(flatten)]
    pub(crate) settings: BTreeMap<String, SettingValue>,
}

impl Default for KeyAccessEntry {
    fn default() -> Self {
        Self { timeout: None, environment: true, settings: BTreeMap::new() }
    }
}

impl KeyAccessEntry {
    /// Returns the files of its secrets.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.settings.values().filter_map(|setting| match setting {
            SettingValue::Open(_) => None,
            SettingValue::Kept(secret) => secret.file.clone(),
        })
    }
}

#[cfg(feature = "kms")]
impl KeyAccessEntry {
    /// Returns the settings with the secrets that they name. Paths start from the folder of the
    /// configuration.
    ///
    /// # Errors
    /// `Config` if a secret is written into the file, or cannot be read.
    pub(crate) fn values(
        &self,
        scheme: &str,
        folder: &Path,
    ) -> Result<Vec<(&str, Zeroizing<String>)>, Error> {
        let value = |(name, setting): (&'_ String, &SettingValue)| match setting {
            SettingValue::Open(_) if is_secret(name) => {
                let text = format!(
                    "[key_services.{scheme}]: `{name}` is a secret, and secrets are never written into this \
                     file: name it as `{name} = {{ env = \"NAME\" }}` or `{name} = {{ file = \"PATH\" }}`"
                );
                Err(Error::new(ErrorKind::Config, text))
            }
            SettingValue::Open(value) if is_path(name) => {
                Ok(Zeroizing::new(folder.join(&value.0).display().to_string()))
            }
            SettingValue::Open(value) => Ok(Zeroizing::new(value.0.clone())),
            SettingValue::Kept(secret) => {
                let place = format!("[key_services.{scheme}] `{name}`");
                let bytes = read_secret(&place, secret, folder, "")?;
                // Editors and `echo` end a file with a line break.
                Ok(Zeroizing::new(String::from_utf8_lossy(&bytes).trim().to_owned()))
            }
        };
        self.settings.iter().map(|entry| Ok((entry.0.as_str(), value(entry)?))).collect()
    }
}

/// Returns whether a setting is a secret by its name.
#[cfg(feature = "kms")]
fn is_secret(name: &str) -> bool {
    let has = |word: &&str| name.contains(*word);
    !is_path(name) && ["token", "secret", "password", "account_key"].iter().any(has)
}

/// Returns whether a setting is a path by its name.
#[cfg(feature = "kms")]
fn is_path(name: &str) -> bool {
    name.ends_with("_file") || name == "service_account"
}

fn yes() -> bool {
    true
}

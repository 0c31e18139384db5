//! Access to registries, as the configuration has it.

use std::fs;

use cloakroom_core::{Error, ErrorKind};
use cloakroom_registry::{Access, Client, Reference};
use zeroize::Zeroizing;

use crate::{
    builder::CloakroomBuilder,
    config::{RegistryEntry, Table, read_secret, setting_name},
    config_file::ConfigFile,
    unreadable::unreadable,
};

impl CloakroomBuilder {
    /// Returns the access to the registry of a reference, with the credentials that the configuration has
    /// for it. Blocks.
    ///
    /// # Errors
    /// `Config` if the configuration or a secret cannot be read.
    pub fn registry_access(&self, reference: &Reference) -> Result<Access, Error> {
        let config = ConfigFile::read_now(&self.source)?;
        access(&config, reference)
    }
}

/// Returns a client for the registry of a reference. Blocks.
pub(crate) fn client(config: &ConfigFile, reference: &Reference) -> Result<Client, Error> {
    let client = access(config, reference).and_then(Client::new);
    client.map_err(|error| error.rename_remedies(setting_name))
}

fn access(config: &ConfigFile, reference: &Reference) -> Result<Access, Error> {
    let host = reference.registry();
    let access = Access::new(reference);
    let Some(entry) = config.file.registries.get(host) else { return Ok(access) };
    let read = with_entry(access, entry, config, host);
    read.map_err(|error| error.at_place(&config.locator.place_of(Table::Registry(host), &[])))
}

fn with_entry(
    mut access: Access,
    entry: &RegistryEntry,
    config: &ConfigFile,
    host: &str,
) -> Result<Access, Error> {
    let place = format!("[registries.\"{host}\"] `password`");
    if let (Some(username), Some(secret)) = (&entry.username, &entry.password) {
        let bytes = read_secret(&place, secret, &config.folder, ": it holds the password")?;
        let text = std::str::from_utf8(&bytes).map(str::trim).ok().filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| {
            Error::new(ErrorKind::Config, format!("{place} is empty, or is no text"))
        })?;
        access = access.with_credentials(username, Zeroizing::new(text.to_owned()));
    }
    if let Some(realm) = &entry.realm {
        access = access.with_realm(realm);
    }
    if let Some(is_plain) = entry.plain_http {
        access = access.with_plain_http(is_plain);
    }
    if let Some(path) = &entry.ca {
        let path = config.folder.join(path);
        access =
            access.with_authorities(fs::read(&path).map_err(|error| unreadable(&path, error))?);
    }
    Ok(access)
}

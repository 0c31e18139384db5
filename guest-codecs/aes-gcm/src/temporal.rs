//! `binary/encrypted`, byte for byte as Temporal's samples in every language write it.

use cloakroom_guest::{Error, Payload, keys};

use crate::{
    config::Config,
    format::{Format, expect_text},
};

/// Name of the entry that holds the key's id.
pub(crate) const KEY_ID: &str = "encryption-key-id";

/// Has the host seal a payload, bound to nothing: the format has no room for it.
///
/// # Errors
/// Those of the host.
pub(crate) fn seal(config: &Config, payload: &Payload) -> Result<Payload, Error> {
    let sealed = keys::seal_aes_gcm(&config.ring, &payload.envelope(), &[])?;
    let metadata = [
        ("encoding".to_owned(), Format::Temporal.encoding().into()),
        (KEY_ID.to_owned(), sealed.key.into()),
    ];
    Ok(Payload::new(&metadata, &sealed.data))
}

/// Has the host open a payload.
///
/// # Errors
/// `Malformed` if it names no key, and the errors of the host.
pub(crate) fn open(config: &Config, sealed: &Payload) -> Result<Payload, Error> {
    let id = expect_text(sealed, KEY_ID)?;
    let envelope = keys::open_aes_gcm(&config.ring, &id, &sealed.data(), &[])?;
    Payload::from_envelope(&envelope)
}

//! `binary/encrypted`, byte for byte as Temporal's samples in every language write it.

use cloakroom_guest::{Error, Payload, keys};

use crate::{
    config::Config,
    format::{Format, Metadata, expect_text, find},
};

const KEY_ID: &str = "encryption-key-id";

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
pub(crate) fn open(
    config: &Config,
    sealed: &Payload,
    metadata: &Metadata,
) -> Result<Payload, Error> {
    let id = key_id(metadata)?;
    let envelope = keys::open_aes_gcm(&config.ring, id, &sealed.data(), &[])?;
    Payload::from_envelope(&envelope)
}

fn key_id(metadata: &Metadata) -> Result<&str, Error> {
    // Temporal's proxy writes the same encoding, but seals under a key that lies wrapped beside the
    // payload.
    if find(metadata, "encryption-dek").is_some() {
        return Err(Error::malformed("sealed under an `encryption-dek`"));
    }
    expect_text(metadata, KEY_ID)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(entries: &[(&str, &str)], expect: Result<&str, &str>) {
        let metadata: Vec<_> =
            entries.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect();
        let found = key_id(&metadata).map_err(|error| match error {
            Error::Malformed(why) => why,
            other => panic!("{other:?}"),
        });
        assert_eq!(found, expect.map_err(ToOwned::to_owned));
    }

    #[test]
    fn a_payload_names_its_key() {
        check(&[("encryption-key-id", "test-key-id")], Ok("test-key-id"));
        check(&[], Err("`encryption-key-id` is missing"));
    }

    #[test]
    fn javas_cipher_name_is_no_obstacle() {
        check(&[("encryption-key-id", "id"), ("encryption-cipher", "AES/GCM/NoPadding")], Ok("id"));
    }

    #[test]
    fn what_temporals_proxy_wrote_is_not_ours() {
        check(
            &[("encryption-key-id", "id"), ("encryption-dek", "wrapped")],
            Err("sealed under an `encryption-dek`"),
        );
    }
}

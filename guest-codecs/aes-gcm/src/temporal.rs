//! `binary/encrypted`, byte for byte as Temporal's samples in every language write it.

use std::mem;

use cloakroom_guest::{Error, Payload, keys, settings};

use crate::format::{Format, Metadata, expect_text, find};

const KEY_ID: &str = "encryption-key-id";

pub(crate) fn seal(payload: &Payload) -> Result<Payload, Error> {
    let key = keys::current(&settings::required("ring")?)?;
    let body = key.seal_aes_gcm(payload.envelope(), &[])?;
    let metadata = [
        ("encoding".to_owned(), Format::Temporal.encoding().into()),
        (KEY_ID.to_owned(), key.id().into()),
    ];
    // The host takes the handle back when the call ends; to give it back is a host call more.
    mem::forget(key);
    Ok(Payload::new(&metadata, body))
}

pub(crate) fn open(sealed: &Payload, metadata: &Metadata) -> Result<Payload, Error> {
    let id = key_id(metadata)?;
    let key = keys::find(&settings::required("ring")?, id)?;
    let envelope = key.open_aes_gcm(sealed.data(), &[])?;
    mem::forget(key);
    Payload::from_envelope(envelope)
}

fn key_id(metadata: &Metadata) -> Result<&str, Error> {
    // Temporal's proxy writes the same encoding, but under a key of its own beside each payload.
    if find(metadata, "encryption-dek").is_some() {
        return Err(Error::Malformed("sealed under an `encryption-dek`".to_owned()));
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

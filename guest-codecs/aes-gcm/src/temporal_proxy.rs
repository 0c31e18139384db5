//! `binary/encrypted` as temporal-proxy writes it: under a data key that lies wrapped beside each payload.
//!
//! The contract has one text for a key's id. Here it is `temporal-proxy:URI#KEY`: the URI of the key that
//! wrapped, and the wrapped data key in base64.

use cloakroom_guest::{Error, Payload, keys};

use crate::{
    config::Config,
    format::{Format, WRAPPED_KEY, expect_text},
    temporal::KEY_ID,
};

/// Beginning of the id of such a key.
const PREFIX: &str = "temporal-proxy:";

/// Longest URI and longest wrapped key, in characters. A stranger may have written both.
const LONGEST: usize = 2048;

/// Has the host seal a payload, bound to nothing: the format has no room for it.
///
/// # Errors
/// `Misconfigured` if the ring has no wrapped data keys of this form, and the errors of the host.
pub(crate) fn seal(config: &Config, payload: &Payload) -> Result<Payload, Error> {
    let sealed = keys::seal_aes_gcm(&config.ring, &payload.envelope(), &[])?;
    let Some((uri, wrapped)) = split(&sealed.key) else {
        let text = "format `temporal-proxy` needs a ring over a key service whose data keys have the form \
                    `temporal-proxy`";
        return Err(Error::misconfigured(text));
    };
    let metadata = [
        ("encoding".to_owned(), Format::TemporalProxy.encoding().into()),
        (KEY_ID.to_owned(), uri.into()),
        (WRAPPED_KEY.to_owned(), wrapped.into()),
    ];
    Ok(Payload::new(&metadata, &sealed.data))
}

/// Has the host open a payload.
///
/// # Errors
/// `Malformed` if it names no key, or no wrapped one, and the errors of the host.
pub(crate) fn open(config: &Config, sealed: &Payload) -> Result<Payload, Error> {
    let envelope = keys::open_aes_gcm(&config.ring, &join(sealed)?, &sealed.data(), &[])?;
    Payload::from_envelope(&envelope)
}

/// Returns the two parts of an id.
fn split(id: &str) -> Option<(&str, &str)> {
    // The wrapped key is base64, which has no such sign.
    id.strip_prefix(PREFIX)?.rsplit_once('#')
}

/// Returns the id of the key that a payload names.
fn join(payload: &Payload) -> Result<String, Error> {
    let part = |name| {
        let text = expect_text(payload, name)?;
        if text.is_empty() || text.len() > LONGEST {
            return Err(Error::malformed(format!("`{name}` is empty or too long")));
        }
        Ok(text)
    };
    let (uri, wrapped) = (part(KEY_ID)?, part(WRAPPED_KEY)?);
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if !wrapped.bytes().all(is_base64) {
        return Err(Error::malformed(format!("`{WRAPPED_KEY}` is not base64")));
    }
    Ok(format!("{PREFIX}{uri}#{wrapped}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::payload;

    #[track_caller]
    fn check(uri: &str, wrapped: &str, expect: Result<&str, &str>) {
        let entries = [(KEY_ID, uri.as_bytes()), (WRAPPED_KEY, wrapped.as_bytes())];
        let joined = join(&payload(&entries)).map_err(|error| match error {
            Error::Malformed(why) => why,
            other => panic!("{other:?}"),
        });
        assert_eq!(joined.as_deref().map_err(String::as_str), expect);
        if let Ok(id) = &joined {
            assert_eq!(split(id), Some((uri, wrapped)));
        }
    }

    #[test]
    fn an_id_is_the_uri_and_the_wrapped_key() {
        check("awskms:///k?region=r", "AA+/==", Ok("temporal-proxy:awskms:///k?region=r#AA+/=="));
        check("a#b", "AAAA", Ok("temporal-proxy:a#b#AAAA"));
        assert_eq!(split("key-1"), None);
        assert_eq!(split("temporal-proxy:awskms:///k"), None);
    }

    #[test]
    fn what_is_no_key_is_malformed() {
        check("", "AAAA", Err("`encryption-key-id` is empty or too long"));
        check("uri", "", Err("`encryption-dek` is empty or too long"));
        check("uri", "A#A", Err("`encryption-dek` is not base64"));
        let long = "A".repeat(LONGEST + 1);
        check("uri", &long, Err("`encryption-dek` is empty or too long"));
        check(&long, "AAAA", Err("`encryption-key-id` is empty or too long"));
    }
}

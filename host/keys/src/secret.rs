//! Secret of a ring: the key of what must stay equal over the time and in all processes.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use cloakroom_core::{
    DataKey, Error, ErrorKind, Key, KeyContext, KeyFailure, KeyService, KeyServiceError, KeyUse,
    MAX_WRAPPED,
};

use crate::id::service_tag;

/// Start of a secret's id.
const PREFIX: &str = "cks2.";

/// Random bytes of a secret's id.
const ID: usize = 8;

/// Secret of a ring: its wrapped form, and the key while it is unwrapped.
pub(crate) struct Secret {
    pub(crate) text: SecretText,
    /// Place of the service's key among those of the ring.
    pub(crate) service: usize,
    key: Mutex<Option<Arc<dyn Key>>>,
    /// Held while the service is asked, so that many waiters send one request.
    pub(crate) opening: tokio::sync::Mutex<()>,
}

/// Wrapped secret, as `cloakroom keys init` writes it: `cks2.ID.SERVICE.WRAPPED`.
///
/// It is no secret itself. The id stays the same when the secret is wrapped again.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretText {
    id: String,
    service: String,
    pub(crate) wrapped: Bytes,
}

impl SecretText {
    /// Parses the text of a file.
    ///
    /// # Errors
    /// `Config` if it was not written by `cloakroom keys init`.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let parse = || {
            let mut parts = text.trim().strip_prefix(PREFIX)?.split('.');
            let (id, service, wrapped) = (parts.next()?, parts.next()?, parts.next()?);
            let is_id = id.len() == 2 * ID && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            let wrapped = URL_SAFE_NO_PAD.decode(wrapped).ok()?;
            let is_whole = is_id && parts.next().is_none() && wrapped.len() <= MAX_WRAPPED;
            let id = format!("{PREFIX}{id}");
            is_whole.then(|| Self { id, service: service.to_owned(), wrapped: wrapped.into() })
        };
        let wrong = "not a ring's secret: make one with `cloakroom keys init`";
        parse().ok_or_else(|| Error::new(ErrorKind::Config, wrong))
    }

    pub(crate) fn service(&self) -> &str {
        &self.service
    }
}

impl fmt::Display for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.id, self.service, URL_SAFE_NO_PAD.encode(&self.wrapped))
    }
}

/// Makes a secret for a ring, wrapped by a service's key: the text of the file that `secret` names.
///
/// # Errors
/// Those of the service.
pub async fn make_secret(service: &dyn KeyService, ring: &str) -> Result<String, KeyServiceError> {
    let no_random = |_| KeyServiceError::new(KeyFailure::Unavailable, "no random bytes");
    let secret = DataKey::filled(|bytes| rand::fill(bytes)).map_err(no_random)?;
    let mut id = [0; ID];
    rand::fill(&mut id).map_err(no_random)?;
    wrap_secret(service, ring, format!("{PREFIX}{}", hex::encode(id)), &secret).await
}

/// Wraps a ring's secret under another service's key. Its id stays the same, so what it sealed and signed
/// stays good.
///
/// # Errors
/// `Config` if the text is no secret; otherwise what either service says.
pub async fn rewrap_secret(
    text: &str,
    from: &dyn KeyService,
    to: &dyn KeyService,
    ring: &str,
) -> Result<String, Error> {
    let text = SecretText::parse(text)?;
    let failed = |uri: &str, error: KeyServiceError| {
        let kind = error.kind();
        let text = format!("key service `{uri}` {}: {}", kind.advice(), error.text());
        Error::new(kind.error_kind(), text)
    };
    let context = context(ring);
    let secret = from.unwrap(&text.wrapped, Some(&context)).await;
    let secret = secret.map_err(|error| failed(from.uri(), error))?;
    wrap_secret(to, ring, text.id, &secret).await.map_err(|error| failed(to.uri(), error))
}

async fn wrap_secret(
    service: &dyn KeyService,
    ring: &str,
    id: String,
    secret: &DataKey,
) -> Result<String, KeyServiceError> {
    let wrapped = service.wrap(secret, Some(&context(ring))).await?;
    Ok(SecretText { id, service: service_tag(ring, service.uri()), wrapped }.to_string())
}

pub(crate) fn context(ring: &str) -> KeyContext {
    KeyContext { ring: ring.into(), namespace: None, key_use: KeyUse::Secret }
}

impl Secret {
    pub(crate) fn new(text: SecretText, service: usize) -> Self {
        Self { text, service, key: Mutex::new(None), opening: tokio::sync::Mutex::new(()) }
    }

    pub(crate) fn id(&self) -> &str {
        &self.text.id
    }

    pub(crate) fn key(&self) -> Option<Arc<dyn Key>> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_key(&self, key: Option<Arc<dyn Key>>) {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_it_was_written() {
        let text = "cks2.0123456789abcdef.Cbbzcz7E.d3JhcHBlZA";
        assert_eq!(SecretText::parse(&format!("{text}\n")).unwrap().to_string(), text);
        for wrong in [
            "",
            "2026-11",
            "cks2.0123456789abcde.Cbbzcz7E.d3JhcHBlZA",
            "cks2.0123456789abcdeg.Cbbzcz7E.d3JhcHBlZA",
            "cks2.0123456789abcdef.Cbbzcz7E",
            "cks2.0123456789abcdef.Cbbzcz7E.d3JhcHBlZA.",
        ] {
            assert!(SecretText::parse(wrong).is_err(), "{wrong}");
        }
    }
}

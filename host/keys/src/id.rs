//! Ids of data keys: they stand in the clear beside each payload, and anybody may have written one.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use cloakroom_core::{MAX_WRAPPED, SERVICE_KEY};

/// Length of a tag in bytes. Tags choose among a few configured keys and keep strangers' ids from costing
/// a request; what binds a payload is its associated data.
const TAG: usize = 6;

/// Bytes of a tag as text.
const TAG_TEXT: usize = 8;

/// Longest id: prefix, two tags, dots and the wrapped key in base64.
const MAX_ID: usize = 32 + MAX_WRAPPED.div_ceil(3) * 4;

/// Start of the last part if the wrapped key is kept elsewhere.
const STORED: char = '@';

/// Id of a data key that a key service wrapped.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyId {
    service: String,
    namespace: Option<String>,
    wrapped: WrappedKey,
}

/// The wrapped key in an id.
#[derive(Clone, PartialEq, Eq)]
pub enum WrappedKey {
    /// The wrapped key itself.
    Inline(Bytes),
    /// SHA-256 of the wrapped key, which a bucket holds.
    Stored([u8; 32]),
}

impl KeyId {
    /// Returns the id of a key that a service has wrapped, for one namespace or for the whole ring.
    pub(crate) fn new(service: &str, namespace: Option<&str>, wrapped: WrappedKey) -> Self {
        Self { service: service.to_owned(), namespace: namespace.map(namespace_tag), wrapped }
    }

    /// Parses an id; none if it is not one of a key service. Two texts are never the same id.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        if id.len() > MAX_ID {
            return None;
        }
        let mut parts = id.strip_prefix(SERVICE_KEY)?.split('.');
        let service = tag(parts.next()?)?;
        let namespace = match parts.next()? {
            "-" => None,
            text => Some(tag(text)?),
        };
        let wrapped = WrappedKey::parse(parts.next()?)?;
        parts.next().is_none().then_some(Self { service, namespace, wrapped })
    }

    /// Returns the tag of the service's key: see [`service_tag`].
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns the tag of the namespace: see [`namespace_tag`]. None if the key is for the whole ring.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Returns SHA-256 of the wrapped key.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        match &self.wrapped {
            WrappedKey::Inline(bytes) => sha256(bytes),
            WrappedKey::Stored(digest) => *digest,
        }
    }

    /// Returns the wrapped key, or where it is.
    #[must_use]
    pub fn wrapped(&self) -> &WrappedKey {
        &self.wrapped
    }

    /// Returns what logs and reports show of the key: the start of its digest.
    #[must_use]
    pub fn label(&self) -> String {
        short(&self.digest())
    }
}

impl WrappedKey {
    fn parse(text: &str) -> Option<Self> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        match text.strip_prefix(STORED) {
            Some(digest) => Some(Self::Stored(decode(digest)?.try_into().ok()?)),
            None => {
                let bytes = decode(text)?;
                (!bytes.is_empty() && bytes.len() <= MAX_WRAPPED)
                    .then(|| Self::Inline(bytes.into()))
            }
        }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.namespace.as_deref().unwrap_or("-");
        write!(f, "{SERVICE_KEY}{}.{namespace}.", self.service)?;
        match &self.wrapped {
            WrappedKey::Inline(bytes) => f.write_str(&URL_SAFE_NO_PAD.encode(bytes)),
            WrappedKey::Stored(digest) => {
                write!(f, "{STORED}{}", URL_SAFE_NO_PAD.encode(digest))
            }
        }
    }
}

// Without the wrapped key, which has no place in a log.
impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyId").field("service", &self.service).field("key", &self.label()).finish()
    }
}

/// Returns the text by which ids of a ring name a service's key: the start of SHA-256 of the ring's name, a
/// zero byte and the URI. So two rings under one key do not ask for each other's data keys.
#[must_use]
pub fn service_tag(ring: &str, uri: &str) -> String {
    tag_of(&[ring.as_bytes(), b"\0", uri.as_bytes()].concat())
}

/// Returns the text by which ids name a namespace: the start of SHA-256 of its name.
#[must_use]
pub fn namespace_tag(namespace: &str) -> String {
    tag_of(namespace.as_bytes())
}

/// Returns the first hexadecimal digits of a digest.
pub(crate) fn short(digest: &[u8; 32]) -> String {
    let (start, _) = digest.split_at(TAG);
    hex::encode(start)
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

fn tag_of(bytes: &[u8]) -> String {
    let digest = sha256(bytes);
    let (start, _) = digest.split_at(TAG);
    URL_SAFE_NO_PAD.encode(start)
}

/// Returns a text that can be a tag.
fn tag(text: &str) -> Option<String> {
    let is_tag = text.len() == TAG_TEXT && URL_SAFE_NO_PAD.decode(text).is_ok();
    is_tag.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str = "vault://transit/payments";

    #[track_caller]
    fn check(namespace: Option<&str>, wrapped: WrappedKey, expect: &str) {
        let id = KeyId::new(&service_tag("r", URI), namespace, wrapped);
        assert_eq!(id.to_string(), expect);
        assert!(KeyId::parse(expect) == Some(id));
    }

    #[test]
    fn an_id_is_read_as_it_was_written() {
        let inline = || WrappedKey::Inline(Bytes::from_static(b"wrapped"));
        check(Some("shop"), inline(), "ck2.Cbbzcz7E.jZAB0yxq.d3JhcHBlZA");
        check(None, inline(), "ck2.Cbbzcz7E.-.d3JhcHBlZA");
        let stored = WrappedKey::Stored(sha256(b"wrapped"));
        let text = format!("ck2.Cbbzcz7E.-.@{}", URL_SAFE_NO_PAD.encode(sha256(b"wrapped")));
        check(None, stored, &text);
        let inline = KeyId::new("Cbbzcz7E", None, inline());
        assert_eq!(inline.digest(), KeyId::parse(&text).unwrap().digest());
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for wrong in [
            "2026-11",
            "ck2.",
            "ck2.Cbbzcz7E.-",
            "ck2.Cbbzcz7E.-.",
            "ck2.Cbbzcz7E.-.d3JhcHBlZA.",
            "ck2.Cbbzcz7E.-.d3JhcHBlZB",
            "ck2.Cbbzcz7E.-.d3JhcHBlZA==",
            "ck2.Cbbzcz7.-.d3JhcHBlZA",
            "ck2.Cbbzcz7E..d3JhcHBlZA",
            "ck2.Cbbzcz7E.-.@d3JhcHBlZA",
        ] {
            assert!(KeyId::parse(wrong).is_none(), "{wrong}");
        }
        let wrapped =
            |length| format!("ck2.Cbbzcz7E.-.{}", URL_SAFE_NO_PAD.encode(vec![7; length]));
        assert!(KeyId::parse(&wrapped(MAX_WRAPPED)).is_some());
        assert!(KeyId::parse(&wrapped(MAX_WRAPPED + 1)).is_none());
    }

    #[test]
    fn debug_shows_a_digest_and_not_the_wrapped_key() {
        let id = KeyId::parse("ck2.Cbbzcz7E.-.d3JhcHBlZA").unwrap();
        assert!(!format!("{id:?}").contains("d3Jh"), "{id:?}");
        assert_eq!(id.label().len(), 12);
    }
}

//! Ids of data keys in temporal-proxy's format: `temporal-proxy:URI#BASE64`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cloakroom_core::{MAX_WRAPPED, PROXY_KEY};

/// Longest URI.
const MAX_URI: usize = 2048;

/// URI of a service's key, and a data key that it wrapped without a context.
pub(crate) struct ProxyId<'a> {
    pub(crate) uri: &'a str,
    pub(crate) wrapped: Bytes,
}

impl<'a> ProxyId<'a> {
    /// Parses an id; none if it is not of this format.
    pub(crate) fn parse(id: &'a str) -> Option<Self> {
        let (uri, wrapped) = id.strip_prefix(PROXY_KEY)?.rsplit_once('#')?;
        if uri.len() > MAX_URI || wrapped.len() > MAX_WRAPPED * 2 {
            return None;
        }
        let wrapped = STANDARD.decode(wrapped).ok()?;
        (1..=MAX_WRAPPED).contains(&wrapped.len()).then(|| Self { uri, wrapped: wrapped.into() })
    }

    /// Returns the id of a key that a service has wrapped.
    pub(crate) fn text(uri: &str, wrapped: &[u8]) -> String {
        format!("{PROXY_KEY}{uri}#{}", STANDARD.encode(wrapped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written() {
        let text = ProxyId::text("awskms:///alias/a?region=eu-central-1", b"wrapped");
        let ProxyId { uri, wrapped } = ProxyId::parse(&text).unwrap();
        assert_eq!((uri, &*wrapped), ("awskms:///alias/a?region=eu-central-1", &b"wrapped"[..]));
        for wrong in [
            "awskms:///a#d3Jh",
            "temporal-proxy:awskms:///a",
            "temporal-proxy:a#",
            "temporal-proxy:a#?",
        ] {
            assert!(ProxyId::parse(wrong).is_none(), "{wrong}");
        }
    }
}

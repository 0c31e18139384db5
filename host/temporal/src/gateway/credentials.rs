//! Credentials that a gateway presents to Temporal's frontend.

use std::{collections::BTreeMap, fmt};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_grpc::{access::ClientTls, proxy::UpstreamTls};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

use crate::exchange::NAMESPACE;

/// Credentials that a gateway presents to Temporal's frontend. Default: none, and no TLS; the API keys
/// of callers pass through.
#[derive(Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct UpstreamCredentials {
    tls: Option<UpstreamTls>,
    api_key: Option<HeaderValue>,
    api_keys: BTreeMap<String, HeaderValue>,
}

impl UpstreamCredentials {
    /// Connects by TLS.
    ///
    /// # Errors
    /// `Config` if no authorities are given, and this machine trusts none.
    pub fn with_tls(mut self, tls: ClientTls) -> Result<Self, Error> {
        self.tls = Some(UpstreamTls::new(tls)?);
        Ok(self)
    }

    /// Sends this API key in place of the caller's, in all namespaces without a key of their own.
    ///
    /// # Errors
    /// `Config` if it is empty, or no header can have it.
    pub fn with_api_key(mut self, key: &str) -> Result<Self, Error> {
        self.api_key = Some(bearer(key)?);
        Ok(self)
    }

    /// Sends this API key in place of the caller's, in one namespace.
    ///
    /// # Errors
    /// `Config` if it is empty, or no header can have it.
    pub fn with_api_key_of(mut self, namespace: &str, key: &str) -> Result<Self, Error> {
        self.api_keys.insert(namespace.to_owned(), bearer(key)?);
        Ok(self)
    }

    /// Returns whether callers act with credentials that they did not present themselves.
    #[must_use]
    pub fn are_injected(&self) -> bool {
        self.has_api_keys() || self.tls.as_ref().is_some_and(UpstreamTls::has_certificate)
    }

    /// Returns whether there is an API key.
    pub(crate) fn has_api_keys(&self) -> bool {
        self.api_key.is_some() || !self.api_keys.is_empty()
    }

    pub(crate) fn tls(&self) -> Option<&UpstreamTls> {
        self.tls.as_ref()
    }

    /// Replaces the caller's API key by the one for a namespace: that of the message, or that of the
    /// header, which the caller was admitted to, where the message has none.
    pub(crate) fn authorize(&self, namespace: Option<&str>, headers: &mut HeaderMap) {
        if !self.has_api_keys() {
            return;
        }
        let named = headers.get(NAMESPACE).and_then(|name| name.to_str().ok());
        let own = namespace.or(named).and_then(|namespace| self.api_keys.get(namespace));
        if let Some(key) = own.or(self.api_key.as_ref()) {
            headers.insert(AUTHORIZATION, key.clone());
        }
    }
}

/// Returns the header of an API key. It is marked, so that `Debug` does not show it.
fn bearer(key: &str) -> Result<HeaderValue, Error> {
    let key = key.trim();
    if key.is_empty() {
        return Err(Error::new(ErrorKind::Config, "the API key is empty"));
    }
    // The error of a header shows nothing of its value.
    let mut header = HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| {
        Error::new(ErrorKind::Config, "the API key has characters that no header can have")
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// Shows for which namespaces there are keys, never their text.
impl fmt::Debug for UpstreamCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamCredentials")
            .field("tls", &self.tls)
            .field("has_api_key", &self.api_key.is_some())
            .field("api_keys_of", &self.api_keys.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(credentials: &UpstreamCredentials, body: Option<&str>, header: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer caller"));
        if let Some(header) = header {
            headers.insert(NAMESPACE, header.parse().unwrap());
        }
        credentials.authorize(body, &mut headers);
        let sent = headers.get_all(AUTHORIZATION);
        sent.iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_key_of_the_namespace_replaces_the_callers() {
        let none = UpstreamCredentials::default();
        assert_eq!(sent(&none, Some("shop"), None), "Bearer caller");
        let one = none.with_api_key_of("shop", "key-of-shop\n").unwrap();
        assert_eq!(sent(&one, Some("shop"), None), "Bearer key-of-shop");
        assert_eq!(sent(&one, None, Some("shop")), "Bearer key-of-shop");
        // The body decides: a header alone must not fetch another namespace's key.
        assert_eq!(sent(&one, Some("bank"), Some("shop")), "Bearer caller");
        let all = one.with_api_key("key-of-all").unwrap();
        assert_eq!(sent(&all, Some("bank"), Some("shop")), "Bearer key-of-all");
        assert_eq!(sent(&all, Some("shop"), None), "Bearer key-of-shop");
        assert_eq!(sent(&all, None, None), "Bearer key-of-all");
    }

    #[test]
    fn keys_do_not_print() {
        let credentials = UpstreamCredentials::default().with_api_key("key-of-all").unwrap();
        let credentials = credentials.with_api_key_of("shop", "key-of-shop").unwrap();
        let shown = format!("{credentials:?} {:?}", credentials.api_key);
        assert!(!shown.contains("key-of") && shown.contains("shop"), "{shown}");
        for wrong in ["", " \n", "key-\u{7f}of", "key\nof"] {
            let error = UpstreamCredentials::default().with_api_key(wrong).unwrap_err();
            assert!(!format!("{error:?}").contains("of"), "{error:?}");
        }
    }
}

//! Access to a registry: credentials, and where they may go.

use std::{fmt, net::IpAddr};

use cloakroom_core::{Error, ErrorKind};
use reqwest::Url;
use zeroize::Zeroizing;

use crate::reference::Reference;

/// Access to one registry.
#[derive(Clone)]
#[must_use]
pub struct Access {
    pub(super) registry: String,
    pub(super) credentials: Option<Credentials>,
    pub(super) realm: Option<String>,
    pub(super) is_plain: bool,
    pub(super) authorities: Option<Vec<u8>>,
}

/// User and password.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) username: String,
    pub(super) password: Zeroizing<String>,
}

impl Access {
    /// Returns access to the registry of a reference, without credentials. It is asked over TLS, or over
    /// plain HTTP if it is on this machine.
    pub fn new(reference: &Reference) -> Self {
        Self {
            registry: reference.registry().to_owned(),
            credentials: None,
            realm: None,
            is_plain: reference.is_loopback(),
            authorities: None,
        }
    }

    /// Sets user and password.
    pub fn with_credentials(mut self, username: &str, password: Zeroizing<String>) -> Self {
        self.credentials = Some(Credentials { username: username.to_owned(), password });
        self
    }

    /// Sets the URL that tokens are asked of. By default only one on the registry's own host is asked.
    pub fn with_realm(mut self, realm: &str) -> Self {
        self.realm = Some(realm.to_owned());
        self
    }

    /// Sets whether the registry is asked over plain HTTP.
    pub fn with_plain_http(mut self, is_plain: bool) -> Self {
        self.is_plain = is_plain;
        self
    }

    /// Trusts these certificate authorities, in PEM, besides those of the system.
    pub fn with_authorities(mut self, pem: Vec<u8>) -> Self {
        self.authorities = Some(pem);
        self
    }

    /// Returns the URL that all paths of the registry begin with.
    pub(super) fn base(&self) -> Result<Url, Error> {
        let scheme = if self.is_plain { "http" } else { "https" };
        Url::parse(&format!("{scheme}://{}/v2/", self.registry))
            .map_err(|_| config(format!("`{}` is no host", self.registry)))
    }

    /// Returns the URL of the realm, if one is set.
    pub(super) fn realm(&self) -> Result<Option<Url>, Error> {
        let Some(realm) = &self.realm else { return Ok(None) };
        let url = Url::parse(realm).ok().filter(|url| self.is_safe(url));
        let wrong =
            || config(format!("the realm `{realm}` is no https:// URL without a user in it"));
        url.map(Some).ok_or_else(wrong)
    }

    /// Returns whether a URL may be asked at all: over TLS, or on this machine if the registry is asked
    /// over plain HTTP. A user in it would be sent as credentials.
    pub(super) fn is_safe(&self, url: &Url) -> bool {
        let is_bare = url.username().is_empty() && url.password().is_none();
        let is_plain = url.scheme() == "http" && self.is_plain && is_near(url, &self.registry);
        is_bare && url.has_host() && (url.scheme() == "https" || is_plain)
    }
}

/// Returns whether a URL is on this machine, or on the registry itself.
fn is_near(url: &Url, registry: &str) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    let own = Url::parse(&format!("http://{registry}/"));
    is_loopback || own.is_ok_and(|own| own.origin() == url.origin())
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("registry", &self.registry).finish_non_exhaustive()
    }
}

fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(reference: &str) -> Access {
        Access::new(&reference.parse().unwrap())
    }

    #[test]
    fn plain_http_is_for_this_machine_or_for_who_asks_for_it() {
        let base = |access: Access| access.base().unwrap().to_string();
        assert_eq!(base(access("127.0.0.1:5000/a")), "http://127.0.0.1:5000/v2/");
        assert_eq!(base(access("registry.example/a")), "https://registry.example/v2/");
        let plain = access("registry.example/a").with_plain_http(true);
        assert_eq!(base(plain), "http://registry.example/v2/");
        let tls = access("127.0.0.1:5000/a").with_plain_http(false);
        assert_eq!(base(tls), "https://127.0.0.1:5000/v2/");
    }

    #[test]
    fn a_url_of_a_stranger_is_safe_or_not_asked() {
        for (registry, url, expect) in [
            ("registry.example/a", "https://cdn.example/x", true),
            ("registry.example/a", "http://registry.example/x", false),
            ("registry.example/a", "https://me:pw@cdn.example/x", false),
            ("registry.example/a", "ftp://cdn.example/x", false),
            ("registry.example/a", "file:///etc/passwd", false),
            ("127.0.0.1:5000/a", "http://127.0.0.1:6000/x", true),
            ("127.0.0.1:5000/a", "http://cdn.example/x", false),
            ("127.0.0.1:5000/a", "http://169.254.169.254/latest", false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(access(registry).is_safe(&url), expect, "{registry} {url}");
        }
    }

    #[test]
    fn a_password_does_not_print() {
        let password = Zeroizing::new("s3cret".to_owned());
        let access = access("registry.example/a").with_credentials("me", password);
        assert!(!format!("{access:?}").contains("s3cret"));
    }
}

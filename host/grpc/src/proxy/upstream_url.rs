//! Address of the server behind a proxy.

use std::{fmt, net::IpAddr, str::FromStr};

use cloakroom_core::{Error, ErrorKind};
use http::{
    Uri,
    uri::{Authority, PathAndQuery, Scheme},
};

/// Address of the server behind a proxy, such as `http://127.0.0.1:7233` or
/// `https://payments.a1b2c.tmprl.cloud:7233`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamUrl {
    scheme: Scheme,
    authority: Authority,
}

impl UpstreamUrl {
    /// Returns whether the server is connected to by TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme.clone()
    }

    /// Returns host and port.
    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns whether the host is this machine. A name other than `localhost` is not looked up.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.authority.host().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for UpstreamUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |text: &str| Err(Error::new(ErrorKind::Config, text));
        let Ok(uri) = text.parse::<Uri>() else {
            return refuse("not a URL: write http:// or https://, a host and a port");
        };
        let is_bare = matches!(uri.path_and_query().map(PathAndQuery::as_str), None | Some("/"));
        match (uri.scheme(), uri.authority()) {
            (Some(scheme), Some(authority))
                if [Scheme::HTTP, Scheme::HTTPS].contains(scheme)
                    && is_bare
                    && authority.port_u16().is_some_and(|port| port != 0)
                    && !authority.as_str().contains('@') =>
            {
                Ok(Self { scheme: scheme.clone(), authority: authority.clone() })
            }
            _ => {
                refuse("not the address of a server: write http:// or https://, a host and a port")
            }
        }
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_scheme_host_and_port_alone() {
        for good in [
            "http://127.0.0.1:7233",
            "http://temporal.internal:7233",
            "http://[::1]:1/",
            "https://payments.a1b2c.tmprl.cloud:7233",
        ] {
            let url: UpstreamUrl = good.parse().unwrap();
            assert_eq!(url.to_string(), good.trim_end_matches('/'));
        }
        for wrong in [
            "",
            "127.0.0.1:7233",
            "http://",
            "http://host",
            "http://host:0",
            "http://user:secret@host:7233",
            "http://host:7233/path",
            "http://host:7233?query",
            "grpc://host:7233",
            "https://host",
        ] {
            let error = wrong.parse::<UpstreamUrl>().unwrap_err().to_string();
            assert!(error.contains("http://") && !error.contains("secret"), "{wrong}: {error}");
        }
    }
}

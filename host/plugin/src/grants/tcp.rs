//! TCP grants: servers that a plugin may connect to.

mod host_name;
mod name_address;
pub(crate) mod servers;
#[cfg(feature = "wasi")]
pub(crate) mod tls;

use std::{fmt, net::SocketAddr, str::FromStr, sync::Arc};

#[cfg(feature = "wasi")]
use self::tls::{ServerTls, TcpTls};

/// Server that a plugin may connect to: an address or a name, with a port.
///
/// The host resolves a name when the plugin connects. Whoever answers for the name in DNS chooses where
/// the connection leads, unless TLS has the certificate decide.
///
/// ```
/// use cloakroom_plugin::TcpGrant;
///
/// let database: TcpGrant = "db.example:5432".parse()?;
/// assert_eq!(database.to_string(), "db.example:5432");
/// # Ok::<(), cloakroom_plugin::TcpGrantError>(())
/// ```
#[derive(Clone)]
pub struct TcpGrant {
    pub(crate) target: TcpTarget,
    #[cfg(feature = "wasi")]
    pub(crate) tls: Option<ServerTls>,
}

/// Place of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TcpTarget {
    Address(SocketAddr),
    /// A name in lower case, without a dot at its end.
    Name {
        host: Arc<str>,
        port: u16,
    },
}

/// A text that names no server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TcpGrantError {
    /// It has no port, or port 0.
    #[error("must be a name or an address with a port, such as db.example:5432 or [::1]:5432")]
    Port,
    /// Its host is neither an address nor a name.
    #[error(
        "has neither an address nor a name of letters, digits, `-`, `_` and dots before its port"
    )]
    Host,
    /// Its address is one of 240.0.0.0/4.
    #[error("has an address of 240.0.0.0/4, which no server has: plugins see names there")]
    Reserved,
}

impl TcpGrant {
    /// Has the host encrypt the connection. The certificate must be valid for the granted name or
    /// address.
    ///
    /// # Errors
    /// `Config` if no certificate can have the name, or if this machine trusts no authority and `tls` names
    /// none.
    #[cfg(feature = "wasi")]
    pub fn with_tls(mut self, tls: &TcpTls) -> Result<Self, cloakroom_core::Error> {
        self.tls = Some(tls.for_host(&self.target.host())?);
        Ok(self)
    }

    /// Returns whether the host encrypts the connection.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        #[cfg(feature = "wasi")]
        return self.tls.is_some();
        #[cfg(not(feature = "wasi"))]
        false
    }

    /// Returns a text that names the server and how it is reached.
    pub(crate) fn identity(&self) -> String {
        #[cfg(feature = "wasi")]
        if let Some(tls) = &self.tls {
            return format!("{self} {}", tls.identity);
        }
        self.to_string()
    }
}

impl TcpTarget {
    /// Returns the host without its port, and without brackets.
    pub(crate) fn host(&self) -> String {
        match self {
            Self::Address(address) => address.ip().to_string(),
            Self::Name { host, .. } => host.as_ref().to_owned(),
        }
    }
}

impl From<SocketAddr> for TcpGrant {
    fn from(address: SocketAddr) -> Self {
        TcpTarget::Address(address).into()
    }
}

impl From<TcpTarget> for TcpGrant {
    fn from(target: TcpTarget) -> Self {
        Self {
            target,
            #[cfg(feature = "wasi")]
            tls: None,
        }
    }
}

impl FromStr for TcpGrant {
    type Err = TcpGrantError;

    fn from_str(text: &str) -> Result<Self, TcpGrantError> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return match address {
                _ if address.port() == 0 => Err(TcpGrantError::Port),
                _ if name_address::is_reserved(address.ip()) => Err(TcpGrantError::Reserved),
                _ => Ok(address.into()),
            };
        }
        let (host, port) = text.rsplit_once(':').ok_or(TcpGrantError::Port)?;
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|port| is_number && *port != 0);
        let port = port.ok_or(TcpGrantError::Port)?;
        let host = host_name::normalised(host).ok_or(TcpGrantError::Host)?.into();
        Ok(TcpTarget::Name { host, port }.into())
    }
}

impl fmt::Display for TcpGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)
    }
}

impl fmt::Display for TcpTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Name { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

/// Shows no certificate and no key.
impl fmt::Debug for TcpGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpGrant")
            .field("target", &self.target)
            .field("encrypted", &self.is_encrypted())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, TcpGrantError> {
        text.parse::<TcpGrant>().map(|grant| grant.to_string())
    }

    #[test]
    fn names_and_addresses_with_a_port_are_servers() {
        for (text, shown) in [
            ("127.0.0.1:6379", "127.0.0.1:6379"),
            ("[::1]:5432", "[::1]:5432"),
            ("localhost:1", "localhost:1"),
            ("DB.Example.:5432", "db.example:5432"),
            ("_db._tcp.example:65535", "_db._tcp.example:65535"),
        ] {
            assert_eq!(parse(text), Ok(shown.to_owned()));
        }
    }

    /// `getaddrinfo` takes more forms of an address than Rust does, and none of them must pass as a name.
    #[test]
    fn anything_else_is_refused() {
        for text in ["db.example", "db.example:", "db.example:0", "127.0.0.1:0", "db.example:+1"] {
            assert_eq!(parse(text), Err(TcpGrantError::Port), "{text}");
        }
        for text in [
            ":1",
            "127.1:1",
            "0x7f000001:1",
            "2130706433:1",
            "a..b:1",
            "a b:1",
            "::1:1",
            "-a:1",
            "*.a:1",
        ] {
            assert_eq!(parse(text), Err(TcpGrantError::Host), "{text}");
        }
        assert_eq!(parse("240.0.0.1:1"), Err(TcpGrantError::Reserved));
    }
}

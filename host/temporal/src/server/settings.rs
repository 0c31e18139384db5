//! What an operator decides about a codec server.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use cloakroom_core::{ByteSize, Error, ErrorKind};
use rustls::ServerConfig;

use super::{address::Address, auth::Auth, tls};

/// What an operator decides about a codec server. The default serves this machine alone, without a
/// web page being able to ask.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Origins of web pages that may ask, such as `http://localhost:8233`.
    pub origins: Vec<String>,
    /// Whether a browser may send cookies along.
    pub credentials: bool,
    /// Who may ask.
    pub access: Auth,
    /// True if anybody who reaches the server may have everything decoded, also through a proxy.
    /// Without it, a server that asks for no token serves this machine alone.
    pub anonymous: bool,
    /// The most bytes that one request may have.
    pub body: ByteSize,
    /// Requests in work at once; others wait. One address has at most three quarters of them.
    pub requests: usize,
    /// Connections at once. If all are in work, another one is answered 503, and probes are
    /// answered.
    pub connections: usize,
    /// Connections at once of one address, or of one IPv6 network of 64 bits; half of all unless
    /// set.
    pub connections_per_address: Option<usize>,
    /// How long a client may keep the server waiting while it takes 64 KiB of an answer, or what is
    /// left.
    pub write_time: Duration,
    /// How long a connection may be used. Requests in work are finished.
    pub lifetime: Duration,
    /// How long a request may take to arrive, and as long again to be answered.
    pub time: Duration,
    /// Where [`CodecServer::serve_metrics`] listens, if it does: then the server itself has no
    /// `/metrics`.
    ///
    /// [`CodecServer::serve_metrics`]: super::CodecServer::serve_metrics
    pub metrics: Option<SocketAddr>,
    /// Certificate and key.
    pub(super) tls: Option<Arc<ServerConfig>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            credentials: false,
            access: Auth::default(),
            anonymous: false,
            body: ByteSize::mib(16),
            requests: 32,
            connections: 512,
            connections_per_address: None,
            write_time: Duration::from_secs(10),
            lifetime: Duration::from_secs(600),
            time: Duration::from_secs(30),
            metrics: None,
            tls: None,
        }
    }
}

impl Settings {
    /// Speaks TLS with this certificate chain and this key, both PEM.
    ///
    /// # Errors
    /// `Config` if they are not what they should be, or do not belong together.
    pub fn tls(mut self, certificates: &[u8], key: &[u8]) -> Result<Self, Error> {
        self.tls = Some(Arc::new(tls::config(certificates, key)?));
        Ok(self)
    }

    /// Checks the settings of a server that listens at this address.
    ///
    /// # Errors
    /// `Config` if they would open the server to strangers, contradict each other, if an origin is
    /// none, or if the metrics have the same address.
    pub fn check(&self, address: &Address) -> Result<(), Error> {
        let wrong = |text: String| Err(Error::new(ErrorKind::Config, text));
        if self.anonymous && !self.access.is_open() {
            return wrong(
                "`codec_server.anonymous` lets anybody in, and `codec_server.token` or \
                 `codec_server.jwt` does not: remove one of them"
                    .to_owned(),
            );
        }
        if let Address::Tcp(address) = *address {
            if !address.ip().is_loopback() && self.access.is_open() && !self.anonymous {
                return wrong(format!(
                    "whoever reaches {address} could have everything decoded: set \
                     `codec_server.token` or `codec_server.jwt`, listen on 127.0.0.1 or a Unix \
                     socket, or write `anonymous = true` if something else decides who gets there"
                ));
            }
            if let Some(metrics) = self.metrics.filter(|metrics| is_same(*metrics, address)) {
                return wrong(format!(
                    "`codec_server.metrics_listen` is {metrics}, and the codec server listens at \
                     {address}: give one of them another port"
                ));
            }
        }
        match self.origins.iter().find(|origin| !is_origin(origin)) {
            None => Ok(()),
            Some(origin) => wrong(format!(
                "`{origin}` is not an origin: write scheme, host and port without a path, \
                 such as http://localhost:8233; there is no wildcard"
            )),
        }
    }
}

impl Settings {
    /// Returns whether other settings let in the same requests.
    pub(super) fn lets_in_the_same(&self, other: &Self) -> bool {
        self.access.is_same(&other.access)
            && self.origins == other.origins
            && self.credentials == other.credentials
            && self.anonymous == other.anonymous
    }

    /// Returns how many connections one address may have.
    pub(super) fn most_of_one(&self) -> usize {
        self.connections_per_address.unwrap_or_else(|| self.connections.div_ceil(2))
    }
}

/// Returns whether two listeners would meet. Port 0 is a free one each time.
fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    let is_everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (one.ip() == other.ip() || is_everywhere)
}

/// Returns whether a text is the origin of a web page: scheme, host and port.
pub(super) fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        ["http", "https"].contains(&scheme)
            && !host.is_empty()
            && !host.contains(['/', '*', '?', '#'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_an_address_of_their_own() {
        let check = |server: &str, metrics: &str| {
            let metrics = Some(metrics.parse().unwrap());
            let settings = Settings { metrics, ..Settings::default() };
            settings.check(&server.parse().unwrap()).map_err(|error| error.to_string())
        };
        assert_eq!(check("127.0.0.1:8081", "127.0.0.1:9464"), Ok(()));
        assert_eq!(check("127.0.0.1:0", "127.0.0.1:0"), Ok(()));
        assert_eq!(check("127.0.0.1:8081", "127.0.0.2:8081"), Ok(()));
        for metrics in ["127.0.0.1:8081", "0.0.0.0:8081"] {
            let refused = check("127.0.0.1:8081", metrics).unwrap_err();
            assert!(refused.contains("codec_server.metrics_listen"), "{refused}");
        }
    }
}

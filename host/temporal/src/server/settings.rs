//! Settings of a codec server.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use cloakroom_core::{ByteSize, Error, ErrorKind, Remedy};
use cloakroom_grpc::access::{Auth, ServerTls};
use rustls::ServerConfig;

use super::{address::Address, remedy::server_method};

/// Settings of a codec server.
///
/// By default it serves requests of this machine only, and none of a web page.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerSettings {
    /// Origins of web pages that may ask, such as `http://localhost:8233`. Default: none.
    pub origins: Vec<String>,
    /// True if browsers may send cookies. Default: false.
    pub credentials: bool,
    /// Tokens that the server accepts. Default: none, the server asks for no token.
    pub auth: Auth,
    /// True if everybody who reaches the server may decode everything, also through a proxy.
    /// Default: false, a server that asks for no token serves requests of this machine only.
    pub anonymous: bool,
    /// Largest request body. Default: 16 MiB.
    pub body: ByteSize,
    /// Concurrent requests; others wait. One address gets at most three quarters. Default: 32.
    pub requests: usize,
    /// Open connections. If all of them are busy, a further one is answered 503, except for probes.
    /// Default: 512.
    pub connections: usize,
    /// Open connections of one address, or of one IPv6 network of 64 bits. Default: half of
    /// `connections`.
    pub connections_per_address: Option<usize>,
    /// Time within which a client must read 64 KiB of a response, or all that is left. Default: 10
    /// s.
    pub write_time: Duration,
    /// Time after which a connection takes no further request. Default: 10 minutes.
    pub lifetime: Duration,
    /// Time a request may take to arrive, and again to be answered. Default: 30 s.
    pub time: Duration,
    /// Address of [`CodecServer::serve_metrics`]. If set, the main listener does not serve
    /// `/metrics`. Default: none.
    ///
    /// [`CodecServer::serve_metrics`]: super::CodecServer::serve_metrics
    pub metrics: Option<SocketAddr>,
    /// Names of settings in refusals. Default: fields and methods of this type and of [`Auth`].
    pub remedy_names: fn(Remedy) -> &'static str,
    /// TLS configuration. Default: none, the server speaks plain HTTP.
    pub(super) tls: Option<Arc<ServerConfig>>,
}

/// Neither the Web UI nor the command line asks for HTTP/2, and each version can be attacked.
const HTTP_1: &[u8] = b"http/1.1";

/// Settings that decide who may ask a server without a token.
pub(super) const OPEN: &[Remedy] =
    &[Remedy::ServerToken, Remedy::ServerKeySet, Remedy::ServerAnonymous];

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            credentials: false,
            auth: Auth::default(),
            anonymous: false,
            body: ByteSize::mib(16),
            requests: 32,
            connections: 512,
            connections_per_address: None,
            write_time: Duration::from_secs(10),
            lifetime: Duration::from_secs(600),
            time: Duration::from_secs(30),
            metrics: None,
            remedy_names: server_method,
            tls: None,
        }
    }
}

impl ServerSettings {
    /// Serves TLS with this certificate chain and key, both PEM. Default: plain HTTP.
    ///
    /// # Errors
    /// `Config` if either is not PEM, or they do not belong together.
    pub fn with_tls(mut self, certificates: &[u8], key: &[u8]) -> Result<Self, Error> {
        self.tls = Some(Arc::new(ServerTls::new(certificates, key)?.config(HTTP_1, false)?));
        Ok(self)
    }

    /// Validates the settings of a server that listens on this address.
    ///
    /// # Errors
    /// `Config` if they would open the server to strangers, contradict each other, contain
    /// something that is not an origin, or give the metrics the same address.
    pub fn check(&self, address: &Address) -> Result<(), Error> {
        self.find_conflict(address).map_err(|error| error.name_remedies(self.remedy_names))
    }

    fn find_conflict(&self, address: &Address) -> Result<(), Error> {
        let invalid = |text: String, remedies: &'static [Remedy]| {
            Err(Error::new(ErrorKind::Config, text).with_remedies(remedies))
        };
        if self.anonymous && !self.auth.is_open() {
            return invalid(
                "the server is to admit everybody, but also asks for a token: remove one of the two"
                    .to_owned(),
                &[Remedy::ServerAnonymous, Remedy::ServerToken, Remedy::ServerKeySet],
            );
        }
        if let Address::Tcp(address) = *address {
            if !address.ip().is_loopback() && self.auth.is_open() && !self.anonymous {
                let text = format!(
                    "everybody who reaches {address} could decode everything: ask for a token, listen \
                     on 127.0.0.1 or a Unix socket, or admit everybody if something else restricts \
                     access"
                );
                return invalid(text, OPEN);
            }
            if let Some(metrics) = self.metrics.filter(|metrics| conflicts(*metrics, address)) {
                let text = format!(
                    "metrics are to be served at {metrics}, but the codec server listens on {address}: \
                     give one of them another port"
                );
                return invalid(text, &[Remedy::ServerMetrics]);
            }
        }
        match self.origins.iter().find(|origin| !is_origin(origin)) {
            None => Ok(()),
            Some(origin) => {
                let text = format!(
                    "`{origin}` is not an origin: write scheme, host and port without a path, such as \
                     http://localhost:8233; there are no wildcards"
                );
                invalid(text, &[Remedy::ServerOrigins])
            }
        }
    }
}

impl ServerSettings {
    /// Returns a text with the names of the settings that decide about it, as an error has them: a
    /// refusal is a response or a log line, and not an error of the server.
    pub(super) fn name_remedies(&self, text: &str, remedies: &'static [Remedy]) -> String {
        let error = Error::new(ErrorKind::Denied, text).with_remedies(remedies);
        error.name_remedies(self.remedy_names).to_string()
    }

    /// Returns whether other settings admit the same requests.
    pub(super) fn admits_the_same(&self, other: &Self) -> bool {
        self.auth.is_same(&other.auth)
            && self.origins == other.origins
            && self.credentials == other.credentials
            && self.anonymous == other.anonymous
    }

    /// Returns the connection limit of one address.
    pub(super) fn max_connections_per_address(&self) -> usize {
        self.connections_per_address.unwrap_or_else(|| self.connections.div_ceil(2))
    }
}

/// Returns whether two listeners would conflict. Port 0 means any free port, so it never does.
fn conflicts(one: SocketAddr, other: SocketAddr) -> bool {
    let is_wildcard = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (one.ip() == other.ip() || is_wildcard)
}

/// Returns whether a text is an origin of a web page: scheme, host and optional port.
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
    fn refuses_metrics_on_the_main_address() {
        let check = |server: &str, metrics: &str| {
            let metrics = Some(metrics.parse().unwrap());
            let settings = ServerSettings { metrics, ..ServerSettings::default() };
            settings.check(&server.parse().unwrap()).map_err(|error| error.to_string())
        };
        assert_eq!(check("127.0.0.1:8081", "127.0.0.1:9464"), Ok(()));
        assert_eq!(check("127.0.0.1:0", "127.0.0.1:0"), Ok(()));
        assert_eq!(check("127.0.0.1:8081", "127.0.0.2:8081"), Ok(()));
        for metrics in ["127.0.0.1:8081", "0.0.0.0:8081"] {
            let refused = check("127.0.0.1:8081", metrics).unwrap_err();
            assert!(refused.contains("(`ServerSettings::metrics`)"), "{refused}");
        }
    }
}

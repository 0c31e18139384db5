//! What an operator decides about a codec server.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use cloakroom_core::{ByteSize, Error, ErrorKind};
use rustls::ServerConfig;

use super::{access::Access, tls};

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
    pub access: Access,
    /// The most bytes that one request may have.
    pub body: ByteSize,
    /// Requests in work at once; others wait.
    pub requests: usize,
    /// Connections at once; others wait to be accepted.
    pub connections: usize,
    /// How long a request may take to arrive, and as long again to be answered.
    pub time: Duration,
    /// Certificate and key.
    pub(super) tls: Option<Arc<ServerConfig>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            credentials: false,
            access: Access::default(),
            body: ByteSize::mib(16),
            requests: 32,
            connections: 512,
            time: Duration::from_secs(30),
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

    /// Refuses what would be open to strangers.
    pub(super) fn check(&self, address: SocketAddr) -> Result<(), Error> {
        let wrong = |text: String| Err(Error::new(ErrorKind::Config, text));
        if !address.ip().is_loopback() && self.access.is_open() {
            return wrong(format!(
                "whoever reaches {address} could have everything decoded: \
                 set `codec_server.token` or `codec_server.jwt`, or listen on 127.0.0.1"
            ));
        }
        for origin in &self.origins {
            let is_one = origin.split_once("://").is_some_and(|(scheme, host)| {
                ["http", "https"].contains(&scheme)
                    && !host.is_empty()
                    && !host.contains(['/', '*', '?', '#'])
            });
            if !is_one {
                return wrong(format!(
                    "`{origin}` is not an origin: write scheme, host and port without a path, \
                     such as http://localhost:8233; there is no wildcard"
                ));
            }
        }
        Ok(())
    }
}

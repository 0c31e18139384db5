//! Settings of a gateway.

use std::net::SocketAddr;

use cloakroom_core::{ByteSize, Error, ErrorKind};

use super::{readers::Readers, upstream_url::UpstreamUrl};

/// Largest message by default: what the SDKs receive at most.
const MESSAGE: ByteSize = ByteSize::mib(128);

/// Settings of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GatewaySettings {
    /// Temporal's frontend.
    pub upstream: UpstreamUrl,
    /// Largest message of a worker or client, before it is encoded or after it was decoded. Default:
    /// 128 MiB.
    pub message: ByteSize,
    /// Whether answers are decoded. Default: true. Otherwise they pass as they are: for a gateway whose
    /// callers decode for themselves.
    pub decode: bool,
    /// Clients that get an answer in which not every payload can be decoded, with the others decoded.
    /// Anybody else gets an error. Default: none.
    pub readers: Readers,
    /// Address of [`Gateway::serve_probes`](super::Gateway::serve_probes). Default: none.
    pub metrics: Option<SocketAddr>,
}

impl GatewaySettings {
    /// Returns the default settings of a gateway to this frontend.
    #[must_use]
    pub fn new(upstream: UpstreamUrl) -> Self {
        let readers = Readers::default();
        Self { upstream, message: MESSAGE, decode: true, readers, metrics: None }
    }

    /// Validates the settings of a gateway that listens on this address.
    ///
    /// # Errors
    /// `Config` if other machines could reach the gateway: it authenticates nobody yet, and decodes
    /// for everybody.
    pub fn check(&self, listen: SocketAddr) -> Result<(), Error> {
        if !listen.ip().is_loopback() {
            let text = format!(
                "everybody who reaches {listen} could read all payloads, because the gateway \
                 authenticates nobody yet: listen on 127.0.0.1 or [::1]"
            );
            return Err(Error::new(ErrorKind::Config, text));
        }
        let is_same = self.metrics.is_some_and(|metrics| metrics == listen && listen.port() != 0);
        if is_same {
            let text =
                format!("{listen} is the address of the gateway and of its metrics: change one");
            return Err(Error::new(ErrorKind::Config, text));
        }
        Ok(())
    }
}

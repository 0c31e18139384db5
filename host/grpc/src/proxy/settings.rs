//! Settings of a proxy.

use std::{net::SocketAddr, time::Duration};

use cloakroom_core::{Error, ErrorKind};

use super::{callers::Callers, upstream_tls::UpstreamTls, upstream_url::UpstreamUrl};

/// Time by default to transfer a message: 128 MiB at some 9 Mbit/s.
const TRANSFER_TIME: Duration = Duration::from_secs(120);

/// Interval of pings to the server, and the time for an answer: those of the SDKs.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// Settings of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxySettings {
    /// Server behind the proxy.
    pub upstream: UpstreamUrl,
    /// TLS towards the server, which an `https` address needs. Default: none.
    pub upstream_tls: Option<UpstreamTls>,
    /// True if callers act with credentials that they did not present themselves. Default: false.
    pub injects_credentials: bool,
    /// Callers that may connect. Default: everybody on this machine, and nobody else.
    pub callers: Callers,
    /// Time for a request to arrive, and for its answer to be taken. Default: 2 minutes.
    pub transfer_time: Duration,
    /// Time between two pings to the server while calls are open. Default: 30 seconds.
    pub ping_interval: Duration,
    /// Time for the answer to a ping. Default: 15 seconds.
    pub ping_timeout: Duration,
    /// Address of [`Proxy::serve_probes`](super::Proxy::serve_probes). Default: none.
    pub metrics: Option<SocketAddr>,
}

impl ProxySettings {
    /// Returns the default settings of a proxy before this server.
    #[must_use]
    pub fn new(upstream: UpstreamUrl) -> Self {
        Self {
            upstream,
            upstream_tls: None,
            injects_credentials: false,
            callers: Callers::default(),
            transfer_time: TRANSFER_TIME,
            ping_interval: PING_INTERVAL,
            ping_timeout: PING_TIMEOUT,
            metrics: None,
        }
    }

    /// Validates the settings of a proxy that listens on this address.
    ///
    /// # Errors
    /// `Config` if strangers could reach the proxy, if they could use its credentials, or if it could be
    /// overheard.
    pub fn check(&self, listen: SocketAddr) -> Result<(), Error> {
        self.check_access(Some(listen))?;
        let is_same = self.metrics.is_some_and(|metrics| metrics == listen && listen.port() != 0);
        if is_same {
            let text =
                format!("{listen} is the address of the gateway and of its metrics: change one");
            return Err(Error::new(ErrorKind::Config, text));
        }
        Ok(())
    }

    /// Validates who may connect, and the credentials for the server.
    ///
    /// # Errors
    /// `Config`.
    pub fn check_access(&self, listen: Option<SocketAddr>) -> Result<(), Error> {
        let refuse = |text: String| Err(Error::new(ErrorKind::Config, text));
        let upstream = &self.upstream;
        if self.callers.is_open() && self.injects_credentials {
            return refuse(format!(
                "everybody who reaches the gateway could use its credentials for {upstream}: \
                 authenticate callers by a certificate or a token"
            ));
        }
        if self.upstream_tls.is_some() && !upstream.is_tls() {
            return refuse(format!(
                "there are settings of TLS for {upstream}, which is not https: write https, or \
                 remove them"
            ));
        }
        if self.upstream_tls.is_none() && upstream.is_tls() {
            return refuse(format!(
                "there are no settings of TLS for {upstream}: say whom to trust"
            ));
        }
        let Some(listen) = listen.filter(|listen| !listen.ip().is_loopback()) else {
            return Ok(());
        };
        if self.callers.is_open() {
            return refuse(format!(
                "everybody who reaches {listen} could read all payloads: listen on 127.0.0.1 or \
                 [::1], or authenticate callers by a certificate or a token"
            ));
        }
        if !self.callers.has_tls() {
            return refuse(format!(
                "payloads and tokens would cross the network to {listen} in the clear: serve TLS, or \
                 listen on 127.0.0.1 or [::1]"
            ));
        }
        Ok(())
    }
}

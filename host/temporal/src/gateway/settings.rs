//! Settings of a gateway.

use std::{net::SocketAddr, time::Duration};

use cloakroom_core::{ByteSize, Error, ErrorKind};

use cloakroom_grpc::proxy::{Callers, ProxySettings, UpstreamUrl};

use super::{credentials::UpstreamCredentials, readers::Readers};
use crate::exchange::limits::histories::HistoryLimits;

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
    /// Time for a request to arrive, and for its answer to be taken. Default: 2 minutes.
    ///
    /// Memory is counted for a message until then, and all callers share it. A request that is late is
    /// refused, and a connection with an answer that is not taken is ended.
    pub transfer_time: Duration,
    /// Time between two pings to the frontend while calls are open. Default: 30 seconds.
    ///
    /// A connection whose other end is gone without a word looks like one on which nothing happens, and a
    /// poll may wait for a minute anyway. Shorter intervals than 10 seconds can be refused by frontends.
    pub ping_interval: Duration,
    /// Time for the answer to a ping. Without one the connection is lost, and its calls fail as
    /// `UNAVAILABLE`. Default: 15 seconds.
    pub ping_timeout: Duration,
    /// True if answers are decoded, which is the default. Otherwise they pass as they are: for a gateway whose
    /// callers decode for themselves.
    pub decode: bool,
    /// Clients that get an answer in which not every payload can be decoded, with the others decoded.
    /// Anybody else gets an error. Default: none.
    pub readers: Readers,
    /// Address of [`Gateway::serve_probes`](super::Gateway::serve_probes). Default: none.
    pub metrics: Option<SocketAddr>,
    /// Callers that may connect. Default: everybody on this machine, and nobody else.
    pub callers: Callers,
    /// Credentials for Temporal's frontend. Default: those that callers present.
    pub credentials: UpstreamCredentials,
    /// Encodes the messages and stack traces of failures with their payloads. Default: where a stage is
    /// required.
    pub encode_failures: Option<bool>,
    /// Largest decoded answers of clients, by the start of their user agent; the first entry that
    /// matches decides. Default: 4 MiB for `grpc-node-js`, the TypeScript client, and `message` for all
    /// others.
    pub answers: Vec<(String, ByteSize)>,
    /// When a history counts as large, and what is stored from then on.
    pub history: HistoryLimits,
    /// Methods of Temporal's WorkflowService that pass as they are although the gateway does not know
    /// them and a stage is required. Default: none.
    pub allowed_methods: Vec<String>,
}

impl GatewaySettings {
    /// Returns the default settings of a gateway to this frontend.
    #[must_use]
    pub fn new(upstream: UpstreamUrl) -> Self {
        let proxy = ProxySettings::new(upstream);
        Self {
            upstream: proxy.upstream,
            message: MESSAGE,
            transfer_time: proxy.transfer_time,
            ping_interval: proxy.ping_interval,
            ping_timeout: proxy.ping_timeout,
            decode: true,
            readers: Readers::default(),
            metrics: None,
            callers: Callers::default(),
            credentials: UpstreamCredentials::default(),
            encode_failures: None,
            answers: Vec::new(),
            history: HistoryLimits::default(),
            allowed_methods: Vec::new(),
        }
    }

    /// Returns whether other settings apply in full only after a restart, because more than callers and
    /// credentials differs.
    #[must_use]
    pub fn needs_restart(&self, other: &Self) -> bool {
        let other = Self {
            callers: self.callers.clone(),
            credentials: self.credentials.clone(),
            ..other.clone()
        };
        *self != other
    }

    /// Validates the settings of a gateway that listens on this address.
    ///
    /// # Errors
    /// `Config` if strangers could reach the gateway, if they could use its credentials, or if it could
    /// be overheard.
    pub fn check(&self, listen: SocketAddr) -> Result<(), Error> {
        self.check_keys()?;
        self.proxy().check(listen)
    }

    /// Validates who may connect, and the credentials for the frontend.
    ///
    /// # Errors
    /// `Config`.
    pub(super) fn check_access(&self, listen: Option<SocketAddr>) -> Result<(), Error> {
        self.check_keys()?;
        self.proxy().check_access(listen)
    }

    /// Returns what they say about the proxy.
    pub(super) fn proxy(&self) -> ProxySettings {
        let mut proxy = ProxySettings::new(self.upstream.clone());
        proxy.upstream_tls = self.credentials.tls().cloned();
        proxy.injects_credentials = self.credentials.are_injected();
        proxy.callers = self.callers.clone();
        proxy.transfer_time = self.transfer_time;
        proxy.ping_interval = self.ping_interval;
        proxy.ping_timeout = self.ping_timeout;
        proxy.metrics = self.metrics;
        proxy
    }

    fn check_keys(&self) -> Result<(), Error> {
        let upstream = &self.upstream;
        if self.credentials.has_api_keys() && !upstream.is_tls() && !upstream.is_loopback() {
            let text = format!(
                "the API key would cross the network in the clear: connect to {upstream} by https"
            );
            return Err(Error::new(ErrorKind::Config, text));
        }
        Ok(())
    }
}

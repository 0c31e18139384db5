//! `[gateway.dapr]`, as written.

use std::{net::SocketAddr, path::PathBuf};

use serde::Deserialize;

use super::{
    body_size::BodySize,
    gateway_access::{CallerTlsEntry, UpstreamTlsEntry},
    gateway_address::{ListenAddress, Upstream},
    secret::Secret,
    temporal::JwtEntry,
    units::Span,
};

/// `[gateway.dapr]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "gateway"), expect(dead_code, reason = "read by the gateway alone"))]
pub(crate) struct DaprGatewayEntry {
    #[serde(default)]
    pub(crate) listen: Option<ListenAddress>,
    pub(crate) upstream: Upstream,
    /// Limit of the sidecar.
    pub(crate) max_body_size: Option<BodySize>,
    /// Largest message that the SDK of the app receives.
    pub(crate) app_max_message: Option<BodySize>,
    pub(crate) app_id: Option<String>,
    /// Namespace of Dapr, in metrics.
    pub(crate) namespace: Option<String>,
    /// Time in which a task is tried again before it fails.
    pub(crate) hold_time: Option<Span>,
    pub(crate) tls: Option<CallerTlsEntry>,
    #[serde(default)]
    pub(crate) identity: Vec<AppEntry>,
    pub(crate) jwt: Option<JwtEntry>,
    pub(crate) upstream_tls: Option<UpstreamTlsEntry>,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) transfer_time: Option<Span>,
    pub(crate) ping_interval: Option<Span>,
    pub(crate) ping_timeout: Option<Span>,
}

/// `[[gateway.dapr.identity]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "gateway"), expect(dead_code, reason = "read by the gateway alone"))]
pub(crate) struct AppEntry {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) san: Vec<String>,
    pub(crate) common_name: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) token: Option<Secret>,
}

impl DaprGatewayEntry {
    /// Returns the files that its settings are read from.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let tokens = self.identity.iter().filter_map(|identity| identity.token.as_ref());
        let secrets = tokens.filter_map(|secret| secret.file.clone());
        let tls = self.tls.iter().flat_map(CallerTlsEntry::files);
        let tls = tls.chain(self.upstream_tls.iter().flat_map(UpstreamTlsEntry::files));
        let keys = self.jwt.as_ref().and_then(JwtEntry::file);
        secrets.chain(tls.cloned()).chain(keys).collect()
    }
}

//! `[gateway]` and `[gateway.temporal]`, as written.

use std::{net::SocketAddr, path::PathBuf};

use serde::Deserialize;

use super::{
    gateway_access::{CallerTlsEntry, IdentityEntry, NamespaceSecrets, UpstreamTlsEntry},
    gateway_address::{ListenAddress, Upstream},
    gateway_dapr::DaprGatewayEntry,
    gateway_sizes::{ClientEntry, HistoryEntry},
    method_name::MethodName,
    secret::Secret,
    temporal::JwtEntry,
    units::Span,
};

/// `[gateway]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GatewayEntry {
    pub(crate) temporal: Option<TemporalGatewayEntry>,
    pub(crate) dapr: Option<DaprGatewayEntry>,
}

/// `[gateway.temporal]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "gateway"), expect(dead_code, reason = "read by the gateway alone"))]
pub(crate) struct TemporalGatewayEntry {
    #[serde(default)]
    pub(crate) listen: Option<ListenAddress>,
    pub(crate) upstream: Upstream,
    pub(crate) tls: Option<CallerTlsEntry>,
    #[serde(default)]
    pub(crate) identity: Vec<IdentityEntry>,
    pub(crate) jwt: Option<JwtEntry>,
    pub(crate) upstream_tls: Option<UpstreamTlsEntry>,
    pub(crate) api_key: Option<Secret>,
    #[serde(default)]
    pub(crate) api_keys: NamespaceSecrets,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) transfer_time: Option<Span>,
    pub(crate) ping_interval: Option<Span>,
    pub(crate) ping_timeout: Option<Span>,
    pub(crate) encode_failures: Option<bool>,
    #[serde(default)]
    pub(crate) client: Vec<ClientEntry>,
    #[serde(default)]
    pub(crate) history: HistoryEntry,
    #[serde(default)]
    pub(crate) allow_methods: Vec<MethodName>,
    /// False if answers pass as they are. Default: true.
    pub(crate) decode: Option<bool>,
    /// Names of clients that show payloads to people.
    #[serde(default)]
    pub(crate) readers: Vec<String>,
}

impl GatewayEntry {
    /// Returns the files that the gateways' settings are read from.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let temporal = self.temporal.iter().flat_map(TemporalGatewayEntry::files);
        temporal.chain(self.dapr.iter().flat_map(DaprGatewayEntry::files)).collect()
    }
}

impl TemporalGatewayEntry {
    fn files(&self) -> Vec<PathBuf> {
        let tokens = self.identity.iter().filter_map(|identity| identity.token.as_ref());
        let secrets = tokens.chain(&self.api_key).chain(self.api_keys.values());
        let secrets = secrets.filter_map(|secret| secret.file.clone());
        let tls = self.tls.iter().flat_map(CallerTlsEntry::files);
        let tls = tls.chain(self.upstream_tls.iter().flat_map(UpstreamTlsEntry::files));
        let keys = self.jwt.as_ref().and_then(JwtEntry::file);
        secrets.chain(tls.cloned()).chain(keys).collect()
    }
}

//! `[gateway.temporal]`, as written.

use std::{fmt, net::SocketAddr, path::PathBuf};

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use super::{
    gateway_access::{CallerTlsEntry, IdentityEntry, NamespaceSecrets, UpstreamTlsEntry},
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
    /// Returns the files that the gateway's settings are read from.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let Some(entry) = &self.temporal else { return Vec::new() };
        let tokens = entry.identity.iter().filter_map(|identity| identity.token.as_ref());
        let secrets = tokens.chain(&entry.api_key).chain(entry.api_keys.values());
        let secrets = secrets.filter_map(|secret| secret.file.clone());
        let tls = entry.tls.iter().flat_map(CallerTlsEntry::files);
        let tls = tls.chain(entry.upstream_tls.iter().flat_map(UpstreamTlsEntry::files));
        let keys = entry.jwt.as_ref().and_then(JwtEntry::file);
        secrets.chain(tls.cloned()).chain(keys).collect()
    }
}

/// Address to listen on.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "gateway"), expect(dead_code, reason = "read by the gateway alone"))]
pub(crate) struct ListenAddress(pub(crate) SocketAddr);

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ListenVisitor)
    }
}

struct ListenVisitor;

impl Visitor<'_> for ListenVisitor {
    type Value = ListenAddress;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address and a port")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ListenAddress, E> {
        text.parse().map(ListenAddress).map_err(|_| {
            E::custom(
                "not an address to listen on: write an IP address and a port, such as \
                 127.0.0.1:7243",
            )
        })
    }
}

/// `http://HOST:PORT` or `https://HOST:PORT`
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "gateway"), expect(dead_code, reason = "read by the gateway alone"))]
pub(crate) struct Upstream(pub(crate) String);

impl<'de> Deserialize<'de> for Upstream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(UpstreamVisitor)
    }
}

struct UpstreamVisitor;

impl Visitor<'_> for UpstreamVisitor {
    type Value = Upstream;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a URL")
    }

    /// Checks the form. `UpstreamUrl` does the same again, which not every build has.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Upstream, E> {
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let rest = rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest));
        let port = rest.and_then(|rest| rest.rsplit_once(':')).filter(|(host, port)| {
            !host.is_empty()
                && !host.contains(['/', '@', '?', '#', ' '])
                && port.parse::<u16>().is_ok_and(|port| port != 0)
        });
        port.map(|_| Upstream(text.to_owned())).ok_or_else(|| {
            E::custom(
                "not the address of Temporal's frontend: write http:// or https://, a host and a \
                 port, such as http://127.0.0.1:7233",
            )
        })
    }
}

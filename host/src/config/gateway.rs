//! `[gateway.temporal]`, as written.

use std::{fmt, net::SocketAddr};

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use super::{
    gateway_sizes::{ClientEntry, HistoryEntry},
    method_name::MethodName,
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
    pub(crate) listen: Option<Loopback>,
    pub(crate) upstream: Upstream,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) encode_failures: Option<bool>,
    #[serde(default)]
    pub(crate) client: Vec<ClientEntry>,
    #[serde(default)]
    pub(crate) history: HistoryEntry,
    #[serde(default)]
    pub(crate) allow_methods: Vec<MethodName>,
}

/// Address that this machine alone can reach.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "gateway"), expect(dead_code, reason = "read by the gateway alone"))]
pub(crate) struct Loopback(pub(crate) SocketAddr);

impl<'de> Deserialize<'de> for Loopback {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(LoopbackVisitor)
    }
}

struct LoopbackVisitor;

impl Visitor<'_> for LoopbackVisitor {
    type Value = Loopback;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address and a port")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Loopback, E> {
        let wrong = "not an address to listen on: write an IP address and a port, such as \
                     127.0.0.1:7243";
        let address: SocketAddr = text.parse().map_err(|_| E::custom(wrong))?;
        if address.ip().is_loopback() {
            return Ok(Loopback(address));
        }
        Err(E::custom(
            "not an address of this machine alone, and the gateway authenticates nobody yet: write \
             127.0.0.1 or [::1] and a port",
        ))
    }
}

/// `http://HOST:PORT`
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
        if text.starts_with("https://") {
            return Err(E::custom(
                "not an address that the gateway can connect to: TLS to Temporal is not supported \
                 yet; write http://HOST:PORT",
            ));
        }
        let rest = text.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
        let port = rest.and_then(|rest| rest.rsplit_once(':')).filter(|(host, port)| {
            !host.is_empty()
                && !host.contains(['/', '@', '?', '#', ' '])
                && port.parse::<u16>().is_ok_and(|port| port != 0)
        });
        port.map(|_| Upstream(text.to_owned())).ok_or_else(|| {
            E::custom(
                "not the address of Temporal's frontend: write http://, a host and a port, such as \
                 http://127.0.0.1:7233",
            )
        })
    }
}

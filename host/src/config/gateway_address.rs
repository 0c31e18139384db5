//! Addresses of a gateway, as written.

use std::{fmt, net::SocketAddr};

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

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
                "not the address of a server: write http:// or https://, a host and a port, such as \
                 http://127.0.0.1:7233",
            )
        })
    }
}

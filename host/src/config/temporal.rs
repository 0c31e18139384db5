//! `[temporal]` and `[codec_server]`, as written.

use std::{fmt, net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use super::{
    secret::Secret,
    units::{Size, Span},
};

/// `[temporal]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TemporalEntry {
    pub(crate) field: Option<Size>,
    pub(crate) memo: Option<Size>,
    pub(crate) message: Option<Size>,
}

#[cfg(feature = "temporal")]
impl TemporalEntry {
    /// Returns Temporal's default limits with those of the file in their place.
    pub(crate) fn size_limits(&self) -> cloakroom_temporal::SizeLimits {
        let size = |size: &Option<Size>| size.as_ref().map(|size| size.0);
        let limits = cloakroom_temporal::SizeLimits::default();
        limits.with_max(size(&self.field), size(&self.message)).with_max_memo(size(&self.memo))
    }
}

/// `[codec_server]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CodecServerEntry {
    pub(crate) listen: Option<Listen>,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) origins: Vec<String>,
    pub(crate) credentials: bool,
    pub(crate) token: Option<Secret>,
    pub(crate) anonymous: bool,
    pub(crate) jwt: Option<JwtEntry>,
    pub(crate) tls: Option<TlsEntry>,
    pub(crate) body: Option<Size>,
    pub(crate) requests: Option<NonZeroUsize>,
    pub(crate) connections: Option<NonZeroUsize>,
    pub(crate) connections_per_address: Option<NonZeroUsize>,
    pub(crate) write_time: Option<Span>,
    pub(crate) lifetime: Option<Span>,
    pub(crate) time: Option<Span>,
}

/// `jwt = { … }`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    not(any(feature = "codec-server", feature = "gateway")),
    expect(dead_code, reason = "read by the servers alone")
)]
pub(crate) struct JwtEntry {
    /// A file, or a URL.
    pub(crate) keys: PathBuf,
    pub(crate) refresh: Option<Span>,
    pub(crate) audience: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) namespaces: Option<String>,
}

impl JwtEntry {
    /// Returns the URL that the keys are fetched from, if they are.
    pub(crate) fn url(&self) -> Option<&str> {
        self.keys.to_str().filter(|keys| keys.contains("://"))
    }

    /// Returns the file that the keys are read from, if they are.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        self.url().is_none().then(|| self.keys.clone())
    }
}

/// `127.0.0.1:8081` or `unix:codec.sock`
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "codec-server"), expect(dead_code, reason = "read by the server alone"))]
pub(crate) enum Listen {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ListenVisitor)
    }
}

struct ListenVisitor;

impl Visitor<'_> for ListenVisitor {
    type Value = Listen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address and a port, or unix: and a path")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Listen, E> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Listen::Unix(PathBuf::from(path)));
        }
        let wrong = "not a place to listen at: write an IP address and a port, such as \
                     127.0.0.1:8081, or unix: and a path, such as unix:/run/cloakroom/codec.sock";
        text.parse().map(Listen::Tcp).map_err(|_| E::custom(wrong))
    }
}

/// `tls = { … }`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsEntry {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl CodecServerEntry {
    /// Returns the files that the server's settings are read from.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let token = self.token.as_ref().and_then(|secret| secret.file.clone());
        let keys = self.jwt.as_ref().and_then(JwtEntry::file);
        let tls = self.tls.iter().flat_map(|tls| [tls.certificate.clone(), tls.key.clone()]);
        token.into_iter().chain(keys).chain(tls)
    }
}

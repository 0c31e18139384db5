//! What is Temporal's: its limits, and the codec server as written.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use serde::Deserialize;

use super::{
    secret::Secret,
    units::{Size, Span},
};

/// `[temporal]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Temporal {
    pub(crate) field: Option<Size>,
    pub(crate) message: Option<Size>,
}

/// `[codec_server]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CodecServer {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) origins: Vec<String>,
    pub(crate) credentials: bool,
    pub(crate) token: Option<Secret>,
    pub(crate) jwt: Option<Jwt>,
    pub(crate) tls: Option<Tls>,
    pub(crate) body: Option<Size>,
    pub(crate) requests: Option<NonZeroUsize>,
    pub(crate) connections: Option<NonZeroUsize>,
    pub(crate) time: Option<Span>,
}

/// `jwt = { … }`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "codec-server"), expect(dead_code, reason = "read by the server alone"))]
pub(crate) struct Jwt {
    pub(crate) keys: PathBuf,
    pub(crate) audience: Option<String>,
    pub(crate) issuer: Option<String>,
}

/// `tls = { … }`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl CodecServer {
    /// The files that it is made from.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let token = self.token.as_ref().and_then(|secret| secret.file.clone());
        let keys = self.jwt.as_ref().map(|jwt| jwt.keys.clone());
        let tls = self.tls.iter().flat_map(|tls| [tls.certificate.clone(), tls.key.clone()]);
        token.into_iter().chain(keys).chain(tls)
    }
}

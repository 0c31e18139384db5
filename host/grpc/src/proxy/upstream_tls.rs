//! TLS towards the server behind a proxy.

use std::{fmt, sync::Arc};

use cloakroom_core::Error;
use rustls::ClientConfig;

use super::callers::HTTP_2;
use crate::access::ClientTls;

/// TLS towards the server behind a proxy, set up once for all connections.
#[derive(Clone)]
pub struct UpstreamTls {
    pub(super) tls: ClientTls,
    pub(super) config: Arc<ClientConfig>,
}

impl UpstreamTls {
    /// Sets TLS up for HTTP/2.
    ///
    /// # Errors
    /// `Config` if no authorities are given, and this machine trusts none.
    pub fn new(tls: ClientTls) -> Result<Self, Error> {
        let config = Arc::new(tls.config(HTTP_2)?);
        Ok(Self { tls, config })
    }

    /// Returns whether it presents a certificate.
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        self.tls.has_certificate()
    }
}

impl PartialEq for UpstreamTls {
    fn eq(&self, other: &Self) -> bool {
        self.tls == other.tls
    }
}

impl Eq for UpstreamTls {}

/// Shows no certificate and no key.
impl fmt::Debug for UpstreamTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tls.fmt(f)
    }
}

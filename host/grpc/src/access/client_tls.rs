//! TLS towards a server: whom to trust, and the certificate to present.

use std::{fmt, sync::Arc};

use cloakroom_core::Error;
use rustls::{
    ClientConfig, RootCertStore,
    client::ResolvesClientCert,
    pki_types::ServerName,
    sign::{CertifiedKey, SingleCertAndKey},
};

use super::pem::{self, config};

/// TLS towards a server. Default: the authorities that this machine trusts, and no certificate.
#[derive(Clone, Default)]
#[must_use]
pub struct ClientTls {
    authorities: Option<Arc<RootCertStore>>,
    pair: Option<Arc<CertifiedKey>>,
    server_name: Option<ServerName<'static>>,
}

impl ClientTls {
    /// Trusts these authorities, in PEM, and no others.
    ///
    /// # Errors
    /// `Config` if there is no certificate of an authority.
    pub fn with_authorities(mut self, authorities: &[u8]) -> Result<Self, Error> {
        self.authorities = Some(Arc::new(pem::authorities(authorities)?));
        Ok(self)
    }

    /// Presents this certificate chain, with its key, both PEM.
    ///
    /// # Errors
    /// `Config` if either is not PEM, or they do not belong together.
    pub fn with_certificate(mut self, certificates: &[u8], key: &[u8]) -> Result<Self, Error> {
        self.pair = Some(pem::certified_key(certificates, key)?);
        Ok(self)
    }

    /// Expects this name in the server's certificate, instead of the host of its address.
    ///
    /// # Errors
    /// `Config` if it is neither a DNS name nor an IP address.
    pub fn with_server_name(mut self, name: &str) -> Result<Self, Error> {
        let name = ServerName::try_from(name.to_owned());
        self.server_name = Some(name.map_err(|_| config("neither a DNS name nor an IP address"))?);
        Ok(self)
    }

    /// Returns whether it presents a certificate.
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        self.pair.is_some()
    }

    /// Returns the name to expect in the certificate of a server at this host.
    ///
    /// # Errors
    /// `Config` if the host is no name that a certificate can have.
    pub(crate) fn server_name(&self, host: &str) -> Result<ServerName<'static>, Error> {
        if let Some(name) = &self.server_name {
            return Ok(name.clone());
        }
        // An IPv6 address has brackets in a URL, and none in a certificate.
        let host = host.trim_start_matches('[').trim_end_matches(']');
        ServerName::try_from(host.to_owned())
            .map_err(|_| config("the host is no name that a certificate can have"))
    }

    /// Returns the configuration for one protocol.
    ///
    /// # Errors
    /// `Config` if this machine trusts no authority.
    pub(crate) fn config(&self, protocol: &[u8]) -> Result<ClientConfig, Error> {
        let roots = match &self.authorities {
            Some(authorities) => authorities.clone(),
            None => Arc::new(trusted_here()?),
        };
        let builder = ClientConfig::builder_with_provider(pem::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| config("TLS cannot be set up").with_source(error))?
            .with_root_certificates(roots);
        let mut config = match &self.pair {
            None => builder.with_no_client_auth(),
            Some(pair) => {
                let pair: Arc<dyn ResolvesClientCert> =
                    Arc::new(SingleCertAndKey::from((**pair).clone()));
                builder.with_client_cert_resolver(pair)
            }
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(config)
    }
}

/// Returns the authorities that this machine trusts.
fn trusted_here() -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    // One broken certificate among hundreds is no reason to trust none of them.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(config("this machine trusts no certificate authority: name the ones to trust"));
    }
    Ok(roots)
}

/// Two are equal if they trust, expect and present the same. The key belongs to the certificate.
impl PartialEq for ClientTls {
    fn eq(&self, other: &Self) -> bool {
        let roots = |tls: &Self| tls.authorities.as_ref().map(|roots| roots.roots.clone());
        let chain = |tls: &Self| tls.pair.as_ref().map(|pair| pair.cert.clone());
        roots(self) == roots(other)
            && chain(self) == chain(other)
            && self.server_name == other.server_name
    }
}

impl Eq for ClientTls {}

/// Shows no certificate and no key.
impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("has_authorities", &self.authorities.is_some())
            .field("has_certificate", &self.has_certificate())
            .field("server_name", &self.server_name)
            .finish()
    }
}

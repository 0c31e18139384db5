//! TLS of a server, and the certificates that it asks clients for.

use std::{fmt, sync::Arc};

use cloakroom_core::Error;
use rustls::{
    RootCertStore, ServerConfig,
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
};

use super::pem::{self, config};

/// Certificate of a server, and the authorities of its clients.
#[derive(Clone)]
#[must_use]
pub struct ServerTls {
    pair: Arc<CertifiedKey>,
    authorities: Option<Arc<RootCertStore>>,
}

impl ServerTls {
    /// Takes a certificate chain and its key, both PEM. Clients are asked for no certificate.
    ///
    /// # Errors
    /// `Config` if either is not PEM, or they do not belong together.
    pub fn new(certificates: &[u8], key: &[u8]) -> Result<Self, Error> {
        Ok(Self { pair: pem::certified_key(certificates, key)?, authorities: None })
    }

    /// Asks clients for a certificate that one of these authorities, in PEM, has signed.
    ///
    /// # Errors
    /// `Config` if there is no certificate of an authority.
    pub fn with_client_authorities(mut self, authorities: &[u8]) -> Result<Self, Error> {
        self.authorities = Some(Arc::new(pem::authorities(authorities)?));
        Ok(self)
    }

    /// Returns whether clients are asked for a certificate.
    #[must_use]
    pub fn asks_clients(&self) -> bool {
        self.authorities.is_some()
    }

    /// Returns the configuration for one protocol. `is_optional` admits clients without a certificate,
    /// because they may have a token.
    ///
    /// # Errors
    /// `Config` if the authorities of clients cannot be used.
    pub fn config(&self, protocol: &[u8], is_optional: bool) -> Result<ServerConfig, Error> {
        let provider = pem::provider();
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| config("TLS cannot be set up").with_source(error))?;
        let builder = match &self.authorities {
            None => builder.with_no_client_auth(),
            Some(authorities) => {
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(authorities.clone(), provider);
                let verifier =
                    if is_optional { verifier.allow_unauthenticated() } else { verifier };
                let unusable = "the authorities of clients cannot be used";
                let verifier = verifier.build();
                builder.with_client_cert_verifier(
                    verifier.map_err(|error| config(unusable).with_source(error))?,
                )
            }
        };
        let pair = SingleCertAndKey::from((*self.pair).clone());
        let mut config = builder.with_cert_resolver(Arc::new(pair));
        config.alpn_protocols = vec![protocol.to_vec()];
        if self.asks_clients() {
            // A session that is resumed does not verify the client's certificate again, which may have
            // expired since.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(config)
    }
}

/// Two are equal if they present the same certificate and trust the same authorities. The key
/// belongs to the certificate.
impl PartialEq for ServerTls {
    fn eq(&self, other: &Self) -> bool {
        let subjects = |tls: &Self| tls.authorities.as_ref().map(|roots| roots.roots.clone());
        self.pair.cert == other.pair.cert && subjects(self) == subjects(other)
    }
}

impl Eq for ServerTls {}

/// Shows no certificate and no key.
impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").field("asks_clients", &self.asks_clients()).finish()
    }
}

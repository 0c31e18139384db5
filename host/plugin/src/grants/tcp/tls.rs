//! TLS towards a granted server. The host speaks it, so a guest brings no TLS and no certificates.

use std::{fmt, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use cloakroom_core::{Error, ErrorKind};
use rustls::{
    ClientConfig, RootCertStore,
    client::ResolvesClientCert,
    crypto::{CryptoProvider, aws_lc_rs as provider},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    sign::{CertifiedKey, SingleCertAndKey},
};

/// TLS towards a server that a plugin connects to. Default: the authorities that this machine trusts, no
/// certificate, and a handshake as soon as the connection is open.
#[derive(Clone, Default)]
#[must_use]
pub struct TcpTls {
    authorities: Option<Arc<RootCertStore>>,
    pair: Option<Arc<CertifiedKey>>,
    start: TlsStart,
    /// Digests of what is trusted and presented.
    identity: String,
}

/// Start of the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TlsStart {
    #[default]
    AtOnce,
    /// After PostgreSQL's `SSLRequest`.
    Postgres,
}

/// TLS towards one server.
#[derive(Clone)]
pub(crate) struct ServerTls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) name: ServerName<'static>,
    pub(crate) start: TlsStart,
    pub(crate) identity: String,
}

impl TcpTls {
    /// Trusts these authorities, in PEM, and no others.
    ///
    /// # Errors
    /// `Config` if there is no certificate of an authority.
    pub fn with_authorities(mut self, authorities: &[u8]) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        for authority in chain(authorities)? {
            roots.add(authority).map_err(|error| {
                config("not the certificate of an authority").with_source(error)
            })?;
        }
        self.authorities = Some(Arc::new(roots));
        self.identity.push_str(&format!(" trusts {}", fingerprint(authorities)));
        Ok(self)
    }

    /// Presents this certificate chain, with its key, both PEM.
    ///
    /// # Errors
    /// `Config` if either is not PEM, or they do not belong together.
    pub fn with_certificate(mut self, certificates: &[u8], key: &[u8]) -> Result<Self, Error> {
        let chain = chain(certificates)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| config("the key is not PEM"))?;
        let pair = CertifiedKey::from_der(chain, key, &crypto()).map_err(|error| {
            config("the certificate does not belong to the key").with_source(error)
        })?;
        self.pair = Some(Arc::new(pair));
        self.identity.push_str(&format!(" presents {}", fingerprint(certificates)));
        Ok(self)
    }

    /// Asks a PostgreSQL server for TLS first (`SSLRequest`), and goes on only if it agrees. Servers before
    /// version 17 take TLS in no other way.
    pub fn with_postgres_request(mut self) -> Self {
        self.start = TlsStart::Postgres;
        self
    }

    /// Returns the settings for a server at this host, whose certificate must be valid for it.
    ///
    /// # Errors
    /// `Config` if no certificate can have the name, or this machine trusts no authority.
    pub(super) fn for_host(&self, host: &str) -> Result<ServerTls, Error> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| config("no certificate can have this name"))?;
        let roots = match &self.authorities {
            Some(authorities) => authorities.clone(),
            None => Arc::new(trusted_here()?),
        };
        let builder = ClientConfig::builder_with_provider(crypto())
            .with_safe_default_protocol_versions()
            .map_err(|error| config("TLS cannot be set up").with_source(error))?
            .with_root_certificates(roots);
        let config = match &self.pair {
            None => builder.with_no_client_auth(),
            Some(pair) => {
                let pair: Arc<dyn ResolvesClientCert> =
                    Arc::new(SingleCertAndKey::from((**pair).clone()));
                builder.with_client_cert_resolver(pair)
            }
        };
        let identity = format!("tls {:?}{}", self.start, self.identity);
        Ok(ServerTls { config: Arc::new(config), name, start: self.start, identity })
    }
}

/// Shows no certificate and no key.
impl fmt::Debug for TcpTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpTls")
            .field("has_authorities", &self.authorities.is_some())
            .field("has_certificate", &self.pair.is_some())
            .field("start", &self.start)
            .finish()
    }
}

/// Returns the provider explicitly: the process-wide default belongs to the program that embeds this
/// crate.
fn crypto() -> Arc<CryptoProvider> {
    Arc::new(provider::default_provider())
}

fn chain(certificates: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    chain.ok_or_else(|| config("the certificate is not PEM"))
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

fn fingerprint(pem: &[u8]) -> String {
    hex::encode(digest(&SHA256, pem))
}

fn config(text: &str) -> Error {
    Error::new(ErrorKind::Config, text)
}

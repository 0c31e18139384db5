//! Certificates and keys from PEM files.

use std::sync::Arc;

use cloakroom_core::{Error, ErrorKind};
use rustls::{
    RootCertStore,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};

/// Returns the provider explicitly: the process-wide default belongs to the program that embeds this
/// crate.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Returns a certificate chain and its key.
///
/// # Errors
/// `Config` if either is not PEM, or they do not belong together.
pub(super) fn certified_key(certificates: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>, Error> {
    let chain = chain(certificates)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| config("the key is not PEM"))?;
    let pair = CertifiedKey::from_der(chain, key, &provider())
        .map_err(|error| config("the certificate does not belong to the key").with_source(error))?;
    Ok(Arc::new(pair))
}

/// Returns the authorities of a PEM file.
///
/// # Errors
/// `Config` if it has none, or one that cannot sign.
pub(super) fn authorities(certificates: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for authority in chain(certificates)? {
        let added = roots.add(authority);
        added.map_err(|error| config("not the certificate of an authority").with_source(error))?;
    }
    Ok(roots)
}

fn chain(certificates: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    chain.ok_or_else(|| config("the certificate is not PEM"))
}

pub(super) fn config(text: &str) -> Error {
    Error::new(ErrorKind::Config, text)
}

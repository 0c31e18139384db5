//! TLS configuration from PEM files.

use std::sync::Arc;

use cloakroom_core::{Error, ErrorKind};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

/// Returns the TLS configuration for a certificate chain and its key.
///
/// # Errors
/// `Config` if either is not PEM, or they do not belong together.
pub(super) fn config(certificates: &[u8], key: &[u8]) -> Result<ServerConfig, Error> {
    let config_error = |text: &str| Error::new(ErrorKind::Config, text);
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| config_error("the certificate is not PEM"))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| config_error("the key is not PEM"))?;
    // An explicit provider: the process-wide default belongs to the program that embeds this crate.
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| config_error("TLS cannot be set up").with_source(error))?
        .with_no_client_auth();
    let config = config.with_single_cert(chain, key);
    let mut config = config.map_err(|error| {
        config_error("the certificate does not belong to the key").with_source(error)
    })?;
    // Neither the Web UI nor the command line asks for HTTP/2, and each version can be attacked.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

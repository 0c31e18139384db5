//! Certificates of a run, and the caller's side of mTLS.

use std::{fs, path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

/// An authority that signs for callers and for proxies.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new([]).expect("no names");
        // By default all have the same name, and Envoy would take what it signs for signed by itself.
        params.distinguished_name.push(DnType::CommonName, "Authority of the benchmark");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Writes `ca.pem`, `server.pem` and `server.key`.
    pub(crate) fn write(&self, folder: &Path) {
        let (certificate, key) = self.sign("localhost");
        for (name, text) in
            [("ca.pem", self.0.pem()), ("server.pem", certificate), ("server.key", key)]
        {
            fs::write(folder.join(name), text).expect("a file");
        }
    }

    /// Returns the settings of a caller whose certificate names `caller`.
    pub(crate) fn caller(&self) -> Arc<ClientConfig> {
        let (certificate, key) = self.sign("caller");
        let mut roots = RootCertStore::empty();
        roots.add(der(&self.0.pem())).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![der(&certificate)], key)
            .expect("a pair");
        config.alpn_protocols = vec![b"h2".to_vec()];
        Arc::new(config)
    }

    fn sign(&self, name: &str) -> (String, String) {
        let names = ["127.0.0.1".to_owned(), name.to_owned()];
        let (params, key) = (CertificateParams::new(names), KeyPair::generate().expect("a key"));
        let signed = params.expect("names").signed_by(&key, &self.0).expect("signs");
        (signed.pem(), key.serialize_pem())
    }
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")
}

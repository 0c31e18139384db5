//! A certificate authority of a test's own.

use std::{fs, path::Path};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, SanType, date_time_ymd,
};

/// A certificate authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, both PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Signs for a server at `127.0.0.1` and `localhost`.
    pub(crate) fn server(&self) -> Pair {
        self.server_named("localhost")
    }

    /// Signs for a server with this name, and at `127.0.0.1`.
    pub(crate) fn server_named(&self, name: &str) -> Pair {
        let names = ["127.0.0.1".to_owned(), name.to_owned()];
        self.sign(CertificateParams::new(names).unwrap())
    }

    /// Signs for a client with these names.
    pub(crate) fn client(&self, uri: &str, common_name: &str) -> Pair {
        self.sign(client(uri, common_name))
    }

    /// Signs for a client, in the past.
    pub(crate) fn expired(&self, uri: &str) -> Pair {
        let mut params = client(uri, "expired");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 12, 31);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap().pem();
        Pair { certificate, key: key.serialize_pem() }
    }
}

fn client(uri: &str, common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([]).unwrap();
    params.subject_alt_names.push(SanType::URI(uri.try_into().unwrap()));
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

impl Pair {
    /// Writes it into a folder as `NAME.pem` and `NAME.key`.
    pub(crate) fn write(&self, folder: &Path, name: &str) {
        fs::write(folder.join(format!("{name}.pem")), &self.certificate).unwrap();
        fs::write(folder.join(format!("{name}.key")), &self.key).unwrap();
    }
}

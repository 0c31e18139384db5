//! TLS, and its swap.

use std::sync::Arc;

use cloakroom_temporal::server::ServerSettings;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
};

use super::{
    Served,
    client::{Answer, connect, read},
};

fn certificate() -> (CertificateDer<'static>, ServerSettings) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let settings = ServerSettings::default()
        .with_tls(cert.pem().as_bytes(), signing_key.serialize_pem().as_bytes())
        .unwrap();
    (cert.der().clone(), settings)
}

fn health(served: &Served, trusted: &CertificateDer<'static>) -> std::io::Result<Answer> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(client, connect(served.address));
    let request = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    std::io::Write::write_all(&mut stream, request.as_bytes())?;
    Ok(read(stream))
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_swapped_while_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let (one, settings) = certificate();
    let served = Served::start(folder.path(), settings).await;
    health(&served, &one).unwrap().says(200, "ok");
    let (other, settings) = certificate();
    assert!(health(&served, &other).is_err(), "trusted a stranger");
    served.server.swap(settings).unwrap();
    health(&served, &other).unwrap().says(200, "ok");
    assert!(health(&served, &one).is_err());
    served.end().await;
}

#[test]
fn what_does_not_go_together_is_refused() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let stranger = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (cert.pem(), signing_key.serialize_pem());
    for (cert, key) in [
        (&*cert, &*stranger.signing_key.serialize_pem()),
        ("", &*key),
        (&*key, &*key),
        (&*cert, &*cert),
    ] {
        let refused =
            ServerSettings::default().with_tls(cert.as_bytes(), key.as_bytes()).unwrap_err();
        assert!(!format!("{refused:?}").contains("BEGIN"), "{refused:?}");
    }
}

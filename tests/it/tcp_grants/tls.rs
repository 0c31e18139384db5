//! Certificates of servers, and of plugins' hosts.

use std::{
    io::{Read as _, Write as _},
    sync::Arc,
    thread::{self, JoinHandle},
};

use cloakroom::plugin::TcpTls;
use cloakroom_tests::rigs::{Certificates, ServerPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// Serves one connection over TLS. Returns its port, and what it heard if there was a handshake.
fn serve(pair: &ServerPair) -> (u16, JoinHandle<Option<String>>) {
    let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = listener();
    let port = port(&listener);
    let served = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let mut heard = [0; 16];
        stream.read_exact(&mut heard).ok()?;
        let _ = stream.write_all(b"+OK\r\n");
        Some(String::from_utf8_lossy(&heard).into_owned())
    });
    (port, served)
}

fn trusting(authority: &Certificates) -> TcpTls {
    TcpTls::default().with_authorities(authority.authority().as_bytes()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_encrypts_and_the_guest_sees_a_socket() {
    let authority = Certificates::default();
    for host in ["localhost", "127.0.0.1"] {
        let (port, served) = serve(&authority.server(&[host]));
        let server = format!("{host}:{port}");
        let grants =
            rogue_grants().with_tcp_grant(grant(&server).with_tls(&trusting(&authority)).unwrap());
        let source = Source::bytes("rogue", ROGUE_WASIP2);
        let plugin = cloakroom_tests::host(Limits::default()).load(source, grants).await.unwrap();
        let rogue = plugin.codec(Settings::none(), Reuse::Fresh).await.unwrap();
        perform(&rogue, &format!("connect {server}")).await.unwrap();
        assert_eq!(served.join().unwrap().as_deref(), Some("from the sandbox"), "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_the_servers_is_refused() {
    let (authority, stranger) = (Certificates::default(), Certificates::default());
    for (pair, trusted, reason) in [
        (authority.server(&["other.example"]), &authority, "not valid for name"),
        (authority.server(&["127.0.0.1"]), &authority, "not valid for name"),
        (authority.expired(&["localhost"]), &authority, "expired"),
        (authority.server(&["localhost"]), &stranger, "UnknownIssuer"),
    ] {
        let (port, served) = serve(&pair);
        let server = format!("localhost:{port}");
        let granted = grant(&server).with_tls(&trusting(trusted)).unwrap();
        let (kind, text) = refused(&redis(&server, granted, MINUTE).await).await;
        assert_eq!(kind, ErrorKind::Denied, "{text}");
        assert!(text.contains(&format!("connection to `{server}`: no TLS connection")), "{text}");
        assert!(text.contains(reason), "{text}");
        assert_eq!(served.join().unwrap(), None, "{reason}");
    }
}

#[test]
fn settings_of_tls_that_cannot_work_are_refused() {
    let (authority, other) = (Certificates::default(), Certificates::default());
    let (pair, another) = (authority.server(&["a"]), other.server(&["a"]));
    let tls = TcpTls::default;
    assert!(tls().with_authorities(b"nonsense").is_err());
    let (certificate, key) = (pair.certificate.as_bytes(), pair.key.as_bytes());
    assert!(tls().with_certificate(certificate, another.key.as_bytes()).is_err());
    assert!(tls().with_certificate(certificate, b"nonsense").is_err());
    let presenting = tls().with_certificate(certificate, key).unwrap();
    let shown = format!("{presenting:?} {:?}", grant("a:1"));
    assert!(!shown.contains("BEGIN") && shown.contains("has_certificate: true"), "{shown}");
}

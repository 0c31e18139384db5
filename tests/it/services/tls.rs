//! Certificates: of an own authority, of strangers, of clients.

use super::*;
use crate::gateway::access::Authority;

#[tokio::test(flavor = "multi_thread")]
async fn an_own_authority_is_trusted_and_no_other() {
    let (ours, strangers) = (Authority::new(), Authority::new());
    let server = Server::tls(&ours.server(), None, TOKEN).await;
    let trusting = service(&server.url()).with_ca(ours.pem().as_bytes());
    let pipeline = pipeline(driver(trusting, &[], Limits::default()).await.unwrap());
    let sent = vec![plain(noise(3000))];
    let stored = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(pipeline.decode(&ctx(), stored).await.unwrap(), sent);
    assert_eq!(server.asked().len(), 2);
    for (other, snapshot) in [
        (
            service(&server.url()),
            expect![[r#"
                stage `storage http`, encoding payload 0, plugin `rogue_http`: service `store`: its certificate is not trusted: invalid peer certificate: UnknownIssuer
            "#]],
        ),
        (
            service(&server.url()).with_ca(strangers.pem().as_bytes()),
            expect![[r#"
                stage `storage http`, encoding payload 0, plugin `rogue_http`: service `store`: its certificate is not trusted: invalid peer certificate: BadSignature
            "#]],
        ),
    ] {
        let error = ask(other, &get("o/1")).await;
        assert_eq!(error.kind(), ErrorKind::Denied, "{}", chain(&error));
        assert_text(&chain(&error), &["certificate"], &snapshot);
    }
    assert_eq!(server.asked().len(), 2, "a stranger got a request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_for_the_name_of_the_service() {
    let authority = Authority::new();
    let server = Server::tls(&authority.server_named("store.example"), None, TOKEN).await;
    let url = server.url().replace("127.0.0.1", "localhost");
    let error = ask(service(&url).with_ca(authority.pem().as_bytes()), &get("o/1")).await;
    assert_eq!(error.kind(), ErrorKind::Denied, "{}", chain(&error));
    assert!(chain(&error).contains("its certificate is not trusted"), "{}", chain(&error));
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_is_presented() {
    let authority = Authority::new();
    let server = Server::tls(&authority.server(), Some(&authority), TOKEN).await;
    let trusting = || service(&server.url()).with_ca(authority.pem().as_bytes());
    let pair = authority.client("spiffe://acme/cloakroom", "cloakroom");
    let with = trusting().with_client_certificate(pair.certificate.as_bytes(), pair.key.as_bytes());
    let error = ask(with, &get("o/1")).await;
    assert!(chain(&error).contains("got 404"), "{}", chain(&error));
    let error = ask(trusting(), &get("o/1")).await;
    assert!(!chain(&error).contains("got "), "{}", chain(&error));
    assert_eq!(server.asked().len(), 1);
}

//! A registry with a certificate of a private authority (`ca`).

use cloakroom::{
    ErrorKind,
    registry::{Access, Client},
};
use cloakroom_tests::{REVERSE, assert_text, chain, rigs::Registry};
use expect_test::expect;

use super::{Setup, package, reference, round_trip};
use crate::gateway::access::Authority;

#[tokio::test(flavor = "multi_thread")]
async fn a_private_authority_is_trusted_and_no_other() {
    let (ours, strangers) = (Authority::new(), Authority::new());
    let pair = ours.server();
    let registry = Registry::with_tls(&pair.certificate, &pair.key);
    let host = registry.host();
    let to = reference(&format!("oci://{host}/team/reverse:1"));
    let access = Access::new(&to).with_plain_http(false).with_authorities(ours.pem().into());
    let pushed = Client::new(access).unwrap().push(&to, &package(REVERSE)).await.unwrap();

    let pinned = pushed.reference.to_string();
    let table = |keys: &str| format!("[registries.\"{host}\"]\nplain_http = false\n{keys}");
    let setup = Setup::new(&pinned, &table("ca = \"ca.pem\""));
    std::fs::write(setup.path("ca.pem"), ours.pem()).unwrap();
    assert!(setup.builder().pull().await.unwrap()[0].is_new);
    round_trip(&setup.open().await.unwrap()).await;

    // Another authority, none, a file that is none, and a file that is not there.
    std::fs::remove_dir_all(setup.path("copies")).unwrap();
    std::fs::write(setup.path("ca.pem"), strangers.pem()).unwrap();
    let error = setup.builder().pull().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", chain(&error));
    assert_text(
        &chain(&error),
        &["certificate"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 2: plugin `reverse`: the registry did not answer: invalid peer certificate: BadSignature
    "#]],
    );
    setup.write(&pinned, &table(""));
    let error = setup.builder().pull().await.unwrap_err();
    assert!(chain(&error).contains("certificate"), "{}", chain(&error));
    setup.write(&pinned, &table("ca = \"ca.pem\""));
    std::fs::write(setup.path("ca.pem"), "no certificate").unwrap();
    let error = setup.builder().pull().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
    assert_text(
        &chain(&error),
        &["ca"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 2: the certificate authorities of the registry are no certificates in PEM
    "#]],
    );
    std::fs::remove_file(setup.path("ca.pem")).unwrap();
    let error = setup.builder().pull().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
    assert_text(
        &chain(&error),
        &["ca.pem"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 3: cannot read `[folder]/ca.pem`: correct the path: No such file or directory (os error 2)
    "#]],
    );
    assert!(!setup.path("copies").exists());
}

//! Transit of OpenBao: a real server that is rotated, sealed and restarted.

use std::fs;

use cloakroom_kms::KeyFailure;
use cloakroom_tests::rigs::{Answered, KeyServer, OpenBao};
use serde_json::json;

use super::{assert_failure, assert_wraps, context, key, service};

const URI: &str = "vault://transit/payments";

#[tokio::test(flavor = "multi_thread")]
async fn wraps_under_plain_and_derived_keys_and_refuses_others() {
    let bao = OpenBao::start();
    for (name, options) in [
        ("payments", json!({})),
        ("derived", json!({"derived": true})),
        ("chacha", json!({"type": "chacha20-poly1305"})),
        ("rsa", json!({"type": "rsa-2048"})),
    ] {
        bao.tell("POST", &format!("transit/keys/{name}"), options);
    }
    let token = bao.token("payments");
    let settings = [("address", bao.url()), ("token", token.clone())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let payments = service(URI, &settings);
    let wrapped = assert_wraps(&*payments).await;
    assert_eq!(wrapped.len(), 4 + 12 + 32 + 16, "a version, a nonce, the key and a tag");

    // A rotated key unwraps what it wrapped before, until its operator forbids it.
    bao.tell("POST", "transit/keys/payments/rotate", json!({}));
    let newer = assert_wraps(&*payments).await;
    assert_eq!((&wrapped[..4], &newer[..4]), (&[0, 0, 0, 1][..], &[0, 0, 0, 2][..]));
    let ours = context("shop");
    assert_eq!(payments.unwrap(&wrapped, Some(&ours)).await.unwrap().bytes(), key().bytes());
    bao.tell("POST", "transit/keys/payments/config", json!({"min_decryption_version": 2}));
    // The version is a stranger's word, so this takes nobody's key away.
    let text = assert_failure(payments.unwrap(&wrapped, Some(&ours)).await, KeyFailure::Mismatch);
    assert!(text.contains("too old"), "{text}");

    let root = [settings[0], ("token", bao.root())];
    let chacha = service("vault://transit/chacha", &root);
    assert_wraps(&*chacha).await;
    assert_failure(chacha.unwrap(&newer, Some(&ours)).await, KeyFailure::Mismatch);
    let derived = service("vault://transit/derived", &root);
    let wrapped = derived.wrap(&key(), Some(&ours)).await.unwrap();
    assert_eq!(derived.unwrap(&wrapped, Some(&ours)).await.unwrap().bytes(), key().bytes());
    let bank = context("bank");
    assert_failure(derived.unwrap(&wrapped, Some(&bank)).await, KeyFailure::Mismatch);
    // RSA binds no context, and says so.
    let rsa = service("vault://transit/rsa", &root).wrap(&key(), Some(&ours)).await;
    assert!(assert_failure(rsa, KeyFailure::Denied).contains("non-AEAD"));
    let missing = service("vault://transit/missing", &root).unwrap(&newer, Some(&ours)).await;
    assert_failure(missing, KeyFailure::NotFound);
    assert_failure(
        service("vault://elsewhere/payments", &root).wrap(&key(), Some(&ours)).await,
        KeyFailure::NotFound,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tells_a_revoked_token_from_a_missing_policy_and_follows_the_token_file() {
    let bao = OpenBao::start();
    for name in ["payments", "orders"] {
        bao.tell("POST", &format!("transit/keys/{name}"), json!({}));
    }
    let folder = tempfile::tempdir().unwrap();
    let [file, authority] = ["token", "ca.pem"].map(|name| folder.path().join(name));
    let token = bao.token("payments");
    fs::write(&file, format!("{token}\n")).unwrap();
    fs::write(&authority, bao.authority()).unwrap();
    let address = bao.tls_url();
    let settings = [
        ("address", address.as_str()),
        ("token_file", file.to_str().unwrap()),
        ("ca_file", authority.to_str().unwrap()),
    ];
    let payments = service(URI, &settings);
    let wrapped = assert_wraps(&*payments).await;

    let orders = service("vault://transit/orders", &settings).wrap(&key(), None).await;
    let text = assert_failure(orders, KeyFailure::Denied);
    assert!(
        text.contains("the token is good") && text.contains("transit/encrypt/orders"),
        "{text}"
    );

    bao.tell("POST", "auth/token/revoke", json!({"token": token}));
    let ours = context("shop");
    let text = assert_failure(payments.unwrap(&wrapped, Some(&ours)).await, KeyFailure::Denied);
    assert!(text.contains("was revoked") && !text.contains(&token), "{text}");
    // What an agent would write.
    fs::write(&file, bao.token("payments")).unwrap();
    assert_eq!(payments.unwrap(&wrapped, Some(&ours)).await.unwrap().bytes(), key().bytes());

    // Its certificate is nobody's that this machine trusts.
    let stranger = service(URI, &settings[..2]).wrap(&key(), None).await;
    let text = assert_failure(stranger, KeyFailure::Unavailable);
    assert!(text.contains("certificate"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_or_restarted_server_is_unavailable_and_loses_nothing() {
    let bao = OpenBao::start();
    bao.tell("POST", "transit/keys/payments", json!({}));
    let (url, token) = (bao.url(), bao.token("payments"));
    let payments = service(URI, &[("address", &url), ("token", &token)]);
    let wrapped = assert_wraps(&*payments).await;
    let ours = context("shop");

    bao.seal();
    for result in [
        payments.unwrap(&wrapped, Some(&ours)).await.map(drop),
        payments.wrap(&key(), Some(&ours)).await.map(drop),
    ] {
        let text = assert_failure(result, KeyFailure::Unavailable);
        assert!(text.contains("is sealed") && text.contains("unseal it"), "{text}");
    }
    bao.unseal();
    assert_eq!(payments.unwrap(&wrapped, Some(&ours)).await.unwrap().bytes(), key().bytes());

    bao.restart();
    assert_failure(payments.unwrap(&wrapped, Some(&ours)).await, KeyFailure::Unavailable);
    bao.unseal();
    assert_eq!(payments.unwrap(&wrapped, Some(&ours)).await.unwrap().bytes(), key().bytes());
    drop(bao);
    let text =
        assert_failure(payments.unwrap(&wrapped, Some(&ours)).await, KeyFailure::Unavailable);
    assert!(text.contains("cannot be reached"), "{text}");
}

/// A Vault before 1.13 takes `associated_data`, ignores it, and says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_binds_nothing_is_found_out_before_a_key_is_used() {
    let server = KeyServer::start();
    let key_text = "YSBkYXRhIGtleSBvZiBleGFjdGx5IDMyIGJ5dGVzISE=";
    let body = json!({"data": {"ciphertext": "vault:v1:AAAA", "plaintext": key_text}});
    server.fault(Some(Answered::new(200, &body.to_string())));
    let url = server.url();
    let old = service(URI, &[("address", &url), ("token", "t")]);
    let text = assert_failure(old.wrap(&key(), Some(&context("shop"))).await, KeyFailure::Denied);
    assert!(text.contains("update it to Vault 1.13"), "{text}");
    assert!(old.wrap(&key(), None).await.is_ok());
}

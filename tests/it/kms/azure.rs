//! Azure Key Vault, as its documentation says that it is asked.

use cloakroom_kms::KeyFailure;
use cloakroom_tests::rigs::KeyServer;

use super::{assert_failure, assert_wraps, azure_settings, context, key, service};

const URI: &str = "azurekeyvault://v.vault.azure.net/keys/k";

#[tokio::test(flavor = "multi_thread")]
async fn wraps_as_documented_and_unwraps_under_older_versions() {
    let server = KeyServer::start();
    let url = server.url();
    let settings = azure_settings(&url);
    let payments = service(URI, &settings);
    assert!(!payments.binds_context());
    let wrapped = assert_wraps(&*payments).await;
    assert_eq!(wrapped.len(), 16 + 256, "a version, and what a key of 2,048 bits makes");
    let tokens = server.seen().iter().filter(|target| target.ends_with("/token")).count();
    assert_eq!(tokens, 1, "a token is kept");

    let ours = context("shop");
    let bare = payments.wrap(&key(), None).await.unwrap();
    server.rotate_azure();
    let newer = payments.wrap(&key(), Some(&ours)).await.unwrap();
    assert_ne!(wrapped[..16], newer[..16]);
    for wrapped in [&wrapped, &newer[..]] {
        let opened = payments.unwrap(wrapped, Some(&ours)).await.unwrap();
        assert_eq!(opened.bytes(), key().bytes());
    }
    // As temporal-proxy has it, a wrapped key does not say its version: the URI must.
    assert_failure(payments.unwrap(&bare, None).await, KeyFailure::Mismatch);
    let first = service(&format!("{URI}/{:032x}", 1), &settings);
    assert_eq!(first.unwrap(&bare, None).await.unwrap().bytes(), key().bytes());

    let mut others = settings;
    others[4].1 = "other-secret";
    let text = assert_failure(service(URI, &others).wrap(&key(), None).await, KeyFailure::Denied);
    assert!(text.contains("invalid_client"), "{text}");
}

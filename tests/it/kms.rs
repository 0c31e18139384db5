//! Clients of key services, against OpenBao and moto, and against a small server that speaks the documented
//! requests of Google and Azure.

mod aws;
mod azure;
mod both_ways;
mod documented;
mod google;
mod official;
mod openbao;
mod temporal_proxy;

use std::sync::Arc;

use cloakroom_kms::{
    DataKey, KeyAccess, KeyContext, KeyFailure, KeyService, KeyServiceError, KeyUse, MAX_WRAPPED,
    connect,
};

/// A context of one namespace.
pub(crate) fn context(namespace: &str) -> KeyContext {
    KeyContext {
        ring: "payments".into(),
        namespace: Some(namespace.into()),
        key_use: KeyUse::DataKey,
    }
}

/// A data key whose bytes are found easily.
fn key() -> DataKey {
    DataKey::from_slice(b"a data key of exactly 32 bytes!!").unwrap()
}

/// Settings with which the small server takes us for an app of Azure.
fn azure_settings(url: &str) -> [(&'static str, &str); 5] {
    [
        ("address", url),
        ("authority_host", url),
        ("tenant_id", "tenant"),
        ("client_id", "app"),
        ("client_secret", "azure-secret"),
    ]
}

/// Connects with these settings.
pub(crate) fn service(uri: &str, settings: &[(&str, &str)]) -> Arc<dyn KeyService> {
    let access = settings
        .iter()
        .fold(KeyAccess::default(), |access, (name, value)| access.with(name, value));
    connect(uri, &access).unwrap()
}

/// Asserts what every client promises of a service that is well. Returns a wrapped key.
async fn assert_wraps(service: &dyn KeyService) -> Vec<u8> {
    let (ours, other) = (context("shop"), context("bank"));
    let wrapped = service.wrap(&key(), Some(&ours)).await.unwrap();
    assert!(wrapped.len() <= MAX_WRAPPED, "{}", wrapped.len());
    assert!(!wrapped.windows(4).any(|part| key().bytes().windows(4).any(|other| other == part)));
    let opened = service.unwrap(&wrapped, Some(&ours)).await.unwrap();
    assert_eq!(opened.bytes(), key().bytes());
    if service.binds_context() {
        assert_failure(service.unwrap(&wrapped, Some(&other)).await, KeyFailure::Mismatch);
        let secret = KeyContext { key_use: KeyUse::Secret, ..ours.clone() };
        assert_failure(service.unwrap(&wrapped, Some(&secret)).await, KeyFailure::Mismatch);
    }
    // A stranger wrote these.
    let mut changed = wrapped.to_vec();
    *changed.last_mut().unwrap() ^= 1;
    for forged in [&changed[..], b"", b"x", &[0xff; 40], &[0; MAX_WRAPPED]] {
        assert_failure(service.unwrap(forged, Some(&ours)).await, KeyFailure::Mismatch);
    }
    // As temporal-proxy asks.
    let bare = service.wrap(&key(), None).await.unwrap();
    assert_eq!(service.unwrap(&bare, None).await.unwrap().bytes(), key().bytes());
    wrapped.to_vec()
}

/// Asserts the kind of a failure, and that its text is one line without a key or a credential. Returns the
/// text.
#[track_caller]
fn assert_failure<T>(result: Result<T, KeyServiceError>, expect: KeyFailure) -> String {
    let Err(error) = result else { panic!("expected {expect:?}") };
    assert_eq!(error.kind(), expect, "{error}");
    let text = format!("{error} {error:?}");
    for secret in ["a data key of", "YSBkYXRhIGtleSBv", "Bearer ", "-secret"] {
        assert!(!text.contains(secret), "`{secret}` is in: {text}");
    }
    assert!(!text.contains('\n'), "{text}");
    error.to_string()
}

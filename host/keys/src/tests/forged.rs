//! Wrapped keys that strangers write: whose they are, and what they cost.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use cloakroom_core::{ErrorKind, KeyError, KeyFailure};
use futures::future::join_all;

use super::*;
use crate::{Form, KeyId, namespace_tag, service_tag};

/// Returns the same wrapped key under another namespace's tag.
fn for_namespace(id: &str, namespace: &str) -> String {
    let parts: Vec<_> = id.split('.').collect();
    format!("ck2.{}.{}.{}", parts[1], namespace_tag(namespace), parts[3])
}

fn made_up(namespace: &str, number: u32) -> String {
    let wrapped = URL_SAFE_NO_PAD.encode([&[7; 56][..], &number.to_be_bytes()].concat());
    format!("ck2.{}.{}.{wrapped}", service_tag("r", URI), namespace_tag(namespace))
}

#[tokio::test]
async fn a_namespaces_key_opens_in_no_other_also_after_the_first_has_opened_it() {
    let rig = Rig::new();
    let key = current(&rig.ring, Some("a")).await.unwrap();
    let reader = rig.replica();
    // The third time its id need not be read.
    for _ in 0..3 {
        assert!(find(&reader, key.id(), Some("a")).await.unwrap().is_some());
    }
    assert_eq!(rig.kek.counts(), (1, 1));
    // As it is: refused without a request.
    assert!(find(&reader, key.id(), Some("b")).await.unwrap().is_none());
    let nameless = find(&reader, key.id(), None).await.err().unwrap();
    assert_eq!(nameless.kind(), ErrorKind::UnknownKey, "{nameless}");
    assert_eq!(rig.kek.counts(), (1, 1));
    // With the tag of the other namespace: the service binds the key to its own.
    let forged = for_namespace(key.id(), "b");
    let refused = find(&reader, &forged, Some("b")).await.err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::Malformed, "{refused}");
    assert!(find(&reader, key.id(), Some("a")).await.unwrap().is_some());
    // As a key of the whole ring.
    let parts: Vec<_> = key.id().split('.').collect();
    let forged = format!("ck2.{}.-.{}", parts[1], parts[3]);
    assert!(find(&reader, &forged, Some("b")).await.is_err());
}

#[tokio::test]
async fn forged_keys_cost_the_service_little_and_other_namespaces_nothing() {
    let rig = Rig::new();
    let genuine = rig.id("good").await;
    let reader = rig.replica();
    // The same again costs nothing.
    for _ in 0..50 {
        assert!(find(&reader, &made_up("bad", 0), Some("bad")).await.is_err());
    }
    assert_eq!(rig.kek.counts(), (1, 1));
    let forged: Vec<_> = (1..1000).map(|number| made_up("bad", number)).collect();
    let refused = join_all(forged.iter().map(|id| find(&reader, id, Some("bad")))).await;
    let kinds: Vec<_> = refused.into_iter().map(|found| found.err().unwrap().kind()).collect();
    assert!(kinds.contains(&ErrorKind::Busy) && kinds.contains(&ErrorKind::Malformed));
    let (_, unwraps) = rig.kek.counts();
    assert!(unwraps <= 64 + 8, "{unwraps}");
    assert!(find(&reader, &genuine, Some("good")).await.unwrap().is_some());
    // Time forgives.
    rig.clock.forward(Duration::from_secs(600));
    let mine = rig.id("bad").await;
    assert!(find(&rig.replica(), &mine, Some("bad")).await.unwrap().is_some());
    assert!(find(&reader, &mine, Some("bad")).await.unwrap().is_some());
}

#[tokio::test]
async fn many_genuine_keys_at_once_are_not_taken_for_forged_ones() {
    let rig = Rig::new();
    let mut ids = Vec::new();
    for _ in 0..200 {
        rig.ring.rotate();
        ids.push(rig.id("n").await);
    }
    let reader = rig.replica();
    let found = join_all(ids.iter().map(|id| find(&reader, id, Some("n")))).await;
    assert!(found.into_iter().all(|key| key.unwrap().is_some()));
    assert_eq!(rig.kek.counts(), (200, 200));
    assert_eq!(reader.report().opened, 200);
}

#[tokio::test]
async fn only_configured_keys_are_asked() {
    let rig = Rig::new();
    let other = DataKeys::builder("r", Kek::new("test://two")).build().unwrap();
    let id = rig.id("n").await;
    // Another service's key, and another ring under the same one: none of theirs, and no request.
    assert!(find(&other, &id, Some("n")).await.unwrap().is_none());
    let ring = DataKeys::builder("s", rig.kek.clone()).build().unwrap();
    assert!(find(&ring, &id, Some("n")).await.unwrap().is_none());
    assert_eq!(rig.kek.counts(), (1, 0));
    let moved = DataKeys::builder("r", Kek::new("test://two")).with_retired(rig.kek.clone(), URI);
    let moved = moved.build().unwrap();
    let key = current(&rig.ring, Some("n")).await.unwrap();
    let found = find(&moved, &id, Some("n")).await.unwrap().unwrap();
    assert_eq!(found.open(seal(&*key), b"bound").unwrap(), "text");
    let tag = service_tag("r", "test://two");
    assert_eq!(KeyId::parse(current(&moved, None).await.unwrap().id()).unwrap().service(), tag);
}

#[tokio::test]
async fn keys_of_temporal_proxy_seal_its_format_and_no_other() {
    let settings = DataKeySettings { form: Form::TemporalProxy, ..DataKeySettings::default() };
    let rig = Rig::with(settings);
    let key = current(&rig.ring, Some("n")).await.unwrap();
    assert!(key.id().starts_with("temporal-proxy:test://one#"), "{}", key.id());
    let sealed = key.seal_aes_gcm(&[Bytes::from_static(b"text")], b"").unwrap();
    assert_eq!(key.seal(&[], b""), Err(KeyError::Refused));
    // Any ring under the same key opens it, by either form of its own.
    let reader = rig.replica();
    let found = find(&reader, key.id(), Some("m")).await.unwrap().unwrap();
    assert_eq!(found.open_aes_gcm(sealed, b"").unwrap(), "text");
    let foreign = key.id().replace("test://one", "test://two");
    assert!(find(&reader, &foreign, Some("n")).await.unwrap().is_none());
    rig.kek.fail(Some(KeyFailure::Denied));
    assert!(find(&reader, key.id(), None).await.unwrap().is_some());
}

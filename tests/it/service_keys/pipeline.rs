//! Payloads under data keys, from a file to a second process.

use std::sync::Arc;

use cloakroom::{Context, ErrorKind, Payload, keys::KeyFailure};
use cloakroom_tests::{chain, plain};

use super::{Kek, file, id, open, seal};

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_opens_in_a_second_process_and_in_no_other_namespace() {
    let kek = Kek::new();
    // `record` leaves the namespace to the ring.
    let text = file(", namespace = \"record\"", "");
    let (writer, reader) = (open(&text, &kek).await.unwrap(), open(&text, &kek).await.unwrap());
    // Each wrapped a key when its codec was tried, so that a missing right shows at the start.
    assert_eq!(kek.counts(), (2, 0));
    let sealed = seal(&writer, "shop", plain("\"secret\"")).await;
    assert!(id(&sealed).starts_with("ck2."), "{}", id(&sealed));
    assert_eq!(&*sealed.metadata["sealed-format"], b"2");
    let decode = async |namespace: &str, payload: &Payload| {
        reader.decode(&Context::namespace(namespace), vec![payload.clone()]).await
    };
    assert_eq!(decode("shop", &sealed).await.unwrap(), [plain("\"secret\"")]);
    assert_eq!(kek.counts(), (3, 1));
    let refused = decode("other", &sealed).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::UnknownKey, "{}", chain(&refused));
    // Whoever may read the namespace may open its keys.
    let ctx = Context::namespace("other").with_readable(Arc::from(["shop".to_owned()]));
    assert_eq!(reader.decode(&ctx, vec![sealed.clone()]).await.unwrap(), [plain("\"secret\"")]);
    // A tag of another namespace asks the service, which refuses the context.
    let other = id(&seal(&writer, "other", plain("1")).await);
    let (tag, wrapped) = (other.split('.').nth(2).unwrap(), id(&sealed));
    let forged: Vec<_> =
        wrapped.split('.').enumerate().map(|(at, part)| if at == 2 { tag } else { part }).collect();
    let forged = sealed.clone().with_metadata("sealed-key", forged.join("."));
    let refused = decode("other", &forged).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Malformed, "{}", chain(&refused));
    let nameless = reader.decode(&Context::none(), vec![sealed]).await.unwrap_err();
    assert_eq!(nameless.kind(), ErrorKind::UnknownKey, "{}", chain(&nameless));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_part_of_what_a_payload_says_of_its_key_is_bound() {
    let kek = Kek::new();
    let cloakroom = open(&file("", ""), &kek).await.unwrap();
    let sealed = seal(&cloakroom, "shop", plain("1")).await;
    for (name, value) in
        [("sealed-format", "1"), ("sealed-namespace", "other"), ("sealed-key", "ck2.")]
    {
        let changed = sealed.clone().with_metadata(name, value);
        assert!(
            cloakroom.decode(&Context::namespace("shop"), vec![changed]).await.is_err(),
            "{name}"
        );
    }
    // The key of another payload of the same namespace.
    cloakroom.key_services()[0].1.rotate();
    let other = seal(&cloakroom, "shop", plain("1")).await;
    assert_ne!(id(&other), id(&sealed));
    let swapped = sealed.clone().with_metadata("sealed-key", id(&other));
    let refused = cloakroom.decode(&Context::namespace("shop"), vec![swapped]).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Malformed, "{}", chain(&refused));
    let both = cloakroom.decode(&Context::namespace("shop"), vec![sealed, other]).await.unwrap();
    assert_eq!(both, [plain("1"), plain("1")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_ring_service_and_reason_and_no_key() {
    let kek = Kek::new();
    let cloakroom = open(&file("", ""), &kek).await.unwrap();
    let sealed = seal(&cloakroom, "shop", plain("1")).await;
    kek.fail(Some(KeyFailure::Unavailable));
    // The key at hand goes on; a namespace without one fails, and may be tried again.
    seal(&cloakroom, "shop", plain("2")).await;
    let ctx = Context::namespace("new");
    let down = cloakroom.encode(&ctx, vec![plain("3")]).await.unwrap_err();
    assert!(down.kind().is_transient(), "{}", chain(&down));
    for part in ["test://kek", "payments", "does not answer"] {
        assert!(chain(&down).contains(part), "{}", chain(&down));
    }
    kek.fail(Some(KeyFailure::Disabled));
    let refused = open(&file("", ""), &kek).await.map(drop).unwrap_err();
    // Found when the codec is tried, so the file is refused.
    assert_eq!(refused.kind(), ErrorKind::Config, "{}", chain(&refused));
    assert!(chain(&refused).contains("the key is disabled"), "{}", chain(&refused));
    let wrapped = id(&sealed);
    let wrapped = wrapped.rsplit('.').next().unwrap();
    let shown = format!("{}{}{cloakroom:?}", chain(&down), chain(&refused));
    assert!(!shown.contains(wrapped), "{shown}");
}

/// Whoever starts a process again while the service is down must know that trying again helps.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_down_when_a_file_is_opened_is_a_transient_error() {
    let kek = Kek::new();
    for fault in [KeyFailure::Unavailable, KeyFailure::Throttled { pause: None }] {
        kek.fail(Some(fault));
        let down = open(&file("", ""), &kek).await.map(drop).unwrap_err();
        assert_eq!(down.kind(), ErrorKind::Unavailable, "{}", chain(&down));
        assert!(chain(&down).contains("test://kek"), "{}", chain(&down));
    }
    kek.fail(None);
    open(&file("", ""), &kek).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_costs_a_request_per_data_key_and_not_per_payload() {
    let kek = Kek::new();
    let text = file("", "data_key = { messages = 1000 }");
    let (writer, reader) = (open(&text, &kek).await.unwrap(), open(&text, &kek).await.unwrap());
    let ctx = Context::namespace("shop");
    let mut sealed = Vec::new();
    for batch in 0..10 {
        let payloads = (0..200).map(|number| plain(format!("{batch}.{number}"))).collect();
        sealed.extend(writer.encode(&ctx, payloads).await.unwrap());
        writer.key_services()[0].1.rotate();
    }
    let ids: std::collections::BTreeSet<_> = sealed.iter().map(id).collect();
    assert_eq!(ids.len(), 10);
    let opened = reader.decode(&ctx, sealed).await.unwrap();
    assert_eq!((opened.len(), opened[0].clone()), (2000, plain("0.0")));
    assert_eq!(kek.counts(), (2 + 10, 10));
}

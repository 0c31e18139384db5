//! The ring's secret: equal in all processes, over rotations and under another service's key.

use cloakroom_core::{ErrorKind, KeyFailure};

use super::*;
use crate::{make_secret, rewrap_secret};

async fn lasting(ring: &DataKeys) -> Result<Arc<dyn Key>, Error> {
    Ok(ring.lasting().await?.expect("a secret"))
}

fn with_secret(rig: &Rig, secret: &str) -> DataKeys {
    let ring = DataKeys::builder("r", rig.kek.clone()).with_secret(secret).unwrap();
    ring.with_clock(rig.clock.clone()).build().unwrap()
}

#[tokio::test]
async fn two_processes_and_a_rotation_give_one_box_and_one_proof() {
    let rig = Rig::new();
    let secret = make_secret(&*rig.kek, "r").await.unwrap();
    let (one, two) = (with_secret(&rig, &secret), with_secret(&rig, &secret));
    let sealed =
        |key: &dyn Key| key.seal_repeatably(&[Bytes::from_static(b"text")], b"bound").unwrap();
    let first = lasting(&one).await.unwrap();
    let (before, proof) = (sealed(&*first), first.sign_claim(b"claim").unwrap());
    one.rotate();
    rig.clock.forward(Duration::from_secs(1_000_000));
    let second = lasting(&two).await.unwrap();
    assert_eq!(first.id(), second.id());
    assert_eq!(sealed(&*second), before);
    assert_eq!(second.sign_claim(b"claim").unwrap(), proof);
    // At hand once it was opened, as claims need it.
    assert!(two.lasting().now().is_some());
    let found = two.find(first.id(), None).now().expect("at hand").unwrap().unwrap();
    assert_eq!(found.open(before, b"bound").unwrap(), "text");
    assert_eq!(rig.kek.counts(), (1, 2));
}

#[tokio::test]
async fn a_secret_keeps_its_id_and_its_bytes_under_another_services_key() {
    let (rig, new) = (Rig::new(), Kek::new("test://two"));
    let old = make_secret(&*rig.kek, "r").await.unwrap();
    let moved = rewrap_secret(&old, &*rig.kek, &*new, "r").await.unwrap();
    let ring = DataKeys::builder("r", new.clone()).with_secret(&moved).unwrap().build().unwrap();
    let (before, after) =
        (lasting(&with_secret(&rig, &old)).await.unwrap(), lasting(&ring).await.unwrap());
    assert_eq!((before.id(), before.sign_claim(b"c")), (after.id(), after.sign_claim(b"c")));
    // The key that wrapped it must be among the ring's, and the ring must be the same.
    for (service, name) in [(new, "r"), (rig.kek.clone(), "s")] {
        let ring = DataKeys::builder(name, service).with_secret(&old).unwrap();
        assert_eq!(ring.build().err().unwrap().kind(), ErrorKind::Config);
    }
    let foreign = rewrap_secret(&moved, &*rig.kek, &*rig.kek, "r").await.unwrap_err();
    assert_eq!(foreign.kind(), ErrorKind::Malformed, "{foreign}");
}

#[tokio::test]
async fn a_ring_without_a_secret_says_how_to_make_one() {
    let rig = Rig::new();
    let error = lasting(&rig.ring).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`cloakroom keys init`"), "{error}");
}

#[tokio::test]
async fn a_secret_is_forgotten_when_its_key_may_not_be_used() {
    let rig = Rig::new();
    let secret = make_secret(&*rig.kek, "r").await.unwrap();
    let ring = with_secret(&rig, &secret);
    let waiters = futures::future::join_all((0..100).map(|_| lasting(&ring))).await;
    assert!(waiters.into_iter().all(|key| key.is_ok()));
    ring.open_secret().await.unwrap();
    assert_eq!(rig.kek.counts(), (1, 1));
    rig.kek.fail(Some(KeyFailure::Disabled));
    assert!(current(&ring, Some("n")).await.is_err());
    let refused = lasting(&ring).await.err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::Denied, "{refused}");
    rig.kek.fail(None);
    rig.clock.forward(Duration::from_secs(60));
    lasting(&ring).await.unwrap();
}

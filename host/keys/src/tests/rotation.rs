//! Data keys are made once, renewed before their end, and shared by all who wait.

use std::{num::NonZeroU64, time::Duration};

use cloakroom_core::{ErrorKind, KeyRing as _};
use futures::future::join_all;

use super::*;
use crate::{KeyId, Per, namespace_tag, service_tag};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn many_waiters_make_one_wrap_and_one_unwrap() {
    let rig = Rig::new();
    let keys = join_all((0..100).map(|_| current(&rig.ring, Some("n")))).await;
    let id = keys[0].as_ref().unwrap().id().to_owned();
    assert!(keys.iter().all(|key| key.as_ref().unwrap().id() == id));
    // What this process made it need not unwrap.
    assert!(find(&rig.ring, &id, Some("n")).await.unwrap().is_some());
    assert_eq!(rig.kek.counts(), (1, 0));
    let other = rig.replica();
    let found = join_all((0..100).map(|_| find(&other, &id, Some("n")))).await;
    assert!(found.into_iter().all(|key| key.unwrap().is_some()));
    assert_eq!(rig.kek.counts(), (1, 1));
    let key = current(&rig.ring, Some("n")).await.unwrap();
    let opened = find(&other, &id, Some("n")).await.unwrap().unwrap().open(seal(&*key), b"bound");
    assert_eq!(opened.unwrap(), "text");
}

#[tokio::test]
async fn a_waiter_that_goes_away_does_not_end_the_request() {
    let rig = Rig::new();
    rig.kek.close_gate();
    let mut first = Box::pin(current(&rig.ring, Some("n")));
    until(async || {
        assert!(futures::poll!(&mut first).is_pending());
        rig.kek.counts() == (1, 0)
    })
    .await;
    drop(first);
    rig.kek.open_gate();
    rig.id("n").await;
    assert_eq!(rig.kek.counts(), (1, 0));
}

#[tokio::test]
async fn the_next_key_is_made_while_the_one_at_hand_goes_on() {
    let rig = Rig::new();
    let first = rig.id("n").await;
    rig.clock.forward(44 * MINUTE);
    assert_eq!(rig.id("n").await, first);
    assert_eq!(rig.kek.counts(), (1, 0));
    rig.clock.forward(MINUTE);
    rig.kek.close_gate();
    // The service does not answer yet, and nobody waits for it.
    for _ in 0..10 {
        let at_hand = rig.ring.current(Some("n")).now().expect("at hand");
        assert_eq!(at_hand.unwrap().unwrap().id(), first);
        tokio::task::yield_now().await;
    }
    until(async || rig.kek.counts() == (2, 0)).await;
    rig.kek.open_gate();
    until(async || rig.id("n").await != first).await;
    assert_eq!(rig.kek.counts(), (2, 0));
    // Old payloads stay readable.
    assert!(find(&rig.ring, &first, Some("n")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_jump_of_the_clock_ends_a_key_and_loses_nothing() {
    let rig = Rig::new();
    let key = current(&rig.ring, Some("n")).await.unwrap();
    rig.clock.forward(1_000_000 * MINUTE);
    assert_ne!(rig.id("n").await, key.id());
    // Forgotten by then, and unwrapped once more.
    let found = find(&rig.ring, key.id(), Some("n")).await.unwrap().unwrap();
    assert_eq!(found.open(seal(&*key), b"bound").unwrap(), "text");
    assert_eq!(rig.kek.counts(), (2, 1));
}

#[tokio::test]
async fn keys_whose_time_is_over_are_forgotten_without_a_look_up() {
    let rig = Rig::new();
    rig.id("n").await;
    rig.clock.forward(30 * MINUTE);
    rig.id("m").await;
    assert!(rig.ring.inner.sweep());
    assert_eq!((rig.ring.report().data_keys.len(), rig.ring.report().opened), (2, 2));
    rig.clock.forward(30 * MINUTE);
    assert!(rig.ring.inner.sweep());
    assert_eq!((rig.ring.report().data_keys.len(), rig.ring.report().opened), (1, 1));
    rig.clock.forward(30 * MINUTE);
    assert!(!rig.ring.inner.sweep(), "nothing is left");
    assert_eq!((rig.ring.report().data_keys.len(), rig.ring.report().opened), (0, 0));
}

/// A caller may look before a request lands, and ask after it: it must not make another key.
#[tokio::test]
async fn who_asks_when_a_key_has_just_come_makes_no_second_one() {
    let rig = Rig::new();
    for wraps in 1..=10 {
        let (first, late) = (rig.ring.clone(), rig.ring.clone());
        rig.ring.rotate();
        // It has looked, and found none; it asks when the first has its answer.
        let looked = late.current(Some("n"));
        current(&first, Some("n")).await.unwrap();
        looked.await.unwrap();
        // The same behind that look: the request itself looks before it wraps.
        rig.ring.inner.make_again(Some("n")).await;
        assert_eq!(rig.kek.counts(), (wraps, 0));
    }
}

#[tokio::test]
async fn a_hundred_thousand_payloads_under_ten_keys_make_ten_unwraps() {
    let rig = Rig::new();
    let mut ids = Vec::new();
    for _ in 0..10 {
        rig.ring.rotate();
        ids.push(rig.id("n").await);
    }
    let reader = rig.replica();
    for payload in 0..100_000 {
        assert!(find(&reader, &ids[payload % 10], Some("n")).await.unwrap().is_some());
    }
    assert_eq!(rig.kek.counts(), (10, 10));
}

#[tokio::test]
async fn a_key_ends_after_its_number_of_messages() {
    let messages = NonZeroU64::new(8).unwrap();
    let rig = Rig::with(DataKeySettings { messages, ..DataKeySettings::default() });
    let first = current(&rig.ring, None).await.unwrap();
    for _ in 0..8 {
        seal(&*first);
    }
    assert_ne!(current(&rig.ring, None).await.unwrap().id(), first.id());
    let report = rig.ring.report();
    assert_eq!((report.data_keys.len(), report.data_keys[0].messages), (1, 0));
}

#[tokio::test]
async fn keys_are_of_their_namespace_unless_they_are_of_the_ring() {
    let rig = Rig::new();
    let (a, none) = (rig.id("a").await, current(&rig.ring, None).await.unwrap());
    let id = KeyId::parse(&a).unwrap();
    assert_eq!(id.service(), service_tag("r", URI));
    assert_eq!(id.namespace(), Some(&*namespace_tag("a")));
    assert_eq!(KeyId::parse(none.id()).unwrap().namespace(), None);
    // A key of no namespace opens in each, as what it sealed is bound to none.
    assert!(find(&rig.ring, none.id(), Some("a")).await.unwrap().is_some());
    let unnamed = find(&rig.ring, &a, None).await.err().unwrap();
    assert_eq!(unnamed.kind(), ErrorKind::UnknownKey);
    assert!(unnamed.to_string().contains("name the namespace in the call"), "{unnamed}");
    let shared = Rig::with(DataKeySettings { per: Per::Ring, ..DataKeySettings::default() });
    assert_eq!(shared.id("a").await, shared.id("b").await);
    assert_eq!(shared.kek.counts(), (1, 0));
}

#[tokio::test]
async fn a_thousand_namespaces_have_a_key_each() {
    let rig = Rig::new();
    let names: Vec<_> = (0..1000).map(|number| format!("n{number}")).collect();
    let keys = join_all(names.iter().map(|name| current(&rig.ring, Some(name)))).await;
    let ids: std::collections::BTreeSet<_> =
        keys.iter().map(|key| key.as_ref().unwrap().id().to_owned()).collect();
    assert_eq!((ids.len(), rig.kek.counts()), (1000, (1000, 0)));
    let debug = format!("{:?} {:?}", rig.ring, rig.ring.report());
    let wrapped = ids.iter().map(|id| id.rsplit('.').next().unwrap());
    assert!(wrapped.into_iter().all(|wrapped| !debug.contains(wrapped)));
}

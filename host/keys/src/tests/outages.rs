//! A service that fails: what goes on, for how long, and what is forgotten at once.

use std::time::Duration;

use cloakroom_core::{ErrorKind, KeyFailure};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

async fn failure(rig: &Rig, namespace: &str) -> Error {
    current(&rig.ring, Some(namespace)).await.err().expect("no key to seal with")
}

#[tokio::test]
async fn a_service_that_is_down_stops_nothing_until_the_key_ends() {
    let rig = Rig::new();
    let first = rig.id("n").await;
    rig.kek.fail(Some(KeyFailure::Unavailable));
    rig.clock.forward(50 * MINUTE);
    assert_eq!(rig.id("n").await, first);
    until(async || rig.ring.report().failing.len() == 1).await;
    rig.clock.forward(9 * MINUTE);
    assert_eq!(rig.id("n").await, first);
    until(async || !rig.ring.inner.making.has(&rig.ring.inner.scope(Some("n")))).await;
    rig.clock.forward(MINUTE);
    let down = failure(&rig, "n").await;
    assert_eq!(down.kind(), ErrorKind::Unavailable);
    let text = down.to_string();
    for part in [URI, "ring `r`", "does not answer", "for 600 s now", "the test says so"] {
        assert!(text.contains(part), "{text}");
    }
    rig.kek.fail(None);
    rig.clock.forward(MINUTE);
    assert_ne!(rig.id("n").await, first);
    assert!(rig.ring.report().failing.is_empty());
}

#[tokio::test]
async fn keys_that_were_opened_go_on_until_their_age() {
    let rig = Rig::new();
    let (id, other) = (rig.id("n").await, rig.replica());
    for _ in 0..3 {
        find(&other, &id, Some("n")).await.unwrap().unwrap();
    }
    rig.kek.fail(Some(KeyFailure::Unavailable));
    rig.clock.forward(59 * MINUTE);
    assert!(find(&other, &id, Some("n")).await.unwrap().is_some());
    until(async || !other.report().failing.is_empty()).await;
    rig.clock.forward(MINUTE);
    let down = find(&other, &id, Some("n")).await.err().unwrap();
    assert_eq!(down.kind(), ErrorKind::Unavailable, "{down}");
    rig.kek.fail(None);
    rig.clock.forward(MINUTE);
    assert!(find(&other, &id, Some("n")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_service_that_fails_is_asked_again_only_after_a_pause() {
    for (fault, pause) in [
        (KeyFailure::Unavailable, Duration::from_millis(250)),
        (KeyFailure::Throttled { pause: Some(MINUTE / 2) }, MINUTE / 2),
        (KeyFailure::NotFound, MINUTE / 6),
        (KeyFailure::Denied, MINUTE / 6),
    ] {
        let rig = Rig::new();
        rig.kek.fail(Some(fault));
        for _ in 0..20 {
            assert_eq!(failure(&rig, "n").await.kind(), fault.error_kind());
        }
        assert_eq!(rig.kek.counts(), (1, 0), "{fault:?}");
        rig.clock.forward(pause);
        rig.kek.fail(None);
        rig.id("n").await;
        assert_eq!(rig.kek.counts(), (2, 0), "{fault:?}");
    }
}

#[tokio::test]
async fn a_key_that_may_not_be_used_is_forgotten_at_once() {
    for fault in [KeyFailure::Disabled, KeyFailure::Deleted, KeyFailure::Denied] {
        let rig = Rig::new();
        let (id, other) = (rig.id("n").await, rig.id("other").await);
        for _ in 0..3 {
            assert!(find(&rig.ring, &id, Some("n")).await.unwrap().is_some());
        }
        rig.kek.fail(Some(fault));
        // The first request that the service refuses is of another namespace, or of this one.
        let asks = if fault == KeyFailure::Denied { "n" } else { "third" };
        rig.ring.inner.memory().current.pop(&rig.ring.inner.scope(Some(asks)));
        assert_eq!(failure(&rig, asks).await.kind(), fault.error_kind());
        let refused = find(&rig.ring, &id, Some("n")).await.err().unwrap();
        assert_eq!(refused.kind(), fault.error_kind(), "{refused}");
        assert!(refused.to_string().contains(fault.advice()), "{refused}");
        assert_eq!(failure(&rig, "n").await.kind(), fault.error_kind());
        // A policy may deny one namespace and allow another.
        let goes_on = current(&rig.ring, Some("other")).await.is_ok_and(|key| key.id() == other);
        assert_eq!(goes_on, fault == KeyFailure::Denied, "{fault:?}");
        rig.kek.fail(None);
        rig.clock.forward(MINUTE);
        assert!(find(&rig.ring, &id, Some("n")).await.unwrap().is_some());
    }
}

//! Each SDK, unmodified, through a gateway.

use std::fs;

use cloakroom_tests::{
    poll_until,
    rigs::{ControlPlane, SidecarOptions, redis, redis_contents},
};
use serde_json::json;

use super::{
    app::{App, WAYS},
    behind::Behind,
    sdk::Sdk,
};
use crate::gateway::canary;

/// Twenty results of 256,000 bytes, and what an app must receive for them.
const TWENTY: (usize, usize) = (20, 16 << 20);

/// Starts a gateway, its sidecar of 1 MiB, and an app that receives at most `receive`.
fn start(sdk: Sdk, receive: Option<usize>) -> (Behind, App) {
    let app = format!("through-{sdk}").to_lowercase();
    let options = SidecarOptions { app: &app, max_body_size: "1Mi", redis: None };
    let most = receive.unwrap_or(4 << 20).to_string();
    let behind = Behind::start(ControlPlane::shared(), options, &most);
    let app = App::start(sdk, &behind.target(), receive);
    (behind, app)
}

/// Takes each way of a large payload, and piles up what would stall the workflow without a gateway.
fn completes(behind: &Behind, app: &App, count: usize, large: usize) {
    app.tour("tour", 300_000);
    assert_eq!(behind.observer.output("tour"), json!({ "right": WAYS }), "{}", app.log());
    app.pile("pile", count, 256_000);
    assert_eq!(behind.observer.output("pile"), json!({ "right": count }), "{}", app.log());
    assert_eq!(app.ran("pile"), count as u64);
    // Without a gateway, a sidecar of 4 MiB stalls the turn after three of these. This one takes 1 MiB.
    app.pile("large", large, 1_500_000);
    assert_eq!(behind.observer.output("large"), json!({ "right": large }), "{}", app.log());
    behind.has_small_messages();
}

fn completes_twenty(sdk: Sdk, receive: usize) {
    let (behind, app) = start(sdk, Some(receive));
    completes(&behind, &app, TWENTY.0, 3);
}

/// An SDK that receives 4 MiB and no more: twelve results complete. Of twenty, the turn that it cannot
/// receive is held back, its stream stays open, and other workflows go on.
fn completes_twelve(sdk: Sdk) {
    let (behind, app) = start(sdk, None);
    completes(&behind, &app, 12, 2);
    app.pile("twenty", TWENTY.0, 256_000);
    app.pile("three", 3, 1_500_000);
    let held = |log: &str, id: &str| {
        let id = format!("instance=\"{id}\"");
        log.lines().any(|line| line.contains("held a task back") && line.contains(&id))
    };
    for (id, ran) in [("twenty", 16), ("three", 3)] {
        poll_until("the turn is held back", || held(&behind.gateway.log(), id));
        assert_eq!(app.ran(id), ran, "{id}");
    }
    app.pile("small", 2, 1_000);
    assert_eq!(behind.observer.output("small"), json!({ "right": 2 }));
}

#[test]
fn go_completes_through_the_gateway() {
    completes_twenty(Sdk::Go, TWENTY.1);
}

#[test]
fn java_completes_through_the_gateway() {
    completes_twenty(Sdk::Java, TWENTY.1);
}

#[test]
fn node_completes_through_the_gateway() {
    completes_twenty(Sdk::Node, TWENTY.1);
}

#[test]
fn python_completes_what_it_receives() {
    completes_twelve(Sdk::Python);
}

#[test]
fn python_newer_completes_through_the_gateway() {
    completes_twenty(Sdk::PythonNewer, TWENTY.1);
}

#[test]
fn rust_completes_what_it_receives() {
    completes_twelve(Sdk::Rust);
}

/// No text of a workflow is in the clear in the state store, in the reminders, in the stored objects, or
/// in a log.
#[test]
fn python_newer_leaves_no_canary() {
    let control = ControlPlane::alone();
    let options = SidecarOptions { app: "canary", max_body_size: "4Mi", redis: Some(redis()) };
    let behind = Behind::start(&control, options, "16Mi");
    let app = App::start(Sdk::PythonNewer, &behind.target(), None);
    // Small texts too: they stay in the history.
    for (id, size) in [("small", 100), ("large", 1_500_000)] {
        app.tour(id, size);
        assert_eq!(behind.observer.output(id), json!({ "right": WAYS }), "{}", app.log());
        app.pile(&format!("{id}-pile"), 3, size);
        assert_eq!(behind.observer.output(&format!("{id}-pile")), json!({ "right": 3 }));
    }
    behind.has_small_messages();
    let kept = redis_contents(redis(), "canary||*");
    assert!(kept.windows(14).any(|part| part == b"\"cloakroom:v1:"), "is this the state?");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("state"), kept).unwrap();
    let places =
        [folder.path(), control.reminders(), behind.sidecar.folder(), behind.gateway.folder()];
    let found = canary::found(&places);
    assert!(found.is_empty(), "{found:?}");
}

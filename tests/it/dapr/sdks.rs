//! Each SDK at the sidecar itself, without a gateway.

use cloakroom_tests::rigs::{ControlPlane, Sidecar, SidecarOptions};
use serde_json::json;

use super::{
    app::{App, WAYS},
    observer::Observer,
    sdk::Sdk,
};

/// Starts a sidecar, and an app on this SDK.
fn start(app: &str, sdk: Sdk, max_body_size: &str, receive: Option<usize>) -> (Sidecar, App) {
    let options = SidecarOptions { app, max_body_size, redis: None };
    let sidecar = Sidecar::start(ControlPlane::shared(), options);
    let app = App::start(sdk, &sidecar.target(), receive);
    (sidecar, app)
}

/// It takes each way of a payload, and six activities of 256,000 bytes stall it at 1 MiB.
fn stalls_at_one_mebibyte(sdk: Sdk, says: &str) {
    let (sidecar, app) = start(&format!("direct-{sdk}").to_lowercase(), sdk, "1Mi", None);
    let observer = Observer::of(&sidecar.target());
    app.tour("tour", 50_000);
    assert_eq!(observer.output("tour"), json!({ "right": WAYS }), "{sdk}: {}", app.log());
    app.pile("pile", 6, 256_000);
    observer.stalled("pile");
    assert_eq!(app.ran("pile"), 4, "{sdk}");
    // The words of the SDK about it.
    let said = app.state("pile").to_string();
    assert!(said.contains(says), "{sdk}: {said}");
}

#[test]
fn go_stalls() {
    stalls_at_one_mebibyte(Sdk::Go, r#""ORCHESTRATION_STATUS_STALLED""#);
}

#[test]
fn java_stalls() {
    stalls_at_one_mebibyte(Sdk::Java, "Unknown status value: UNRECOGNIZED");
}

#[test]
fn node_stalls() {
    stalls_at_one_mebibyte(Sdk::Node, "TypeError: Cannot read properties of undefined");
}

#[test]
fn python_newer_stalls() {
    stalls_at_one_mebibyte(Sdk::PythonNewer, r#""STALLED""#);
}

#[test]
fn rust_stalls() {
    stalls_at_one_mebibyte(Sdk::Rust, r#""Stalled""#);
}

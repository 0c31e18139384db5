//! Runs in whose middle something ends: the sidecar's room, the gateway, the store.

use std::fs;

use cloakroom_tests::{
    poll_until,
    rigs::{ControlPlane, SidecarOptions, Tamper, bucket, moto, redis},
    s3_storage,
};
use serde_json::json;

use super::{app::App, behind::Behind, observer::Observer, sdk::Sdk};

fn behind(app: &str, max_body_size: &str) -> Behind {
    Behind::start(ControlPlane::shared(), options(app, max_body_size), "16Mi")
}

fn options<'a>(app: &'a str, max_body_size: &'a str) -> SidecarOptions<'a> {
    SidecarOptions { app, max_body_size, redis: Some(redis()) }
}

/// A history without our form stalls. With a larger limit the run goes on through the gateway, and what
/// is added is small.
#[test]
fn python_newer_goes_on_through_a_gateway_after_a_stall_without_one() {
    let behind = behind("mixed", "1Mi");
    let direct = Observer::of(&behind.sidecar.target());
    let app = App::start(Sdk::PythonNewer, &behind.sidecar.target(), None);
    app.pile("pile", 12, 256_000);
    direct.stalled("pile");
    drop(app);
    behind.sidecar.restart("2Mi");
    let app = App::start(Sdk::PythonNewer, &behind.target(), None);
    assert_eq!(behind.observer.output("pile"), json!({ "right": 12 }), "{}", app.log());
}

/// The gateway is killed in the middle of a run, and is there again: nothing is lost.
#[test]
fn python_newer_goes_on_after_a_restart_of_the_gateway() {
    let behind = behind("restarted", "1Mi");
    let app = App::start(Sdk::PythonNewer, &behind.target(), None);
    app.pile("pile", 12, 256_000);
    poll_until("half of it has run", || app.ran("pile") >= 6);
    behind.gateway.crash();
    assert_eq!(behind.observer.output("pile"), json!({ "right": 12 }), "{}", app.log());
}

/// The store does not answer in the middle of a run, and comes back. What the app sends meanwhile waits in
/// the gateway: nothing runs twice, and nobody has to restart the app.
#[test]
fn python_newer_goes_on_while_its_store_is_down() {
    bucket(&moto().url(), "dapr-down");
    let store = Tamper::new(moto().address());
    let storage = s3_storage(&store.url(), "dapr-down")
        .replace("cache.memory = \"0B\"", "threshold = \"16KiB\"")
        + "patience = \"200ms\"\n";
    let options = options("down", "1Mi");
    let behind = Behind::storing(ControlPlane::shared(), options, "16Mi", &storage);
    let app = App::start(Sdk::PythonNewer, &behind.target(), None);
    app.pile("pile", 12, 256_000);
    poll_until("half of it has run", || app.ran("pile") >= 6);
    store.down(true);
    poll_until("an answer waits", || behind.gateway.log().contains("an answer to a task waits"));
    store.down(false);
    assert_eq!(behind.observer.output("pile"), json!({ "right": 12 }), "{}", app.log());
    assert_eq!(app.ran("pile"), 12);
}

/// A store cannot be written in the middle of a run, which trying again alone would not mend. Once it is
/// mended the run goes on: nothing runs twice, and nobody has to restart the app.
#[test]
fn python_newer_goes_on_after_its_store_was_mended() {
    let behind = behind("away", "1Mi");
    let app = App::start(Sdk::PythonNewer, &behind.target(), None);
    app.pile("pile", 12, 256_000);
    poll_until("half of it has run", || app.ran("pile") >= 6);
    let folder = behind.gateway.folder();
    let (objects, away) = (folder.join("objects"), folder.join("away"));
    fs::rename(&objects, &away).unwrap();
    // A file in its place, in which nothing can be stored.
    fs::write(&objects, "").unwrap();
    poll_until("an answer waits", || behind.gateway.log().contains("an answer to a task waits"));
    fs::remove_file(&objects).unwrap();
    fs::rename(&away, &objects).unwrap();
    assert_eq!(behind.observer.output("pile"), json!({ "right": 12 }), "{}", app.log());
    assert_eq!(app.ran("pile"), 12);
}

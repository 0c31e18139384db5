//! History that a workflow hands to a child in another app, unsigned and signed.

use cloakroom_tests::rigs::{ControlPlane, Sidecar, SidecarOptions, redis, redis_contents};
use serde_json::json;

use super::{
    app::App,
    exposition::{Histogram, WORKFLOW_RATIO},
    observer::Observer,
    propagated::signing,
    sdk::Sdk,
};
use crate::gateway::canary::CANARY;

/// Runs a parent in one app, and a child in another that reads the parent's history.
fn inherits(control: &ControlPlane, names: [&str; 2], signed: bool) {
    let [parent, heir] = names.map(|app| {
        let redis = Some(redis());
        Sidecar::start(control, SidecarOptions { app, max_body_size: "256Ki", redis })
    });
    let app = App::start(Sdk::Go, &parent.target(), None);
    let _heir = App::start(Sdk::Go, &heir.target(), None);
    app.bequeath("will", names[1], 50_000);
    let observer = Observer::of(&parent.target());
    let output = observer.output("will");
    assert_eq!(output, json!({ "read": true, "begins": "canary-Gp5wX8rN-input-Jt" }));
    // What it inherits is a part of its first turn: without it that has some hundred bytes.
    let namespace = if signed { "default" } else { "" };
    let labels = format!(r#"app_id="{}",namespace="{namespace}",workflow_name="Heir""#, names[1]);
    let turns = Histogram::read(&heir.metrics(), WORKFLOW_RATIO, &labels);
    assert_eq!((turns.up_to("0.1"), turns.up_to("0.25")), (0, turns.count), "{turns:?}");
    for app in names {
        let kept = redis_contents(redis(), &format!("{app}||*"));
        assert_eq!(holds(&kept, "||signature-"), signed, "{app}");
        assert!(holds(&kept, CANARY), "{app}");
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn go_reads_the_history_of_another_app() {
    inherits(ControlPlane::shared(), ["bequeath", "inherit"], false);
}

#[test]
fn go_reads_the_signed_history_of_another_app() {
    inherits(signing(), ["bequeath-signed", "inherit-signed"], true);
}

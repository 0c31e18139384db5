//! History that a workflow hands to a child in another app, through gateways, unsigned and signed.

use std::sync::OnceLock;

use cloakroom_tests::rigs::{ControlPlane, redis, redis_contents};
use serde_json::json;

use super::{
    app::App,
    exposition::{Histogram, WORKFLOW_RATIO},
    pair::{Pair, sharing},
    sdk::Sdk,
};
use crate::gateway::canary::CANARY;

/// The ratio that a gateway predicts.
const PREDICTED: &str = "cloakroom_dapr_dispatch_ratio";

/// The control plane of all tests whose sidecars sign.
pub(super) fn signing() -> &'static ControlPlane {
    static SIGNING: OnceLock<ControlPlane> = OnceLock::new();
    SIGNING.get_or_init(ControlPlane::signing)
}

/// Starts a parent on the SDK for Go, and an heir on another, each behind a gateway. Returns what the heir
/// reads in the parent's history.
fn inherits(
    control: &ControlPlane,
    names: [&'static str; 2],
    sdk: Sdk,
) -> (Pair, App, serde_json::Value) {
    let pair = Pair::start(control, names, None, &sharing(names));
    let [parent, heir] = &pair.members;
    let app = App::start(Sdk::Go, &parent.gateway.target(), None);
    let heir = App::start(sdk, &heir.gateway.target(), None);
    // Nothing is stored, so that the history has a size.
    app.bequeath("will", names[1], 40_000);
    let output = parent.observer.output("will");
    (pair, heir, output)
}

/// Returns whether sidecars keep signatures, and checks that neither keeps a text in the clear.
fn signs(names: [&str; 2]) -> [bool; 2] {
    names.map(|app| {
        let kept = redis_contents(redis(), &format!("{app}||*"));
        let kept = String::from_utf8_lossy(&kept);
        assert!(kept.contains("cloakroom:v1:") && !kept.contains(CANARY), "{app}");
        kept.contains("||signature-")
    })
}

#[test]
fn rust_reads_the_history_of_another_app_through_gateways() {
    let names = ["bequeath-rust", "inherit-rust"];
    let (_pair, _heir, output) = inherits(ControlPlane::shared(), names, Sdk::Rust);
    assert_eq!(output, json!({ "read": true, "begins": "canary-Gp5wX8rN-input-Jt" }));
    assert_eq!(signs(names), [false, false]);
}

/// The sidecar of the heir has verified the signatures before it takes the history. The heir reads plaintext
/// all the same, and what it inherits counts in the predictions of its gateway as it does in its sidecar.
#[test]
fn python_newer_reads_the_signed_history_of_another_app_through_gateways() {
    let names = ["bequeath-python", "inherit-python"];
    let (pair, heir, output) = inherits(signing(), names, Sdk::PythonNewer);
    let read = json!({ "read": true, "begins": "canary-Gp5wX8rN-input-Jt" });
    assert_eq!(output, read, "{}", heir.log());
    assert_eq!(signs(names), [true, true]);
    let [_, heir] = &pair.members;
    let labels = format!(r#"app_id="{}",namespace="default",workflow_name="Heir""#, names[1]);
    let turns = Histogram::read(&heir.sidecar.metrics(), WORKFLOW_RATIO, &labels);
    assert_eq!((turns.up_to("0.1"), turns.up_to("0.25")), (0, turns.count), "{turns:?}");
    let labels = format!(r#"kind="workflow",{labels},activity_name="""#);
    let turns = Histogram::read(&heir.metrics(), PREDICTED, &labels);
    assert_eq!((turns.up_to("0.1"), turns.up_to("0.25")), (0, turns.count), "{turns:?}");
}

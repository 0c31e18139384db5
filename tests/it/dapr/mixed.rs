//! Replicas of one app, of which one has no gateway.

use cloakroom_tests::{poll_until, rigs::ControlPlane};
use dapr_durabletask::api::OrchestrationStatus;
use serde_json::json;

use super::{app::App, observer::Observer, pair::Member, sdk::Sdk};

/// Encrypts, and lets through what is older.
fn stages() -> String {
    super::pair::SEALED.replace("required = true", "required = \"encode\"")
}

/// In mode `decode` replicas with a gateway and without one take each other's runs over. A text that a
/// gateway encoded is a strange string for an app without one, and its run fails.
#[test]
fn python_newer_replicas_without_a_gateway_go_on_in_mode_decode_and_fail_in_mode_on() {
    let mode = |mode| format!("[namespace.replicas]\nmode = \"{mode}\"\n");
    let member = Member::start(ControlPlane::shared(), "replicas", &stages(), &mode("decode"));
    let [with, without] = [member.gateway.target(), member.sidecar.target()];
    let direct = Observer::of(&without);
    let begin = |id| {
        let app = App::start(Sdk::PythonNewer, &with, None);
        // Many, so that it is not over when its app ends.
        app.pile(id, 40, 100);
        poll_until("some of it has run", || app.ran(id) >= 3);
    };
    begin("decode");
    let app = App::start(Sdk::PythonNewer, &without, None);
    assert_eq!(direct.output("decode"), json!({ "right": 40 }), "{}", app.log());
    drop(app);

    member.reload(&mode("on"));
    begin("on");
    let _app = App::start(Sdk::PythonNewer, &without, None);
    let failed = direct.until("on", OrchestrationStatus::Failed);
    let failure = failed.failure_details.expect("a failure");
    assert!(failure.message.contains("string indices"), "{failure:?}");
    assert!(failed.serialized_input.expect("an input").starts_with("\"cloakroom:v1:"));
}

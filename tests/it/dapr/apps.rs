//! An activity and a child in another app, each app behind a gateway of its own.

use cloakroom_tests::{
    poll_until,
    rigs::{ControlPlane, redis, redis_contents},
};
use serde_json::json;

use super::{
    app::App,
    pair::{Pair, share, sharing},
    sdk::Sdk,
};
use crate::gateway::canary::CANARY;

const STORED: Option<&str> = Some("16KiB");

/// Starts a caller on the SDK for Go, and the app that it calls on the one for Python.
fn apps(pair: &Pair) -> [App; 2] {
    let sdks = [Sdk::Go, Sdk::PythonNewer].into_iter();
    let mut apps = sdks
        .zip(&pair.members)
        .map(|(sdk, member)| App::start(sdk, &member.gateway.target(), Some(16 << 20)));
    [apps.next().unwrap(), apps.next().unwrap()]
}

/// 300 kB go to an activity and to a child in the other app, and as many come back. What encrypts binds each
/// text to the app that wrote it.
#[test]
fn go_calls_an_activity_and_a_child_in_an_app_on_python() {
    let names = ["calls", "called"];
    let pair = Pair::start(ControlPlane::shared(), names, STORED, &sharing(names));
    let [caller, called] = apps(&pair);
    caller.abroad("abroad", names[1], 300_000);
    let output = pair.members[0].observer.output("abroad");
    assert_eq!(output, json!({ "right": ["activity", "child"] }), "{}", called.log());
    assert_eq!(called.ran("abroad"), 1);
    for app in pair.names {
        let kept = redis_contents(redis(), &format!("{app}||*"));
        let kept = String::from_utf8_lossy(&kept);
        assert!(kept.contains("cloakroom:v1:") && !kept.contains(CANARY), "{app}");
        assert!(kept.len() < 256 << 10, "{app} has {} bytes", kept.len());
    }
}

/// Sharing has one direction. Where the result could not be read, nothing is called, and the log says why.
/// With the missing rule the run goes on.
#[test]
fn go_is_refused_a_call_whose_result_it_could_not_read_until_the_apps_share() {
    let names = ["alone", "other"];
    let pair = Pair::start(ControlPlane::shared(), names, STORED, &share("alone", "other"));
    let [caller, called] = apps(&pair);
    caller.abroad("abroad", names[1], 100_000);
    let refused = "the result of WorkflowResponse.actions[0].scheduleTask: a payload of app `other` \
                   would go to app `alone`, which may not open it";
    let [member, _] = &pair.members;
    poll_until("the log says why", || member.gateway.log().contains(refused));
    assert!(member.gateway.log().contains("namespace.NAME.shares"), "{}", member.gateway.log());
    assert_eq!(called.ran("abroad"), 0);
    pair.members.iter().for_each(|member| member.reload(&sharing(names)));
    let output = member.observer.output("abroad");
    assert_eq!(output, json!({ "right": ["activity", "child"] }), "{}", caller.log());
}

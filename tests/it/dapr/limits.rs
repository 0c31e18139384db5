//! The largest message of each SDK, behind a sidecar that would send much more.

use cloakroom_tests::{
    poll_until,
    rigs::{ControlPlane, Sidecar, SidecarOptions, Tap},
};
use serde_json::json;

use super::{app::App, observer::Observer, sdk::Sdk};

/// Where gRPC stops by default.
const FOUR_MEBIBYTES: usize = 4 << 20;

/// More than the history of the runs here.
const RAISED: usize = 64 << 20;

/// Runs four activities of 1.5 MB: the turn after the third has more than 4 MiB.
struct Run {
    sidecar: Sidecar,
    tap: Tap,
    app: App,
}

impl Run {
    fn start(sdk: Sdk, receive: Option<usize>) -> Self {
        let name = format!("limits-{sdk}-{}", receive.is_some()).to_lowercase();
        let options = SidecarOptions { app: &name, max_body_size: "64Mi", redis: None };
        let sidecar = Sidecar::start(ControlPlane::shared(), options);
        let tap = Tap::before(&sidecar.target());
        let app = App::start(sdk, &tap.target(), receive);
        app.pile("pile", 4, 1_500_000);
        Self { sidecar, tap, app }
    }

    /// The sidecar sends the same turn again and again, because its stream breaks each time.
    fn breaks(self, sdk: Sdk) {
        let large = || self.tap.received().iter().filter(|size| **size > FOUR_MEBIBYTES).count();
        poll_until("the turn was sent three times", || large() >= 3);
        assert_eq!(self.app.ran("pile"), 3, "{sdk}: {}", self.app.log());
    }

    fn completes(self, sdk: Sdk) {
        let output = Observer::of(&self.sidecar.target()).output("pile");
        assert_eq!(output, json!({ "right": 4 }), "{sdk}: {}", self.app.log());
        assert!(self.tap.received().iter().any(|size| *size > FOUR_MEBIBYTES));
    }
}

#[test]
fn go_receives_what_an_option_of_grpc_allows() {
    Run::start(Sdk::Go, None).breaks(Sdk::Go);
    Run::start(Sdk::Go, Some(RAISED)).completes(Sdk::Go);
}

#[test]
fn java_receives_what_a_variable_allows() {
    Run::start(Sdk::Java, None).breaks(Sdk::Java);
    Run::start(Sdk::Java, Some(RAISED)).completes(Sdk::Java);
}

#[test]
fn node_receives_more_than_four_mebibytes() {
    Run::start(Sdk::Node, None).completes(Sdk::Node);
}

/// The variable that its documentation names is for another client of the SDK.
#[test]
fn python_receives_four_mebibytes_whatever_it_is_told() {
    Run::start(Sdk::Python, Some(RAISED)).breaks(Sdk::Python);
}

#[test]
fn python_newer_receives_more_than_four_mebibytes() {
    Run::start(Sdk::PythonNewer, None).completes(Sdk::PythonNewer);
}

#[test]
fn rust_receives_four_mebibytes() {
    Run::start(Sdk::Rust, None).breaks(Sdk::Rust);
}

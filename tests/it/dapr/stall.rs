//! The stall of daprd, which everything else here is compared with.

use cloakroom_tests::rigs::{ControlPlane, Sidecar, SidecarOptions, redis};
use dapr_durabletask::proto_public::HistoryEvent;
use prost::Message as _;
use serde_json::json;

use super::{
    app::App,
    exposition::{ACTIVITY_RATIO, BOUNDS, Histogram, WORKFLOW_RATIO},
    observer::{Observer, stall},
    sdk::Sdk,
};

/// Starts a sidecar whose state survives it.
fn sidecar(app: &str, max_body_size: &str) -> Sidecar {
    let options = SidecarOptions { app, max_body_size, redis: Some(redis()) };
    Sidecar::start(ControlPlane::shared(), options)
}

/// Returns the size in what daprd says of a workflow that it stalls at a limit.
pub(super) fn size(said: &str, limit: usize) -> usize {
    let (size, rest) = said
        .strip_prefix("Workflow payload size ")
        .and_then(|rest| rest.split_once(" bytes "))
        .unwrap_or_else(|| panic!("{said}"));
    let end = format!(
        "exceeds 95% of max gRPC body size {limit} bytes; \
         increase daprd --max-body-size and restart to resume"
    );
    assert_eq!(rest, end);
    size.parse().unwrap()
}

/// The history of four activities is too large for the turn after them. That turn is measured too, and
/// nothing is lost: with a larger limit the run goes on where it stopped.
#[test]
fn python_stalls_after_four_activities_and_goes_on_with_a_larger_limit() {
    let sidecar = sidecar("stall", "1Mi");
    let (app, observer) = (App::start(Sdk::Python, &sidecar.target(), None), observe(&sidecar));
    app.pile("pile", 6, 256_000);
    let size = size(&observer.stalled("pile"), 1 << 20);
    assert!(size > (1 << 20) * 95 / 100, "{size}");
    assert_eq!(app.ran("pile"), 4);
    assert_eq!(app.state("pile")["status"], "STALLED");
    // The workflow API has no word for it.
    assert!(sidecar.workflow("pile").contains(r#""runtimeStatus":"UNKNOWN""#));

    let metrics = sidecar.metrics();
    let workflow = r#"app_id="stall",namespace="",workflow_name="Pile""#;
    let turns = Histogram::read(&metrics, WORKFLOW_RATIO, workflow);
    assert_eq!(turns.bounds(), BOUNDS);
    assert_eq!((turns.up_to("0.95"), turns.count), (4, 5), "{metrics}");
    let activity = format!(r#"activity_name="Chunk",{workflow}"#);
    let activities = Histogram::read(&metrics, ACTIVITY_RATIO, &activity);
    assert_eq!((activities.bounds(), activities.count), (BOUNDS.to_vec(), 4), "{metrics}");

    sidecar.restart("16Mi");
    assert_eq!(observer.output("pile"), json!({ "right": 6 }));
    assert_eq!(app.ran("pile"), 6);
}

fn observe(sidecar: &Sidecar) -> Observer {
    Observer::of(&sidecar.target())
}

/// Returns the smallest limit of which 95 % are this many bytes.
fn limit(threshold: usize) -> usize {
    let limit = (threshold * 100).div_ceil(95);
    assert_eq!(limit * 95 / 100, threshold);
    limit
}

/// A run that is stalled is measured again after each restart, and its stall is a part of its history
/// then. So the next size is known to the byte, and the limit can be set beside it.
#[test]
fn python_stalls_one_byte_over_the_limit_and_not_at_it() {
    let sidecar = sidecar("boundary", "262144");
    let (app, observer) = (App::start(Sdk::Python, &sidecar.target(), None), observe(&sidecar));
    app.pile("pile", 1, 250_000);
    let first = size(&observer.stalled("pile"), 262_144);
    let next = || {
        let history = observer.history("pile");
        let stalls = history.iter().rev().take_while(|event| stall(event).is_some());
        first + stalls.map(HistoryEvent::encoded_len).sum::<usize>()
    };
    let over = next();
    sidecar.restart(&limit(over - 1).to_string());
    assert_eq!(size(&observer.stalled_again("pile", 2), limit(over - 1)), over);
    let equal = next();
    sidecar.restart(&limit(equal).to_string());
    assert_eq!(observer.output("pile"), json!({ "right": 1 }));
}

/// A negative limit is no limit in the code that stalls. But the sidecar has replaced it by the default
/// before.
#[test]
fn python_stalls_at_four_mebibytes_where_the_limit_is_negative() {
    let sidecar = sidecar("negative", "-1");
    let (app, observer) = (App::start(Sdk::Python, &sidecar.target(), None), observe(&sidecar));
    app.pile("two", 2, 1_500_000);
    assert_eq!(observer.output("two"), json!({ "right": 2 }));
    app.pile("three", 3, 1_500_000);
    assert!(size(&observer.stalled("three"), 4 << 20) > 4_500_000);
}

/// Zero is no limit either in that code, but gRPC takes it at its word.
#[test]
fn a_sidecar_refuses_every_message_where_the_limit_is_zero() {
    let sidecar = sidecar("zero", "0");
    let error = observe(&sidecar).refusal("anything");
    assert!(error.contains("received message larger than max (10 vs. 0)"), "{error}");
}

/// A limit that no message reaches stalls nothing: neither the sum nor its 95 % is cut to 32 bits.
#[test]
fn python_stalls_nowhere_below_a_huge_limit() {
    let sidecar = sidecar("huge", "1Ti");
    let (app, observer) = (App::start(Sdk::Python, &sidecar.target(), None), observe(&sidecar));
    app.pile("pile", 6, 256_000);
    assert_eq!(observer.output("pile"), json!({ "right": 6 }));
    let workflow = r#"app_id="huge",namespace="",workflow_name="Pile""#;
    let turns = Histogram::read(&sidecar.metrics(), WORKFLOW_RATIO, workflow);
    assert_eq!((turns.up_to("0.1"), turns.count), (7, 7));
}

//! Predictions of the gateway, beside the sizes that daprd weighs in the same run.

use cloakroom_tests::rigs::{ControlPlane, SidecarOptions};
use dapr_durabletask::proto_public::{HistoryEvent, history_event::EventType};
use prost::Message as _;

use super::{
    app::App,
    behind::Behind,
    exposition::{ACTIVITY_RATIO, BOUNDS, Histogram, WORKFLOW_RATIO},
    observer::Observer,
    sdk::Sdk,
    stall::size,
};

const OURS: &str = "cloakroom_dapr_dispatch_ratio";

const MIB: f64 = (1 << 20) as f64;

/// The most bytes by which a prediction differs, for each event that it estimates.
const CLOSE: f64 = 64.0;

/// Returns the size in the gateway's warning about an instance.
fn warned(log: &str, id: &str) -> f64 {
    let start = format!("the next dispatch of instance `{id}`");
    let line = log.lines().find(|line| line.contains(&start)).expect("a warning");
    let (_, rest) = line.split_once("will have some ").unwrap();
    rest.split_once(" bytes").unwrap().0.replace(',', "").parse().unwrap()
}

/// Nothing is stored here, so that the history grows until daprd stalls. Each dispatch is predicted once,
/// in the bucket that daprd counts it in, also the one that it does not make.
#[test]
fn python_newer_stalls_as_predicted() {
    let options = SidecarOptions { app: "predicted", max_body_size: "1Mi", redis: None };
    let behind = Behind::storing(ControlPlane::shared(), options, "16Mi", "");
    let direct = Observer::of(&behind.sidecar.target());
    let app = App::start(Sdk::PythonNewer, &behind.target(), None);
    app.pile("pile", 12, 256_000);
    let stalled = size(&direct.stalled("pile"), 1 << 20) as f64;
    let predicted = warned(&behind.gateway.log(), "pile");
    assert!((predicted - stalled).abs() < CLOSE, "{predicted} predicted, {stalled} weighed");

    let (theirs, ours) = (behind.sidecar.metrics(), behind.metrics());
    let scheduled =
        |event: &&HistoryEvent| matches!(event.event_type, Some(EventType::TaskScheduled(_)));
    let history = direct.history("pile");
    let events: usize = history.iter().filter(scheduled).map(HistoryEvent::encoded_len).sum();
    for (kind, name, activity) in
        [("workflow", WORKFLOW_RATIO, ""), ("activity", ACTIVITY_RATIO, "Chunk")]
    {
        let labels = r#"app_id="predicted",namespace="",workflow_name="Pile""#;
        let named = format!(r#"activity_name="{activity}",{labels}"#);
        let theirs =
            Histogram::read(&theirs, name, if activity.is_empty() { labels } else { &named });
        let labels = labels.replace(r#"namespace="""#, r#"namespace="default""#);
        let labels = format!(r#"kind="{kind}",{labels},activity_name="{activity}""#);
        let ours = Histogram::read(&ours, OURS, &labels);
        assert_eq!(ours.bounds(), BOUNDS);
        for bound in BOUNDS {
            assert_eq!(ours.up_to(bound), theirs.up_to(bound), "{bound}: {ours:?} {theirs:?}");
        }
        let apart = (ours.sum - theirs.sum).abs() * MIB / theirs.count as f64;
        assert!(apart < CLOSE, "{kind}: {apart} bytes apart");
        // Of an activity, daprd weighs the event, to the byte.
        if kind == "activity" {
            assert_eq!(theirs.sum * MIB, events as f64);
        }
    }
}

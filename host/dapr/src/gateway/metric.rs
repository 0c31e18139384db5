//! Names and descriptions of the gateway's metrics for tasks that the app cannot get.

use metrics::{describe_counter, describe_gauge};

/// Tasks that were held back, by reason.
pub(super) const HELD: &str = "cloakroom_dapr_held_total";

/// Tasks that are held back now.
pub(super) const HOLDING: &str = "cloakroom_dapr_held";

/// Activities that the gateway failed: their input could not be decoded, or their answer not encoded.
pub(super) const FAILED: &str = "cloakroom_dapr_failed_activities_total";

/// Describes all metrics to the recorder.
pub(super) fn describe() {
    cloakroom_grpc::metric::describe();
    cloakroom_grpc::access::describe();
    crate::metric::describe();
    describe_counter!(HELD, "Tasks that were held back, by reason");
    describe_gauge!(HOLDING, "Tasks that are held back now");
    describe_counter!(
        FAILED,
        "Activities that the gateway failed: undecodable, or their answer not encodable"
    );
}

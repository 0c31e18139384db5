//! Names and descriptions of the metrics of the gateway for Temporal.

use metrics::{describe_counter, describe_histogram};

/// Tasks and other answers that could not be decoded, by method and kind of the failure.
pub(crate) const UNDECODABLE: &str = "cloakroom_gateway_undecodable_total";

/// Requests that were not sent because they do not fit, by method.
pub(crate) const UNSENT: &str = "cloakroom_gateway_unsent_total";

/// Fields that passed unread because this version does not know them, by message type and number.
pub(crate) const UNKNOWN_FIELDS: &str = "cloakroom_gateway_unknown_fields_total";

/// Ratio of the size of a history to the size from which more is stored, by namespace and workflow.
pub(crate) const HISTORY_RATIO: &str = "cloakroom_gateway_history_ratio";

/// Workflows that were started without a timeout where payloads are stored, by type.
pub(crate) const UNBOUNDED_STARTS: &str = "cloakroom_gateway_unbounded_starts_total";

/// Describes all metrics to the recorder.
pub(crate) fn describe() {
    cloakroom_grpc::metric::describe();
    describe_counter!(UNKNOWN_FIELDS, "Fields that passed unread because this version lacks them");
    describe_counter!(UNDECODABLE, "Tasks and other answers that could not be decoded");
    describe_counter!(UNSENT, "Requests that were not sent because they do not fit");
    describe_counter!(UNBOUNDED_STARTS, "Workflows started without a timeout, by type");
    describe_histogram!(HISTORY_RATIO, "Size of a history, to the size from which more is stored");
}

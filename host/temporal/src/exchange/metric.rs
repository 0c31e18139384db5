//! Names and descriptions of the gateway's metrics.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Calls that were answered, by method and code.
pub(crate) const CALLS: &str = "cloakroom_gateway_calls_total";

/// Seconds of the gateway's own work for a call, by method: what the frontend took is not counted.
pub(crate) const SECONDS: &str = "cloakroom_gateway_seconds";

/// Connections that are open.
pub(crate) const CONNECTIONS: &str = "cloakroom_gateway_connections";

/// Fields that passed unread because this version does not know them, by message type and number.
pub(crate) const UNKNOWN_FIELDS: &str = "cloakroom_gateway_unknown_fields_total";

/// Describes all metrics to the recorder.
pub(crate) fn describe() {
    describe_counter!(CALLS, "Calls that the gateway answered");
    describe_counter!(UNKNOWN_FIELDS, "Fields that passed unread because this version lacks them");
    describe_gauge!(CONNECTIONS, "Connections of workers and clients that are open");
    describe_histogram!(SECONDS, Unit::Seconds, "Seconds of the gateway's own work for a call");
}

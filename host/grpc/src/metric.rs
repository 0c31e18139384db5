//! Names and descriptions of the metrics that every gateway has.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Calls that were answered, by method and code.
pub const CALLS: &str = "cloakroom_gateway_calls_total";

/// Seconds of the gateway's own work for a call, by method: what the server took is not counted.
pub const SECONDS: &str = "cloakroom_gateway_seconds";

/// Connections that are open.
pub const CONNECTIONS: &str = "cloakroom_gateway_connections";

/// Describes all metrics to the recorder.
pub fn describe() {
    describe_counter!(CALLS, "Calls that the gateway answered");
    describe_gauge!(CONNECTIONS, "Connections of workers and clients that are open");
    describe_histogram!(SECONDS, Unit::Seconds, "Seconds of the gateway's own work for a call");
}

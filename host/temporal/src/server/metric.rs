//! Names and descriptions of the codec server's metrics.

use cloakroom_grpc::access;
use metrics::{Unit, describe_counter, describe_histogram};

/// Requests that were answered, by route and status.
pub(super) const REQUESTS: &str = "cloakroom_http_requests_total";

/// Seconds until a response was ready, by route.
pub(super) const SECONDS: &str = "cloakroom_http_seconds";

/// Connections that the server ended, by reason.
pub(super) const CONNECTIONS_ENDED: &str = "cloakroom_http_connections_ended_total";

/// Describes all metrics to the recorder.
pub(super) fn describe() {
    describe_counter!(REQUESTS, "Requests that the codec server answered");
    describe_counter!(CONNECTIONS_ENDED, "Connections that the codec server ended, by reason");
    access::describe();
    describe_histogram!(SECONDS, Unit::Seconds, "Seconds until a response was ready");
}

//! Names and descriptions of the codec server's metrics.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Requests that were answered, by route and status.
pub(super) const REQUESTS: &str = "cloakroom_http_requests_total";

/// Seconds until a response was ready, by route.
pub(super) const SECONDS: &str = "cloakroom_http_seconds";

/// Connections that the server ended, by reason.
pub(super) const CONNECTIONS_ENDED: &str = "cloakroom_http_connections_ended_total";

/// Fetches of key sets, by result.
pub(super) const JWKS_FETCHES: &str = "cloakroom_jwks_fetches_total";

/// Time of the last successful fetch of a key set, in seconds since 1970.
pub(super) const JWKS_LAST_SUCCESS: &str = "cloakroom_jwks_last_success_timestamp_seconds";

/// Describes all metrics to the recorder.
pub(super) fn describe() {
    describe_counter!(REQUESTS, "Requests that the codec server answered");
    describe_counter!(CONNECTIONS_ENDED, "Connections that the codec server ended, by reason");
    describe_counter!(JWKS_FETCHES, "Fetches of the key set that verifies tokens");
    describe_gauge!(JWKS_LAST_SUCCESS, Unit::Seconds, "Last successful fetch of the key set");
    describe_histogram!(SECONDS, Unit::Seconds, "Seconds until a response was ready");
}

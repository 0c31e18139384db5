//! Names and descriptions of the metrics of fetched key sets.

use metrics::{Unit, describe_counter, describe_gauge};

/// Fetches of key sets, by result.
pub(super) const JWKS_FETCHES: &str = "cloakroom_jwks_fetches_total";

/// Time of the last successful fetch of a key set, in seconds since 1970.
pub(super) const JWKS_LAST_SUCCESS: &str = "cloakroom_jwks_last_success_timestamp_seconds";

/// Describes all metrics to the recorder.
pub fn describe() {
    describe_counter!(JWKS_FETCHES, "Fetches of the key set that verifies tokens");
    describe_gauge!(JWKS_LAST_SUCCESS, Unit::Seconds, "Last successful fetch of the key set");
}

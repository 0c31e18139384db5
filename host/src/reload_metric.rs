//! Metrics of reloads.

use std::time::{SystemTime, UNIX_EPOCH};

use cloakroom_pipeline::metric;
use metrics::{counter, gauge};

/// Records that the first configuration was loaded. All results are counted from zero: a rate sees
/// nothing of a series that begins with its first failure.
pub(crate) fn record_open() {
    for result in ["success", "failure", "partial"] {
        counter!(metric::RELOADS, "result" => result).increment(0);
    }
    gauge!(metric::RELOAD_FAILING).set(0);
    loaded_now();
}

/// Records the result of a reload.
pub(crate) fn record_reload(is_success: bool) {
    let result = if is_success { "success" } else { "failure" };
    counter!(metric::RELOADS, "result" => result).increment(1);
    gauge!(metric::RELOAD_FAILING).set(if is_success { 0 } else { 1 });
    if is_success {
        loaded_now();
    }
}

fn loaded_now() {
    // A clock before 1970 is wrong, and reported as 0.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    gauge!(metric::LAST_RELOAD).set(now.as_secs_f64());
}

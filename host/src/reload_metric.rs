//! Metrics of a configuration that is loaded again while it serves.

use std::time::{SystemTime, UNIX_EPOCH};

use cloakroom_pipeline::metric;
use metrics::{counter, gauge};

/// Records that the first configuration was loaded. The results that there may be are counted from
/// zero: a rate sees nothing of a series that begins with its first failure.
pub(crate) fn record_open() {
    for result in ["success", "failure", "partial"] {
        counter!(metric::RELOADS, "result" => result).increment(0);
    }
    gauge!(metric::RELOAD_FAILING).set(0);
    loaded_now();
}

/// Records how a reload ended.
pub(crate) fn record_reload(is_success: bool) {
    let result = if is_success { "success" } else { "failure" };
    counter!(metric::RELOADS, "result" => result).increment(1);
    gauge!(metric::RELOAD_FAILING).set(if is_success { 0 } else { 1 });
    if is_success {
        loaded_now();
    }
}

fn loaded_now() {
    // Before 1970 there is nothing to tell.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    gauge!(metric::LAST_RELOAD).set(now.as_secs_f64());
}

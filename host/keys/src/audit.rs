//! Audit lines: each key that a service was asked to unwrap.

use cloakroom_core::KeyUse;

/// Writes the audit line of an unwrap.
pub(crate) fn unwrap(
    ring: &str,
    service: &str,
    namespace: Option<&str>,
    key_use: KeyUse,
    key: &str,
    is_unwrapped: bool,
) {
    tracing::info!(
        target: "cloakroom::audit",
        operation = "unwrap",
        outcome = if is_unwrapped { "success" } else { "failure" },
        ring,
        service,
        namespace,
        key_use = key_use.as_str(),
        key,
        "audit"
    );
}

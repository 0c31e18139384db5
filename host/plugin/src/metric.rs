//! Names of metrics that imports count.

/// Messages that a key has sealed with plain AES-256-GCM. Labels: `ring`, `key`.
pub(crate) const KEY_MESSAGES: &str = "cloakroom_key_messages_total";

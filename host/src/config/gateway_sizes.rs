//! Sizes of `[gateway.temporal]`, as written.

use serde::Deserialize;

use super::units::Size;

/// `[gateway.temporal.history]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HistoryEntry {
    pub(crate) from: Option<Size>,
    pub(crate) threshold: Option<Size>,
}

/// `[[gateway.temporal.client]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "gateway"), expect(dead_code, reason = "read by the gateway alone"))]
pub(crate) struct ClientEntry {
    pub(crate) user_agent: String,
    pub(crate) answer: Size,
}

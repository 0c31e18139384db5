//! State that all calls of a gateway share.

use arc_swap::ArcSwap;

use super::{credentials::UpstreamCredentials, settings::GatewaySettings};
use crate::exchange::Exchange;

/// State that all calls of a gateway share.
pub(super) struct Temporal {
    pub(super) exchange: Exchange,
    pub(super) settings: GatewaySettings,
    /// Credentials for the frontend: as in the settings, until a swap.
    pub(super) credentials: ArcSwap<UpstreamCredentials>,
}

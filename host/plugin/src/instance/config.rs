//! Configuration of the instances of one codec or driver.

use std::sync::Arc;

use cloakroom_core::MemoryBudget;

use super::{guest_log::GuestLog, key_messages::KeyMessages};
use crate::{grants::Grants, limits::own::PluginLimits, settings::Settings};

/// Configuration of the instances of one codec or driver.
pub(crate) struct InstanceConfig {
    /// Name of the plugin.
    pub(crate) plugin: Arc<str>,
    pub(crate) settings: Settings,
    pub(crate) grants: Grants,
    pub(crate) limits: Arc<PluginLimits>,
    /// Budget to which the memory of instances is charged.
    pub(crate) memory: MemoryBudget,
    pub(crate) key_messages: KeyMessages,
}

impl InstanceConfig {
    /// Returns the guest's log. `confidential` says that the guest has a payload, which it could write
    /// there: lines are dropped then, unless the log is granted.
    pub(crate) fn guest_log(&self, confidential: bool) -> GuestLog<'_> {
        GuestLog {
            plugin: &self.plugin,
            enabled: self.grants.log || !confidential,
            trace: self.grants.trace.as_ref(),
        }
    }
}

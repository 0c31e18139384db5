//! What one codec of a plugin may use, and how far.

use std::sync::Arc;

use cloakroom_core::MemoryBudget;

use crate::{Grants, Limits, Settings, instance::guest_log::Speaker};

pub(crate) struct InstanceConfig {
    pub(crate) plugin: Arc<str>,
    pub(crate) settings: Settings,
    pub(crate) grants: Grants,
    pub(crate) limits: Limits,
    /// Budget to which the memory of instances is charged.
    pub(crate) memory: MemoryBudget,
}

impl InstanceConfig {
    /// Who speaks for the guest in the operator's log. `confidential` says that a payload is at
    /// hand, which the guest could write there.
    pub(crate) fn speaker(&self, confidential: bool) -> Speaker<'_> {
        Speaker { plugin: &self.plugin, audible: self.grants.log || !confidential }
    }
}

//! Policies of the namespaces of a configuration.

use std::sync::Arc;

use cloakroom_temporal::{NamespacePolicies, NamespacePolicySource};

use crate::cloakroom::Cloakroom;

impl NamespacePolicySource for Cloakroom {
    fn namespace_policies(&self) -> Arc<NamespacePolicies> {
        self.current().namespaces.clone()
    }
}

//! Policies of the namespaces of a configuration, and the keys of its page tokens.

use std::sync::Arc;

use cloakroom_temporal::{NamespacePolicies, NamespacePolicySource, PageKeySource, PageKeys};

use crate::cloakroom::Cloakroom;

impl NamespacePolicySource for Cloakroom {
    fn namespace_policies(&self) -> Arc<NamespacePolicies> {
        self.current().namespaces.clone()
    }
}

impl PageKeySource for Cloakroom {
    fn page_keys(&self) -> PageKeys {
        self.current().page_keys.clone()
    }
}

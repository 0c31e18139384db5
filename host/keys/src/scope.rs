//! Payloads that share a data key: those of one namespace, or all of a ring.

use std::sync::Arc;

use cloakroom_core::{KeyContext, KeyUse};

/// Payloads that share a data key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Scope(Option<Arc<str>>);

impl Scope {
    pub(crate) fn ring() -> Self {
        Self(None)
    }

    pub(crate) fn of_namespace(namespace: &str) -> Self {
        Self(Some(namespace.into()))
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Returns whether payloads of a namespace, or of a call that names none, belong to it.
    pub(crate) fn holds(&self, namespace: Option<&str>) -> bool {
        self.0.is_none() || self.namespace() == namespace
    }

    /// Returns the encryption context of a data key.
    pub(crate) fn context(&self, ring: &Arc<str>) -> KeyContext {
        KeyContext { ring: ring.clone(), namespace: self.0.clone(), key_use: KeyUse::DataKey }
    }
}

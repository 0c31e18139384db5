//! Namespaces whose stored objects a call may read.

use std::sync::Arc;

/// Namespaces whose stored objects a call may read, besides those of its own. Cheap to clone.
///
/// A reference names the key of its object, and whoever can write into a history can write any key.
/// What encrypts keeps an object of another tenant closed, but the request for it would already tell
/// whether it is there, and cost the other tenant's store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectScope {
    namespaces: Arc<[String]>,
    reads_unscoped: bool,
}

impl ObjectScope {
    /// Returns the scope of a call that may read objects of these namespaces. `reads_unscoped` allows
    /// those whose keys name no namespace.
    #[must_use]
    pub fn new(namespaces: Arc<[String]>, reads_unscoped: bool) -> Self {
        Self { namespaces, reads_unscoped }
    }

    /// Returns whether objects may be read whose keys name no namespace.
    #[must_use]
    pub fn reads_unscoped(&self) -> bool {
        self.reads_unscoped
    }

    /// Returns whether a call of `reader` may read objects of `namespace`.
    #[must_use]
    pub fn holds(&self, reader: Option<&str>, namespace: &str) -> bool {
        reader == Some(namespace) || self.namespaces.iter().any(|name| name == namespace)
    }
}

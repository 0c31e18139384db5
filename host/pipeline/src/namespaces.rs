//! Rules of namespaces: which of them a pipeline serves, and whose payloads each may open.

use std::{collections::BTreeMap, sync::Arc};

/// The use of a pipeline in a namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Payloads are encoded and decoded.
    #[default]
    On,
    /// Payloads are decoded and not encoded: before all workers of a namespace can decode, and after
    /// encoding was given up.
    Decode,
    /// Payloads pass as they are.
    Off,
}

/// Rules of one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct NamespaceRules {
    pub(crate) mode: Mode,
    /// Namespaces besides its own whose payloads it may open.
    pub(crate) readable: Arc<[String]>,
}

impl NamespaceRules {
    /// Returns the rules of a namespace that opens its own payloads alone.
    pub fn new(mode: Mode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// Also lets the namespace open what was encoded for these others.
    pub fn opening(self, namespaces: Vec<String>) -> Self {
        Self { readable: namespaces.into(), ..self }
    }
}

/// Rules by the name of their namespace. One without rules has the defaults.
pub(crate) type Namespaces = Arc<BTreeMap<String, NamespaceRules>>;

//! Rules of namespaces: which of them a pipeline serves, and whose payloads each may open.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use cloakroom_core::Context;

use crate::Pipeline;

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
    mode: Mode,
    /// Namespaces besides its own whose payloads it may open.
    readable: Arc<[String]>,
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

impl Pipeline {
    /// Returns the use of the pipeline in the namespace of a call.
    #[must_use]
    pub fn mode(&self, ctx: &Context) -> Mode {
        self.rules(ctx).map(|rules| rules.mode).unwrap_or_default()
    }

    /// Returns the context of a call with the namespaces whose payloads it may open. Those that the caller
    /// has named stay.
    pub(crate) fn with_readable<'a>(&self, ctx: &'a Context) -> Cow<'a, Context> {
        match self.rules(ctx) {
            Some(rules) if ctx.readable_namespaces().is_empty() && !rules.readable.is_empty() => {
                Cow::Owned(ctx.clone().with_readable(rules.readable.clone()))
            }
            _ => Cow::Borrowed(ctx),
        }
    }

    fn rules(&self, ctx: &Context) -> Option<&NamespaceRules> {
        self.namespaces.get(ctx.namespace_name()?)
    }
}

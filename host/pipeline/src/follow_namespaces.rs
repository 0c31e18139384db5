//! The rules of the namespace that a call is for.

use std::borrow::Cow;

use cloakroom_core::Context;

use crate::{
    Pipeline,
    namespaces::{Mode, NamespaceRules},
};

impl Pipeline {
    /// Returns the use of the pipeline in the namespace of a call.
    #[must_use]
    pub fn mode(&self, ctx: &Context) -> Mode {
        self.rules(ctx).map(|rules| rules.mode).unwrap_or_default()
    }

    /// Returns whether a namespace may open what is encoded for another.
    #[must_use]
    pub fn may_open(&self, reader: &str, namespace: &str) -> bool {
        let opens = |rules: &NamespaceRules| rules.readable.iter().any(|name| name == namespace);
        reader == namespace || self.namespaces.get(reader).is_some_and(opens)
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

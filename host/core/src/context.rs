//! For whom a call is made.

use std::sync::Arc;

/// What a call is made for. Cheap to clone.
///
/// ```
/// use cloakroom_core::{Context, Kind};
///
/// let ctx = Context::namespace("payments").target(Kind::Workflow, "order-17", "Charge", None);
/// assert_eq!(ctx.id(), Some("order-17"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(Arc<Inner>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Inner {
    namespace: Option<String>,
    kind: Option<Kind>,
    id: Option<String>,
    type_name: Option<String>,
    run_id: Option<String>,
    probe: bool,
}

/// The namespace, id and type of [`Context::probe`].
const PROBE: &str = "cloakroom-probe";

/// What kind of thing a payload belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// An activity of its own, outside a workflow.
    Activity,
    /// A workflow.
    Workflow,
}

impl Kind {
    /// The word a plugin sees.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Workflow => "workflow",
        }
    }
}

impl Context {
    /// Nothing is known.
    pub fn none() -> Self {
        Self::default()
    }

    /// Only the namespace is known.
    pub fn namespace(namespace: impl Into<String>) -> Self {
        Self(Arc::new(Inner { namespace: Some(namespace.into()), ..Inner::default() }))
    }

    /// Returns the context of a call by which the host tries itself, for example while a configuration
    /// is loaded. Such calls carry no traffic and are not counted in metrics.
    ///
    /// Plugins see namespace, id and type `cloakroom-probe`.
    pub fn probe() -> Self {
        let mut ctx = Self::namespace(PROBE).target(Kind::Workflow, PROBE, PROBE, None);
        Arc::make_mut(&mut ctx.0).probe = true;
        ctx
    }

    /// Returns whether the context was made by [`Context::probe`]. A context with the same
    /// names that a client chose is not one.
    pub fn is_probe(&self) -> bool {
        self.0.probe
    }

    /// The same, for one workflow or activity.
    pub fn target(self, kind: Kind, id: &str, type_name: &str, run_id: Option<&str>) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        inner.kind = Some(kind);
        inner.id = Some(id.to_owned()).filter(|id| !id.is_empty());
        inner.type_name = Some(type_name.to_owned()).filter(|name| !name.is_empty());
        inner.run_id = run_id.map(str::to_owned);
        Self(Arc::new(inner))
    }

    /// The namespace.
    pub fn namespace_name(&self) -> Option<&str> {
        self.0.namespace.as_deref()
    }

    /// What kind of thing the payload belongs to.
    pub fn kind(&self) -> Option<Kind> {
        self.0.kind
    }

    /// The workflow's or activity's id.
    pub fn id(&self) -> Option<&str> {
        self.0.id.as_deref()
    }

    /// The workflow's or activity's type.
    pub fn type_name(&self) -> Option<&str> {
        self.0.type_name.as_deref()
    }

    /// The run, where it is known.
    pub fn run_id(&self) -> Option<&str> {
        self.0.run_id.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_cannot_be_imitated_by_its_names() {
        let probe = Context::probe();
        assert!(probe.is_probe());
        let names = (probe.namespace_name(), probe.id(), probe.type_name());
        assert_eq!(names, (Some(PROBE), Some(PROBE), Some(PROBE)));
        let imitated = Context::namespace(PROBE).target(Kind::Workflow, PROBE, PROBE, None);
        assert!(!imitated.is_probe());
    }
}

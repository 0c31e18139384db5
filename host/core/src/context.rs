//! For whom a call is made.

use std::{fmt, sync::Arc};

use crate::{CallId, CallMemory};

/// What a call is made for. Cheap to clone.
///
/// ```
/// use cloakroom_core::{Context, Kind};
///
/// let ctx = Context::namespace("payments").target(Kind::Workflow, "order-17", "Charge", None);
/// assert_eq!(ctx.id(), Some("order-17"));
/// ```
#[derive(Clone, Default)]
pub struct Context {
    about: Arc<Inner>,
    /// Not part of what a context says, so neither compared nor shown.
    call: Option<CallId>,
    /// Likewise.
    memory: Option<CallMemory>,
}

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
        Inner { namespace: Some(namespace.into()), ..Inner::default() }.into()
    }

    /// Returns the context of a call by which the host tries itself, for example while a configuration
    /// is loaded. Such calls carry no traffic and are not counted in metrics.
    ///
    /// Plugins see namespace, id and type `cloakroom-probe`.
    pub fn probe() -> Self {
        let mut ctx = Self::namespace(PROBE).target(Kind::Workflow, PROBE, PROBE, None);
        Arc::make_mut(&mut ctx.about).probe = true;
        ctx
    }

    /// Returns whether the context was made by [`Context::probe`]. A context with the same
    /// names that a client chose is not one.
    pub fn is_probe(&self) -> bool {
        self.about.probe
    }

    /// The same, for one workflow or activity.
    pub fn target(self, kind: Kind, id: &str, type_name: &str, run_id: Option<&str>) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.about);
        inner.kind = Some(kind);
        inner.id = Some(id.to_owned()).filter(|id| !id.is_empty());
        inner.type_name = Some(type_name.to_owned()).filter(|name| !name.is_empty());
        inner.run_id = run_id.map(str::to_owned);
        Self { about: Arc::new(inner), call: self.call, memory: self.memory }
    }

    /// Returns the same context for the payloads of one new call of a pipeline.
    pub fn in_new_call(&self) -> Self {
        Self { call: Some(CallId::new()), ..self.clone() }
    }

    /// Returns the same context, where what the host holds for it is counted by `memory`.
    pub fn with_memory(self, memory: CallMemory) -> Self {
        Self { memory: Some(memory), ..self }
    }

    /// Returns what counts the memory that the host holds for the call, if anything does.
    pub fn memory(&self) -> Option<&CallMemory> {
        self.memory.as_ref()
    }

    /// Returns the call that the payload is part of, if a pipeline made it.
    pub fn call(&self) -> Option<&CallId> {
        self.call.as_ref()
    }

    /// The namespace.
    pub fn namespace_name(&self) -> Option<&str> {
        self.about.namespace.as_deref()
    }

    /// What kind of thing the payload belongs to.
    pub fn kind(&self) -> Option<Kind> {
        self.about.kind
    }

    /// The workflow's or activity's id.
    pub fn id(&self) -> Option<&str> {
        self.about.id.as_deref()
    }

    /// The workflow's or activity's type.
    pub fn type_name(&self) -> Option<&str> {
        self.about.type_name.as_deref()
    }

    /// The run, where it is known.
    pub fn run_id(&self) -> Option<&str> {
        self.about.run_id.as_deref()
    }
}

impl From<Inner> for Context {
    fn from(inner: Inner) -> Self {
        Self { about: Arc::new(inner), call: None, memory: None }
    }
}

impl PartialEq for Context {
    fn eq(&self, other: &Self) -> bool {
        self.about == other.about
    }
}

impl Eq for Context {}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Context").field(&self.about).finish()
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

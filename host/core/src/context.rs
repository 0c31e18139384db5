//! Context of a call: namespace, workflow or activity, and memory.

mod crossing;

use std::{fmt, sync::Arc};

use crate::{CallId, CallMemory, ObjectScope};

/// Namespace and workflow or activity that a call is made for. Cheap to clone.
///
/// ```
/// use cloakroom_core::{Context, Kind};
///
/// let ctx = Context::namespace("payments").with_target(Kind::Workflow, "order-17", "Charge", None);
/// assert_eq!(ctx.id(), Some("order-17"));
/// ```
#[derive(Clone, Default)]
pub struct Context {
    about: Arc<Inner>,
    /// Neither compared nor shown: it is no part of what the call is made for.
    call: Option<CallId>,
    /// Neither compared nor shown.
    memory: Option<CallMemory>,
    /// Neither compared nor shown.
    crossing: Option<Arc<Crossing>>,
}

/// Facts of payloads that do not all belong to the call's namespace and target.
#[derive(Clone, Default)]
struct Crossing {
    /// One context for each payload of a batch, or none if all have the call's.
    targets: Vec<Context>,
    /// Namespaces whose payloads this one may open.
    readable: Arc<[String]>,
    /// Namespaces whose objects this one may read. `None` if keys are not looked at.
    objects: Option<ObjectScope>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Inner {
    namespace: Option<String>,
    kind: Option<Kind>,
    id: Option<String>,
    type_name: Option<String>,
    run_id: Option<String>,
    task_queue: Option<String>,
    /// Namespace of the workflow or activity, if it is another one.
    target_namespace: Option<String>,
    plaintext: bool,
    probe: bool,
}

/// The namespace, id and type of [`Context::probe`].
const PROBE: &str = "cloakroom-probe";

/// Kind of the owner of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// An activity outside a workflow.
    Activity,
    /// An operation of Nexus.
    Nexus,
    /// A workflow.
    Workflow,
}

impl Kind {
    /// Returns the name that plugins see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Nexus => "nexus",
            Self::Workflow => "workflow",
        }
    }
}

impl Context {
    /// Returns a context of which nothing is known.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Returns a context of which only the namespace is known.
    #[must_use]
    pub fn namespace(namespace: impl Into<String>) -> Self {
        Inner { namespace: Some(namespace.into()), ..Inner::default() }.into()
    }

    /// Returns the context of a call with which the host tests itself, for example while a configuration
    /// is loaded. Such calls carry no traffic, and metrics do not count them.
    ///
    /// Plugins see namespace, id and type `cloakroom-probe`.
    #[must_use]
    pub fn probe() -> Self {
        let mut ctx = Self::namespace(PROBE).with_target(Kind::Workflow, PROBE, PROBE, None);
        Arc::make_mut(&mut ctx.about).probe = true;
        ctx
    }

    /// Returns whether the context was made by [`Context::probe`]. A client that chooses the same names
    /// does not make one.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.about.probe
    }

    /// Returns the context for one workflow or activity.
    #[must_use]
    pub fn with_target(self, kind: Kind, id: &str, type_name: &str, run_id: Option<&str>) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.about);
        inner.kind = Some(kind);
        inner.id = Some(id.to_owned()).filter(|id| !id.is_empty());
        inner.type_name = Some(type_name.to_owned()).filter(|name| !name.is_empty());
        inner.run_id = run_id.map(str::to_owned);
        // It was another one's.
        inner.task_queue = None;
        Self { about: Arc::new(inner), ..self }
    }

    /// Returns the context of a workflow or activity on this task queue.
    #[must_use]
    pub fn with_task_queue(self, task_queue: &str) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.about);
        inner.task_queue = Some(task_queue.to_owned()).filter(|name| !name.is_empty());
        Self { about: Arc::new(inner), ..self }
    }

    /// Returns the context for an operation of Nexus. Its id is the endpoint, and its type is service and
    /// operation with a slash between them. The namespace stays the one of the call: a caller does not
    /// know the handler's.
    #[must_use]
    pub fn with_nexus_target(self, endpoint: &str, service: &str, operation: &str) -> Self {
        self.with_target(Kind::Nexus, endpoint, &format!("{service}/{operation}"), None)
    }

    /// Returns the context of a workflow or activity in another namespace. Payloads are still encoded
    /// for the namespace of the call; their objects belong to the target's.
    #[must_use]
    pub fn with_target_namespace(self, namespace: &str) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.about);
        let is_other = inner.namespace.as_deref() != Some(namespace);
        inner.target_namespace = is_other.then(|| namespace.to_owned());
        Self { about: Arc::new(inner), ..self }
    }

    /// Returns the context of a payload that its receiver reads without a pipeline: it is neither encoded
    /// nor stored.
    #[must_use]
    pub fn in_plaintext(mut self) -> Self {
        Arc::make_mut(&mut self.about).plaintext = true;
        self
    }

    /// Returns whether the payload is neither encoded nor stored.
    #[must_use]
    pub fn is_plaintext(&self) -> bool {
        self.about.plaintext
    }

    /// Returns a number that clones of this context have as well, and no other context does at the same
    /// time: payloads of one batch with equal numbers belong to the same target.
    #[must_use]
    pub fn target_id(&self) -> usize {
        Arc::as_ptr(&self.about).addr()
    }

    /// Returns the context for the payloads of a new call of a pipeline.
    #[must_use]
    pub fn in_new_call(&self) -> Self {
        Self { call: Some(CallId::new()), ..self.clone() }
    }

    /// Returns the context with memory accounting by `memory`.
    #[must_use]
    pub fn with_memory(self, memory: CallMemory) -> Self {
        Self { memory: Some(memory), ..self }
    }

    /// Returns the context without memory accounting, for what may live longer than the call: the
    /// reserve of a call stays counted as long as a context of it exists.
    #[must_use]
    pub fn without_memory(&self) -> Self {
        let Self { about, call, memory: _, crossing } = self;
        Self { about: about.clone(), call: call.clone(), memory: None, crossing: crossing.clone() }
    }

    /// Returns the memory accounting of the call, if there is one.
    #[must_use]
    pub fn memory(&self) -> Option<&CallMemory> {
        self.memory.as_ref()
    }

    /// Returns the call of a pipeline that the payload belongs to, if there is one.
    #[must_use]
    pub fn call(&self) -> Option<&CallId> {
        self.call.as_ref()
    }

    /// Returns the namespace.
    #[must_use]
    pub fn namespace_name(&self) -> Option<&str> {
        self.about.namespace.as_deref()
    }

    /// Returns the kind of the payload's owner.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.about.kind
    }

    /// Returns the id of the workflow or activity.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.about.id.as_deref()
    }

    /// Returns the type of the workflow or activity.
    #[must_use]
    pub fn type_name(&self) -> Option<&str> {
        self.about.type_name.as_deref()
    }

    /// Returns the run, if it is known.
    #[must_use]
    pub fn run_id(&self) -> Option<&str> {
        self.about.run_id.as_deref()
    }

    /// Returns the task queue of the workflow or activity, if it is known.
    #[must_use]
    pub fn task_queue(&self) -> Option<&str> {
        self.about.task_queue.as_deref()
    }
}

impl From<Inner> for Context {
    fn from(inner: Inner) -> Self {
        Self { about: Arc::new(inner), call: None, memory: None, crossing: None }
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
mod tests;

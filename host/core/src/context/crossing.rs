//! Payloads that cross namespaces, and objects of other namespaces.

use std::{borrow::Cow, sync::Arc};

use super::{Context, Crossing};
use crate::ObjectScope;

impl Context {
    /// Returns the context of a batch whose payloads have these contexts, one each.
    #[must_use]
    pub fn with_targets(self, targets: Vec<Self>) -> Self {
        self.crossing(|crossing| crossing.targets = targets)
    }

    /// Returns the context of a namespace that may open what was encoded for these others.
    #[must_use]
    pub fn with_readable(self, namespaces: Arc<[String]>) -> Self {
        if namespaces.is_empty() {
            return self;
        }
        self.crossing(|crossing| crossing.readable = namespaces)
    }

    /// Returns the context of a call that reads only objects within this scope.
    #[must_use]
    pub fn with_object_scope(self, scope: ObjectScope) -> Self {
        self.crossing(|crossing| crossing.objects = Some(scope))
    }

    /// Returns the objects that the call may read. `None` if the keys of objects are not looked at.
    #[must_use]
    pub fn object_scope(&self) -> Option<&ObjectScope> {
        self.crossing.as_deref().and_then(|crossing| crossing.objects.as_ref())
    }

    fn crossing(self, change: impl FnOnce(&mut Crossing)) -> Self {
        let mut crossing = self.crossing.as_deref().cloned().unwrap_or_default();
        change(&mut crossing);
        Self { crossing: Some(Arc::new(crossing)), ..self }
    }

    /// Returns the context of one payload of a batch, by its place.
    #[must_use]
    pub fn for_payload(&self, slot: usize) -> Cow<'_, Self> {
        let target = self.crossing.as_deref().and_then(|crossing| crossing.targets.get(slot));
        target.map_or(Cow::Borrowed(self), |target| {
            Cow::Owned(Self { about: target.about.clone(), ..self.clone() })
        })
    }

    /// Returns the context for the driver that stores an object: the namespace is the target's.
    #[must_use]
    pub fn of_target(&self) -> Self {
        let mut ctx = self.clone();
        if ctx.about.target_namespace.is_some() {
            let inner = Arc::make_mut(&mut ctx.about);
            inner.namespace = inner.target_namespace.take();
        }
        ctx
    }

    /// Returns the context for opening a payload that was encoded for `namespace`, if this namespace may
    /// open it. It is the same for any other namespace, which opening then refuses.
    ///
    /// The context may open payloads of no other namespace: a payload that names one is opened as that
    /// one's or not at all.
    #[must_use]
    pub fn opening(&self, namespace: &str) -> Self {
        if !self.readable_namespaces().iter().any(|name| name == namespace) {
            return self.clone();
        }
        let mut ctx = Self { crossing: None, ..self.clone() };
        Arc::make_mut(&mut ctx.about).namespace = Some(namespace.to_owned());
        ctx
    }

    /// Returns the namespaces besides its own whose payloads this one may open.
    #[must_use]
    pub fn readable_namespaces(&self) -> &[String] {
        self.crossing.as_deref().map_or(&[], |crossing| &crossing.readable)
    }
}

//! Endpoints of Nexus: where their handlers are, and who may call them.

use std::collections::BTreeSet;

/// An endpoint of Nexus, as the operator describes it. Only the server knows it for sure, and a caller
/// does not learn it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct NexusEndpoint {
    handlers: Handlers,
    callers: BTreeSet<String>,
}

/// Handlers behind an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Handlers {
    /// Workers of this namespace.
    Namespace(String),
    /// A server at a URL.
    External { is_plaintext: bool },
}

impl NexusEndpoint {
    /// Returns an endpoint whose handlers are workers of a namespace.
    pub fn of_namespace(namespace: &str) -> Self {
        Self { handlers: Handlers::Namespace(namespace.to_owned()), callers: BTreeSet::new() }
    }

    /// Returns an endpoint at a URL, whose server gets inputs as they were encoded.
    pub fn external() -> Self {
        Self { handlers: Handlers::External { is_plaintext: false }, callers: BTreeSet::new() }
    }

    /// Returns an endpoint at a URL, whose server gets inputs in plaintext. They also stand in the
    /// callers' histories in plaintext.
    pub fn external_in_plaintext() -> Self {
        Self { handlers: Handlers::External { is_plaintext: true }, callers: BTreeSet::new() }
    }

    /// Lets these namespaces call the endpoint: its handlers read their inputs, and they the results.
    pub fn with_callers(self, callers: BTreeSet<String>) -> Self {
        Self { callers, ..self }
    }

    /// Returns the namespace of the handlers. `None` if the endpoint is external.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        match &self.handlers {
            Handlers::Namespace(namespace) => Some(namespace),
            Handlers::External { .. } => None,
        }
    }

    /// Returns whether inputs leave in plaintext.
    #[must_use]
    pub fn is_plaintext(&self) -> bool {
        self.handlers == Handlers::External { is_plaintext: true }
    }

    /// Returns the namespaces that may call it, besides the handlers' own.
    pub(crate) fn callers(&self) -> &BTreeSet<String> {
        &self.callers
    }
}

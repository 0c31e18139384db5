//! `[nexus.ENDPOINT]`, as written.

use std::collections::BTreeSet;

use serde::Deserialize;

/// `[nexus.ENDPOINT]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NexusEntry {
    pub(crate) namespace: Option<String>,
    pub(crate) external: Option<ExternalWord>,
    pub(crate) callers: BTreeSet<String>,
}

/// Inputs for an endpoint at a URL.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ExternalWord {
    /// They leave as they were encoded.
    Encoded,
    Plaintext,
}

#[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
impl NexusEntry {
    /// Returns the endpoint of the gateway's policies.
    pub(crate) fn endpoint(&self) -> cloakroom_temporal::NexusEndpoint {
        use cloakroom_temporal::NexusEndpoint;

        let endpoint = match (&self.namespace, self.external) {
            (Some(namespace), _) => NexusEndpoint::of_namespace(namespace),
            (None, Some(ExternalWord::Plaintext)) => NexusEndpoint::external_in_plaintext(),
            (None, _) => NexusEndpoint::external(),
        };
        endpoint.with_callers(self.callers.clone())
    }
}

//! `storage.claims`, as written.

use std::sync::Arc;

use cloakroom_core::KeyRing;
use cloakroom_pipeline::{ClaimPolicy, Offload};
use serde::Deserialize;

use super::date::Date;

/// `storage.claims`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClaimsEntry {
    pub(crate) policy: PolicyWord,
    pub(crate) ring: Option<String>,
    accept_v1_until: Option<Date>,
    #[serde(default)]
    bind_namespace: bool,
}

impl ClaimsEntry {
    /// Returns `offload` with proofs of claims under this ring.
    pub(crate) fn offload(&self, mut offload: Offload, ring: Arc<dyn KeyRing>) -> Offload {
        let Some(policy) = self.policy.claims() else {
            return offload;
        };
        if let Some(until) = &self.accept_v1_until {
            offload = offload.with_v1_claims_until(until.time());
        }
        if self.bind_namespace {
            offload = offload.with_namespace_bound_claims();
        }
        offload.with_claim_proofs(ring, policy)
    }
}

/// Rule for proofs in claims.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PolicyWord {
    Off,
    Write,
    Require,
}

impl PolicyWord {
    fn claims(self) -> Option<ClaimPolicy> {
        match self {
            Self::Off => None,
            Self::Write => Some(ClaimPolicy::Write),
            Self::Require => Some(ClaimPolicy::Require),
        }
    }
}

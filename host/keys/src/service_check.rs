//! Check of the services' keys of a ring: each shows as much as it can.

use aws_lc_rs::{constant_time::verify_slices_are_equal, rand};
use cloakroom_core::{DataKey, Error, KeyContext, KeyFailure, KeyServiceError};

use crate::{access::Access, ring::DataKeys, scope::Scope, secret, settings::Form};

/// Start of bytes that no service has wrapped: the version that Vault reads in them.
const FORGED: [u8; 4] = [0, 0, 0, 1];

/// Random bytes behind [`FORGED`]: as many as an RSA key of 2,048 bits and its version make.
const RANDOM: usize = 16 + 256;

/// Proof of what a key does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyProof {
    /// It wraps and unwraps: a probe came back.
    Probe,
    /// It unwraps: a secret of the ring came back, which it had wrapped before.
    Secret,
    /// It is there and may be asked, and it is not known what it unwraps. The text says why.
    Unprovable(String),
}

/// Outcome of the check of a service's key.
#[derive(Debug)]
#[non_exhaustive]
pub struct ServiceCheck {
    /// URI of the key.
    pub service: String,
    /// True if the key wraps what seals.
    pub is_current: bool,
    /// Proof; an error if the key does not do what the ring needs it for.
    pub outcome: Result<KeyProof, Error>,
}

impl DataKeys {
    /// Has each key of the ring's services unwrap what it has wrapped.
    ///
    /// The current key gets a probe. A retired one gets a secret of the ring if it has wrapped one, else a
    /// probe, and if it wraps nothing any more, random bytes: a service that refuses those has the key, and
    /// lets it be asked. What is asked here has no consequences for the ring.
    pub async fn check_services(&self) -> Vec<ServiceCheck> {
        let mut checks = Vec::new();
        for (place, access) in self.inner.services.iter().enumerate() {
            let is_current = place == 0;
            let outcome = if is_current {
                self.try_probe(access).await.map_err(|failed| failed.error)
            } else {
                self.check_retired(place, access).await
            };
            let outcome = outcome.map_err(|error| access.failure(&error).into());
            checks.push(ServiceCheck { service: access.uri().to_owned(), is_current, outcome });
        }
        checks
    }

    async fn check_retired(
        &self,
        place: usize,
        access: &Access,
    ) -> Result<KeyProof, KeyServiceError> {
        if let Some(known) = self.inner.secrets.iter().find(|secret| secret.service == place) {
            let context = secret::context(&self.inner.name);
            access.try_unwrap(&known.text.wrapped, Some(&context)).await?;
            return Ok(KeyProof::Secret);
        }
        match self.try_probe(access).await {
            Err(Failed { error, is_of_wrap: true }) if !is_of_moment(error.kind()) => {
                self.try_forged(access, &error).await
            }
            probed => probed.map_err(|failed| failed.error),
        }
    }

    /// Wraps a random key, and unwraps it.
    async fn try_probe(&self, access: &Access) -> Result<KeyProof, Failed> {
        let of_wrap = |error| Failed { error, is_of_wrap: true };
        let of_unwrap = |error| Failed { error, is_of_wrap: false };
        let key = DataKey::filled(|bytes| rand::fill(bytes)).map_err(|_| of_unwrap(no_bytes()))?;
        let context = self.context_of_data_keys();
        let wrapped = access.try_wrap(&key, context.as_ref()).await.map_err(of_wrap)?;
        let back = access.try_unwrap(&wrapped, context.as_ref()).await.map_err(of_unwrap)?;
        let is_same = verify_slices_are_equal(key.bytes(), back.bytes()).is_ok();
        is_same.then_some(KeyProof::Probe).ok_or_else(|| of_unwrap(another_key()))
    }

    /// Has random bytes refused by a key that wraps nothing.
    async fn try_forged(
        &self,
        access: &Access,
        refusal: &KeyServiceError,
    ) -> Result<KeyProof, KeyServiceError> {
        let mut forged = [0; FORGED.len() + RANDOM];
        let (start, random) = forged.split_at_mut(FORGED.len());
        start.copy_from_slice(&FORGED);
        rand::fill(random).map_err(|_| no_bytes())?;
        match access.try_unwrap(&forged, self.context_of_data_keys().as_ref()).await {
            Ok(_) => Err(another_key()),
            Err(error) if error.kind() == KeyFailure::Mismatch => {
                Ok(KeyProof::Unprovable(format!(
                    "it may be asked to unwrap, and wraps no probe ({}: {}); nothing here was wrapped by \
                     it, so only a payload under it proves that it opens",
                    refusal.kind().as_str(),
                    refusal.text()
                )))
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the context of data keys for calls without a namespace.
    fn context_of_data_keys(&self) -> Option<KeyContext> {
        let is_ours = self.inner.settings.form == Form::Cloakroom;
        is_ours.then(|| Scope::ring().context(&self.inner.name))
    }
}

/// Failed request of a probe.
struct Failed {
    error: KeyServiceError,
    is_of_wrap: bool,
}

/// Returns whether a failure says nothing about the key.
fn is_of_moment(kind: KeyFailure) -> bool {
    matches!(kind, KeyFailure::Throttled { .. } | KeyFailure::Unavailable)
}

fn another_key() -> KeyServiceError {
    KeyServiceError::new(KeyFailure::Mismatch, "it unwrapped another key than it had wrapped")
}

fn no_bytes() -> KeyServiceError {
    KeyServiceError::new(KeyFailure::Unavailable, "the system's random source failed")
}

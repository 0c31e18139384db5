//! Probe of a key service: wraps and unwraps a random key.

use std::time::{Duration, Instant};

use aws_lc_rs::{constant_time::verify_slices_are_equal, rand};
use cloakroom_core::{DataKey, KeyContext, KeyFailure, KeyService, KeyServiceError, KeyUse};

/// Namespace of the keys that probes wrap.
const PROBE: &str = "cloakroom-probe";

/// Times of a probe that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeReport {
    /// Time of the request that wrapped.
    pub wrap: Duration,
    /// Time of the request that unwrapped.
    pub unwrap: Duration,
}

/// Wraps and unwraps a random key with the context of a ring.
///
/// # Errors
/// Those of the service; `Mismatch` if it unwraps to another key.
pub async fn probe(service: &dyn KeyService, ring: &str) -> Result<ProbeReport, KeyServiceError> {
    let no_random = |_| KeyServiceError::new(KeyFailure::Unavailable, "no random bytes");
    let key = DataKey::filled(|bytes| rand::fill(bytes)).map_err(no_random)?;
    let context =
        KeyContext { ring: ring.into(), namespace: Some(PROBE.into()), key_use: KeyUse::DataKey };
    let began = Instant::now();
    let wrapped = service.wrap(&key, Some(&context)).await?;
    let wrap = began.elapsed();
    let began = Instant::now();
    let unwrapped = service.unwrap(&wrapped, Some(&context)).await?;
    let unwrap = began.elapsed();
    verify_slices_are_equal(key.bytes(), unwrapped.bytes()).map_err(|_| {
        KeyServiceError::new(KeyFailure::Mismatch, "it unwrapped another key than it wrapped")
    })?;
    Ok(ProbeReport { wrap, unwrap })
}

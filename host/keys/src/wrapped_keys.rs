//! Wrapped keys in a bucket, by digest: payloads then carry the digest alone.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use cloakroom_core::{Bucket, Error, ErrorKind, MAX_WRAPPED, PutMode};
use tokio::time::timeout;

use crate::{
    failure::Failure,
    id::{sha256, short},
    metric,
};

/// Start of the keys of objects that hold wrapped keys. It is outside of `v0/ns/`, whose objects expire
/// with the payloads.
pub const WRAPPED_KEYS: &str = "cloakroom/wrapped-keys/";

/// Longest wait for the bucket, to keep a wrapped key or to read one.
const PATIENCE: Duration = Duration::from_secs(5);

/// Time for which a bucket that failed keeps no wrapped keys: each would make its first payload wait.
const PAUSE: Duration = Duration::from_secs(30);

/// Bucket of a ring's wrapped keys.
pub(crate) struct WrappedKeys {
    bucket: Arc<dyn Bucket>,
    ring: Arc<str>,
    paused_until: Mutex<Duration>,
}

impl WrappedKeys {
    pub(crate) fn new(bucket: Arc<dyn Bucket>, ring: Arc<str>) -> Self {
        Self { bucket, ring, paused_until: Mutex::new(Duration::ZERO) }
    }

    /// Keeps a wrapped key: writes it, reads it back and compares. Returns whether a payload may name it by
    /// its digest alone.
    pub(crate) async fn keep(&self, wrapped: &Bytes, digest: &[u8; 32], now: Duration) -> bool {
        if now < *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner) {
            metric::wrapped(&self.ring, "store", "paused");
            return false;
        }
        match within(self.write(wrapped, digest)).await {
            Ok(()) => {
                metric::wrapped(&self.ring, "store", "success");
                true
            }
            Err(error) => {
                *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner) = now + PAUSE;
                metric::wrapped(&self.ring, "store", error.kind().as_str());
                tracing::warn!(
                    ring = &*self.ring,
                    bucket = self.bucket.name(),
                    kind = error.kind().as_str(),
                    %error,
                    "a wrapped key was not kept in its bucket, and stands in each payload instead"
                );
                false
            }
        }
    }

    async fn write(&self, wrapped: &Bytes, digest: &[u8; 32]) -> Result<(), Error> {
        let key = object(digest);
        // Another process may have written it: then it holds the same bytes, or is refused below.
        self.bucket.put(&key, vec![wrapped.clone()], PutMode::Create).await?;
        let read = self.bucket.get(&key, MAX_WRAPPED as u64).await?;
        let is_same = read == *wrapped;
        is_same.then_some(()).ok_or_else(|| {
            Error::new(ErrorKind::Corrupt, "what was read back is not the wrapped key")
        })
    }

    /// Reads the wrapped key that a payload names.
    ///
    /// # Errors
    /// `NotFound` if the bucket has no such object, `Corrupt` if its bytes have another digest; those of
    /// the bucket.
    pub(crate) async fn read(&self, digest: &[u8; 32]) -> Result<Bytes, Failure> {
        let key = object(digest);
        let read = within(self.bucket.get(&key, MAX_WRAPPED as u64)).await;
        let read = match read {
            Ok(bytes) if sha256(&bytes) == *digest => Ok(bytes),
            Ok(_) => Err(ErrorKind::Corrupt),
            // No wrapped key is that large.
            Err(error) if matches!(error.kind(), ErrorKind::LimitExceeded(_)) => {
                Err(ErrorKind::Corrupt)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Err(ErrorKind::NotFound),
            Err(error) => {
                metric::wrapped(&self.ring, "read", error.kind().as_str());
                return Err(self.failure(
                    error.kind(),
                    digest,
                    &format!("cannot be read: {error}"),
                ));
            }
        };
        metric::wrapped(
            &self.ring,
            "read",
            read.as_ref().map_or_else(|kind| kind.as_str(), |_| "success"),
        );
        read.map_err(|kind| match kind {
            ErrorKind::NotFound => self.failure(
                kind,
                digest,
                "is not there: restore the object, or point `bucket` to where it is; no payload under it \
                 opens without it",
            ),
            _ => self.failure(kind, digest, "has other bytes than were kept: restore the object"),
        })
    }

    fn failure(&self, kind: ErrorKind, digest: &[u8; 32], what: &str) -> Failure {
        let (ring, bucket, label) = (&self.ring, self.bucket.name(), short(digest));
        let text = format!("wrapped key `{label}…` of ring `{ring}`, in bucket `{bucket}`, {what}");
        Failure::new(kind, text)
    }
}

/// Returns the failure of a payload that names a wrapped key in a bucket, in a ring without one.
pub(crate) fn no_bucket(ring: &str) -> Failure {
    let text = format!(
        "the payload's wrapped key is kept in a bucket, and ring `{ring}` names none: set its `bucket`"
    );
    Failure::new(ErrorKind::UnknownKey, text)
}

/// Returns the key of a wrapped key's object.
fn object(digest: &[u8; 32]) -> String {
    format!("{WRAPPED_KEYS}{}", hex::encode(digest))
}

async fn within<T>(request: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(PATIENCE, request).await.unwrap_or_else(|_| {
        let text = format!("the bucket did not answer within {} s", PATIENCE.as_secs());
        Err(Error::new(ErrorKind::Unavailable, text))
    })
}

impl fmt::Debug for WrappedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrappedKeys").field("bucket", &self.bucket.name()).finish_non_exhaustive()
    }
}

//! Driver: keeps objects in external storage.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{ByteSize, Context, Envelope, Error, PutOutcome};

/// Names and values by which a driver finds a stored object again. Only the driver that wrote them
/// gives them meaning. They are part of workflow histories, in plaintext.
pub type Claim = BTreeMap<String, String>;

/// Payload to store: its message in pieces, and the SHA-256 of all pieces.
#[derive(Clone)]
pub struct Object {
    envelope: Envelope,
    sha256: [u8; 32],
}

impl Object {
    /// Returns an object of these bytes, which have this SHA-256.
    #[must_use]
    pub fn new(envelope: Envelope, sha256: [u8; 32]) -> Self {
        Self { envelope, sha256 }
    }

    /// Returns the bytes, in pieces.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Returns the SHA-256 of the bytes.
    #[must_use]
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("bytes", &self.envelope.len()).finish_non_exhaustive()
    }
}

/// Keeps objects in external storage.
///
/// The pipeline checks integrity and the authenticity of claims, and bounds concurrency and time.
pub trait Driver: Send + Sync {
    /// Returns the kind of storage, such as `aws.s3driver`, for people and metrics.
    fn kind(&self) -> &str;

    /// Returns everything besides the claim that an answer depends on: who answers, and what it may
    /// access. A cached object is returned only under the same identity, so that a driver is asked again
    /// after its grant was changed.
    ///
    /// The default is the kind.
    fn identity(&self) -> String {
        self.kind().to_owned()
    }

    /// Returns how long one call takes at most, if the driver enforces that itself. The pipeline bounds
    /// the calls of all other drivers, and of drivers that take longer than it allows.
    fn time_limit(&self) -> Option<Duration> {
        None
    }

    /// Stores an object. Storing it twice gives an equal claim, if the backend allows that.
    fn store<'a>(&'a self, ctx: &'a Context, object: Object)
    -> BoxFuture<'a, Result<Claim, Error>>;

    /// Stores an object as [`Driver::store`] does, and returns whether it existed before.
    ///
    /// The default cannot tell, and returns [`PutOutcome::Written`].
    fn store_with_outcome<'a>(
        &'a self,
        ctx: &'a Context,
        object: Object,
    ) -> BoxFuture<'a, Result<(Claim, PutOutcome), Error>> {
        Box::pin(async move { Ok((self.store(ctx, object).await?, PutOutcome::Written)) })
    }

    /// Returns an object of at most `most` bytes. The claim may be forged.
    fn retrieve<'a>(
        &'a self,
        ctx: &'a Context,
        claim: &'a Claim,
        most: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>>;
}

impl<D: Driver + ?Sized> Driver for Arc<D> {
    fn kind(&self) -> &str {
        (**self).kind()
    }

    fn identity(&self) -> String {
        (**self).identity()
    }

    fn time_limit(&self) -> Option<Duration> {
        (**self).time_limit()
    }

    fn store<'a>(
        &'a self,
        ctx: &'a Context,
        object: Object,
    ) -> BoxFuture<'a, Result<Claim, Error>> {
        (**self).store(ctx, object)
    }

    fn store_with_outcome<'a>(
        &'a self,
        ctx: &'a Context,
        object: Object,
    ) -> BoxFuture<'a, Result<(Claim, PutOutcome), Error>> {
        (**self).store_with_outcome(ctx, object)
    }

    fn retrieve<'a>(
        &'a self,
        ctx: &'a Context,
        claim: &'a Claim,
        most: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        (**self).retrieve(ctx, claim, most)
    }
}

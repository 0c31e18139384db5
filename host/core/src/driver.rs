//! What keeps objects elsewhere, and finds them again.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{ByteSize, Context, Envelope, Error, PutOutcome};

/// What finds a stored object again: names and values that only the driver which wrote them gives
/// meaning to. They live in workflow histories, in the clear.
pub type Claim = BTreeMap<String, String>;

/// A payload about to be stored: its message in pieces, and the SHA-256 of all of them.
#[derive(Clone)]
pub struct Object {
    envelope: Envelope,
    sha256: [u8; 32],
}

impl Object {
    /// An object of these bytes, which have this SHA-256.
    pub fn new(envelope: Envelope, sha256: [u8; 32]) -> Self {
        Self { envelope, sha256 }
    }

    /// The bytes, in pieces.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Their SHA-256.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("bytes", &self.envelope.len()).finish_non_exhaustive()
    }
}

/// Keeps objects elsewhere, and finds them again.
///
/// Integrity, permits, deadlines and the claim's authentication are the pipeline's.
pub trait Driver: Send + Sync {
    /// What kind of storage this is, such as `aws.s3driver`, for people and metrics.
    fn kind(&self) -> &str;

    /// Returns what an answer depends on besides its claim: who answers, and what it may reach. An object
    /// that is kept on disk is given back only to the same identity, so that a driver whose grant was
    /// changed is asked again.
    ///
    /// The default is the kind.
    fn identity(&self) -> String {
        self.kind().to_owned()
    }

    /// Returns how long one call takes at most, if the driver holds that limit itself. The pipeline
    /// bounds the calls of all other drivers, and of those that allow themselves more than it does.
    fn time_limit(&self) -> Option<Duration> {
        None
    }

    /// Keeps an object. The same object stored twice gives an equal claim where the backend allows it.
    fn store<'a>(&'a self, ctx: &'a Context, object: Object)
    -> BoxFuture<'a, Result<Claim, Error>>;

    /// Stores an object as [`Driver::store`] does, and tells whether it was there before.
    ///
    /// The default cannot tell and answers [`PutOutcome::Written`].
    fn store_with_outcome<'a>(
        &'a self,
        ctx: &'a Context,
        object: Object,
    ) -> BoxFuture<'a, Result<(Claim, PutOutcome), Error>> {
        Box::pin(async move { Ok((self.store(ctx, object).await?, PutOutcome::Written)) })
    }

    /// Finds an object of at most `most` bytes again. The claim may be forged.
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

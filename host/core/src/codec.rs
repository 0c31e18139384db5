//! What changes payloads, both ways.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::{Context, Error, Payload};

/// What a codec is for. The pipeline orders and guards by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// Makes payloads smaller. A result that is no smaller is dropped, and the payload stays as it was.
    Compression,
    /// Rewrites payloads for another reason.
    Conversion,
    /// Makes payloads unreadable without a key.
    Encryption,
}

/// What a codec says of itself when it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The values of `metadata["encoding"]` that it writes or can read.
    pub encodings: Vec<String>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What became of a payload that was offered to be encoded.
#[derive(Debug)]
pub enum Encoded {
    /// This stands in its place now.
    Changed(Payload),
    /// It is to stay as it is.
    Unchanged,
}

/// Changes payloads, both ways, and keeps nothing.
///
/// A codec sees one payload at a time. Order, passing through what is not its own, and
/// concurrency are the pipeline's.
pub trait Codec: Send + Sync {
    /// What this codec reads and writes, and what for.
    fn description(&self) -> &Description;

    /// Returns whether each call ends within a time limit of the codec's own, as a plugin's does. The
    /// pipeline bounds the calls of all other codecs.
    fn is_bounded(&self) -> bool {
        false
    }

    /// Returns whether the codec has a key to seal with. The program's own codecs are trusted to; a
    /// plugin has one if it imports keys and was granted some.
    fn has_key(&self) -> bool {
        true
    }

    /// Says whether this codec takes the payloads of one more call. A pipeline asks once a call,
    /// before its first payload.
    ///
    /// # Errors
    /// `Busy` if it has more work than it can take.
    fn admit(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Offers a payload to be encoded.
    fn encode<'a>(
        &'a self,
        ctx: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>>;

    /// Decodes a payload whose encoding is one that the description names.
    fn decode<'a>(
        &'a self,
        ctx: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>>;
}

impl<C: Codec + ?Sized> Codec for Arc<C> {
    fn description(&self) -> &Description {
        (**self).description()
    }

    fn is_bounded(&self) -> bool {
        (**self).is_bounded()
    }

    fn has_key(&self) -> bool {
        (**self).has_key()
    }

    fn admit(&self) -> Result<(), Error> {
        (**self).admit()
    }

    fn encode<'a>(
        &'a self,
        ctx: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        (**self).encode(ctx, payload)
    }

    fn decode<'a>(
        &'a self,
        ctx: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        (**self).decode(ctx, payload)
    }
}

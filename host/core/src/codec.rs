//! Codec: changes payloads, both ways.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::{Context, ENCODING, Error, Payload};

/// Purpose of a codec. The pipeline checks the order of stages by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// Makes payloads smaller. The pipeline drops a result that is no smaller.
    Compression,
    /// Rewrites payloads for another reason.
    Conversion,
    /// Makes payloads unreadable without a key.
    Encryption,
}

/// Encoding of Temporal's samples, and of temporal-proxy, whose payloads have an entry that the others have
/// not: their wrapped data key.
const ENCRYPTED: &str = "binary/encrypted";
const WRAPPED_KEY: &str = "encryption-dek";

/// Facts about a codec that the pipeline needs before the first payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Values of `metadata["encoding"]` that it writes or can read.
    ///
    /// `binary/encrypted` is that of Temporal's samples. The payloads of temporal-proxy, which call theirs
    /// so too, are meant by [`Description::TEMPORAL_PROXY`].
    pub encodings: Vec<String>,
    /// Purpose.
    pub purpose: Purpose,
}

impl Description {
    /// Name by which a codec says that it reads or writes the payloads of temporal-proxy.
    pub const TEMPORAL_PROXY: &'static str = "binary/encrypted;encryption-dek";

    /// Returns whether a payload has one of the encodings.
    #[must_use]
    pub fn has_encoding_of(&self, payload: &Payload) -> bool {
        let Some(encoding) = payload.metadata.get(ENCODING) else {
            return false;
        };
        // A codec that was offered the one format for the other would report a forged payload.
        let named =
            if is_of_temporal_proxy(payload) { Self::TEMPORAL_PROXY.as_bytes() } else { encoding };
        self.encodings.iter().any(|own| own.as_bytes() == named)
    }
}

/// Returns whether a payload has the format of temporal-proxy: it carries its wrapped data key.
#[must_use]
pub fn is_of_temporal_proxy(payload: &Payload) -> bool {
    // The encoding first, by which most payloads are of another format.
    payload.metadata.get(ENCODING).is_some_and(|encoding| encoding == ENCRYPTED)
        && payload.metadata.contains_key(WRAPPED_KEY)
}

/// Result of encoding a payload.
#[derive(Debug)]
pub enum Encoded {
    /// The encoded payload.
    Changed(Payload),
    /// The payload stays as it is.
    Unchanged,
}

/// Changes payloads, both ways, and keeps nothing.
///
/// A codec sees one payload at a time. The pipeline decides about order and concurrency, and passes
/// payloads with other encodings through.
pub trait Codec: Send + Sync {
    /// Returns the codec's encodings and purpose.
    fn description(&self) -> &Description;

    /// Returns names of metadata by which the codec also owns payloads, whatever their encoding: for
    /// formats that keep the encoding of what they replace, and mark the payload with an entry of their
    /// own. None by default.
    fn metadata_names(&self) -> &[String] {
        &[]
    }

    /// Returns whether the codec bounds the time of each call itself, as a plugin does. The pipeline
    /// bounds the calls of all other codecs.
    fn is_bounded(&self) -> bool {
        false
    }

    /// Returns whether the codec has a key to encrypt with. Native codecs are trusted to have one; a
    /// plugin has one if it imports keys and was granted some.
    fn has_key(&self) -> bool {
        true
    }

    /// Returns whether a host may try the codec with payloads of its own making while it loads a
    /// configuration. False for a codec that would store them where they stay.
    fn takes_probes(&self) -> bool {
        true
    }

    /// Accepts or refuses the payloads of one more call. A pipeline asks once a call, before its first
    /// payload.
    ///
    /// # Errors
    /// `Busy` if it has more work than it can take.
    fn admit(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Encodes a payload, or leaves it unchanged.
    fn encode<'a>(
        &'a self,
        ctx: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>>;

    /// Decodes a payload whose encoding is in the description, or that has one of the metadata names.
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

    fn metadata_names(&self) -> &[String] {
        (**self).metadata_names()
    }

    fn is_bounded(&self) -> bool {
        (**self).is_bounded()
    }

    fn has_key(&self) -> bool {
        (**self).has_key()
    }

    fn takes_probes(&self) -> bool {
        (**self).takes_probes()
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

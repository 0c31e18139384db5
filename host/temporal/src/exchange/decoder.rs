//! Codec for tests: decodes as a function says, and encodes nothing.

use std::future::ready;

use cloakroom_core::{Codec, Context, Description, Encoded, Error, Payload, Purpose};
use futures::future::BoxFuture;

/// A codec that calls a function to decode.
pub(super) struct Decoder<F> {
    description: Description,
    decode: F,
}

impl<F: Fn(Payload) -> Result<Payload, Error>> Decoder<F> {
    /// Returns a codec for payloads of this encoding.
    pub(super) fn new(encoding: &str, purpose: Purpose, decode: F) -> Self {
        let encodings = vec![encoding.to_owned()];
        Self { description: Description { encodings, purpose }, decode }
    }
}

impl<F> Codec for Decoder<F>
where
    F: Fn(Payload) -> Result<Payload, Error> + Send + Sync + 'static,
{
    fn description(&self) -> &Description {
        &self.description
    }

    fn encode<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        Box::pin(ready(Ok(Encoded::Unchanged)))
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(ready((self.decode)(payload)))
    }
}

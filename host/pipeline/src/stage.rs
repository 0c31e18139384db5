//! A codec at its place in a pipeline.

use std::{fmt, sync::Arc};

use cloakroom_core::{Codec, Context, Direction, Encoded, Error, ErrorKind, Payload, Purpose};
use tracing::Instrument as _;

use crate::metric;

/// A codec with the name it goes by in errors.
#[derive(Clone)]
pub struct Stage {
    name: Arc<str>,
    codec: Arc<dyn Codec>,
    required: bool,
}

impl Stage {
    /// A stage of this codec.
    pub fn new(name: &str, codec: impl Codec + 'static) -> Self {
        Self { name: Arc::from(name), codec: Arc::new(codec), required: false }
    }

    /// Refuses payloads that do not arrive sealed by this stage, instead of passing them through.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The name it goes by in errors.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its codec is for.
    pub fn purpose(&self) -> Purpose {
        self.codec.description().purpose
    }

    /// The encodings that its codec writes or can read.
    pub fn encodings(&self) -> &[String] {
        &self.codec.description().encodings
    }

    /// Whether it refuses what arrives unsealed.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Asks the codec whether it takes another call. A refusal is a failure of the call's first payload.
    pub(crate) fn admit(&self, direction: Direction) -> Result<(), Error> {
        let word = match direction {
            Direction::Encode => "encode",
            Direction::Decode => "decode",
        };
        self.codec.admit().map_err(|error| {
            metric::refused("stage", &self.name, word, error).at_stage(&self.name, direction, 0)
        })
    }

    pub(crate) async fn encode(
        &self,
        ctx: &Context,
        slot: usize,
        payload: Payload,
    ) -> Result<Payload, Error> {
        let size = payload.encoded_len();
        let call = metric::Call::begin("stage", &self.name, "encode", Some(size));
        let encoded = self.codec.encode(ctx, &payload).instrument(self.span("encode", size)).await;
        let encoded = encoded.and_then(|encoded| self.keep_or_leave(payload, encoded));
        let encoded = call.end(encoded, Payload::encoded_len);
        encoded.map_err(|error| error.at_stage(&self.name, Direction::Encode, slot))
    }

    /// A payload that already has an encoding of this stage must be changed: left as it is, decoding
    /// would take it for this stage's work and undo what was never done.
    fn keep_or_leave(&self, payload: Payload, encoded: Encoded) -> Result<Payload, Error> {
        let looks_ours = self.owns(&payload);
        match encoded {
            Encoded::Changed(changed) if looks_ours || !self.is_futile(&payload, &changed) => {
                Ok(changed)
            }
            Encoded::Unchanged if looks_ours => Err(Error::new(
                ErrorKind::Protocol,
                "left alone a payload whose encoding it would take for its own when decoding",
            )),
            Encoded::Unchanged if self.required => Err(Error::new(
                ErrorKind::Unsealed,
                "left a payload unsealed, and this stage is required",
            )),
            Encoded::Changed(_) | Encoded::Unchanged => Ok(payload),
        }
    }

    fn is_futile(&self, before: &Payload, after: &Payload) -> bool {
        self.purpose() == Purpose::Compression && before.encoded_len() <= after.encoded_len()
    }

    pub(crate) async fn decode(
        &self,
        ctx: &Context,
        slot: usize,
        payload: Payload,
    ) -> Result<Payload, Error> {
        let decoded = match self.owns(&payload) {
            true => {
                let size = payload.encoded_len();
                let call = metric::Call::begin("stage", &self.name, "decode", Some(size));
                let decoded = self.codec.decode(ctx, payload);
                let decoded = decoded.instrument(self.span("decode", size)).await;
                call.end(decoded, Payload::encoded_len)
            }
            false if self.required => {
                Err(metric::refused("stage", &self.name, "decode", unsealed()))
            }
            false => Ok(payload),
        };
        decoded.map_err(|error| error.at_stage(&self.name, Direction::Decode, slot))
    }

    fn span(&self, direction: &'static str, bytes: usize) -> tracing::Span {
        tracing::debug_span!("stage", name = &*self.name, direction, bytes)
    }

    pub(crate) fn owns(&self, payload: &Payload) -> bool {
        payload
            .encoding()
            .is_some_and(|encoding| self.encodings().iter().any(|own| own == encoding))
    }
}

fn unsealed() -> Error {
    let text = "the payload arrived unsealed, and this stage is required: \
                if it is older than the key, decode it once without `required`";
    Error::new(ErrorKind::Unsealed, text)
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("name", &self.name)
            .field("description", self.codec.description())
            .field("required", &self.required)
            .finish()
    }
}

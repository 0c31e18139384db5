//! A codec at its place in a pipeline.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use cloakroom_core::{
    Codec, Context, Direction, Encoded, Error, ErrorKind, Limit, Payload, Purpose,
};
use tracing::Instrument as _;

use crate::{catch_panic, metric};

/// How long a call of a codec may take that has no time limit of its own.
pub(crate) const CODEC_TIME: Duration = Duration::from_secs(120);

/// A codec with the name it goes by in errors.
#[derive(Clone)]
pub struct Stage {
    name: Arc<str>,
    pub(crate) codec: Arc<dyn Codec>,
    required: Required,
    /// How long a call may take, if the codec has no time limit of its own.
    time: Duration,
}

/// Which unsealed payloads a stage refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Required {
    No,
    ToEncode,
    BothWays,
}

impl Stage {
    /// A stage of this codec.
    pub fn new(name: &str, codec: impl Codec + 'static) -> Self {
        let (name, codec) = (Arc::from(name), Arc::new(codec));
        Self { name, codec, required: Required::No, time: CODEC_TIME }
    }

    /// Refuses payloads that do not arrive sealed by this stage, instead of passing them through.
    pub fn required(mut self) -> Self {
        self.required = Required::BothWays;
        self
    }

    /// Refuses to leave a payload unsealed while encoding, and lets unsealed ones pass while decoding:
    /// for a namespace whose histories are older than this stage.
    ///
    /// Whoever can write into a history can then pass off plaintext as a worker's. Each payload that
    /// passes is counted as [`metric::PLAINTEXT`]; a payload that claims an encoding of any stage is
    /// still opened by that stage, or refused.
    pub fn required_to_encode(mut self) -> Self {
        self.required = Required::ToEncode;
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
        self.required == Required::BothWays
    }

    /// Returns whether it refuses to leave a payload unsealed while encoding.
    pub fn is_required_to_encode(&self) -> bool {
        self.required != Required::No
    }

    /// Returns whether it would let a payload pass that [`Stage::required`] would refuse.
    pub(crate) fn lets_pass_unsealed(&self, payload: &Payload) -> bool {
        self.required == Required::ToEncode && !self.owns(payload)
    }

    /// Sets how long a call may take, if the codec has no time limit of its own.
    pub(crate) fn codec_time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Asks the codec whether it takes another call. A refusal is a failure of the call's first payload.
    pub(crate) fn admit(&self, ctx: &Context, direction: Direction) -> Result<(), Error> {
        self.codec.admit().map_err(|error| {
            let refused = metric::refused(ctx, "stage", &self.name, direction, error);
            refused.at_stage(&self.name, direction, 0)
        })
    }

    pub(crate) async fn encode(
        &self,
        ctx: &Context,
        slot: usize,
        payload: Payload,
    ) -> Result<Payload, Error> {
        let must_change = self.owns(&payload);
        self.encode_payload(ctx, slot, payload, must_change).await
    }

    /// Encodes a payload, also if that does not make it smaller.
    pub(crate) async fn encode_always(
        &self,
        ctx: &Context,
        slot: usize,
        payload: Payload,
    ) -> Result<Payload, Error> {
        self.encode_payload(ctx, slot, payload, true).await
    }

    async fn encode_payload(
        &self,
        ctx: &Context,
        slot: usize,
        payload: Payload,
        must_change: bool,
    ) -> Result<Payload, Error> {
        let size = payload.encoded_len();
        let call = metric::Call::begin(ctx, "stage", &self.name, Direction::Encode, Some(size));
        let encoded = self.call(async { self.codec.encode(ctx, &payload).await });
        let encoded = encoded.instrument(self.span(Direction::Encode, size)).await;
        let encoded = encoded.and_then(|encoded| self.keep_or_leave(payload, encoded, must_change));
        let encoded = call.end(encoded, Payload::encoded_len);
        encoded.map_err(|error| error.at_stage(&self.name, Direction::Encode, slot))
    }

    /// A payload that already has an encoding of this stage must be changed: left as it is, decoding
    /// would take it for this stage's work and undo what was never done.
    fn keep_or_leave(
        &self,
        payload: Payload,
        encoded: Encoded,
        must_change: bool,
    ) -> Result<Payload, Error> {
        let looks_ours = self.owns(&payload);
        if let Encoded::Changed(changed) = &encoded
            && !self.owns(changed)
        {
            // The encoding itself is the codec's text, and could hold anything.
            let text = "wrote an encoding that it did not declare";
            return Err(Error::new(ErrorKind::Protocol, text));
        }
        match encoded {
            Encoded::Changed(changed) if must_change || !self.is_futile(&payload, &changed) => {
                Ok(changed)
            }
            Encoded::Unchanged if looks_ours => Err(Error::new(
                ErrorKind::Protocol,
                "left alone a payload whose encoding it would take for its own when decoding",
            )),
            Encoded::Unchanged if self.is_required_to_encode() => Err(Error::new(
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
                let call =
                    metric::Call::begin(ctx, "stage", &self.name, Direction::Decode, Some(size));
                let decoded = self.call(async { self.codec.decode(ctx, payload).await });
                let decoded = decoded.instrument(self.span(Direction::Decode, size)).await;
                call.end(decoded, Payload::encoded_len)
            }
            false if self.is_required() => {
                let error = unsealed();
                Err(metric::refused(ctx, "stage", &self.name, Direction::Decode, error))
            }
            false => Ok(payload),
        };
        decoded.map_err(|error| error.at_stage(&self.name, Direction::Decode, slot))
    }

    /// Waits for a call of the codec. Its panic is an error, and so is taking too long.
    pub(crate) async fn call<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let call = catch_panic::catch_panic("the codec", call);
        if self.codec.is_bounded() {
            return call.await;
        }
        tokio::time::timeout(self.time, call).await.unwrap_or_else(|_| {
            let text = format!(
                "the codec did not finish within {:?} (`PipelineBuilder::codec_time`)",
                self.time
            );
            Err(Error::new(ErrorKind::LimitExceeded(Limit::Time), text))
        })
    }

    fn span(&self, direction: Direction, bytes: usize) -> tracing::Span {
        let direction = direction.as_str();
        tracing::debug_span!("stage", stage = &*self.name, direction, bytes)
    }

    pub(crate) fn owns(&self, payload: &Payload) -> bool {
        payload
            .encoding()
            .is_some_and(|encoding| self.encodings().iter().any(|own| own == encoding))
    }
}

fn unsealed() -> Error {
    let text = "the payload arrived unsealed, and this stage is required: \
                if it was written before this stage was there, `required = \"encode\"` lets it pass";
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

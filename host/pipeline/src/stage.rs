//! Stage: a codec at its place in a pipeline.

use std::{
    borrow::Cow,
    fmt,
    future::Future,
    mem::take,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use cloakroom_core::{
    Codec, Context, Direction, Encoded, Error, ErrorKind, Limit, Payload, Purpose, Remedy,
    is_of_temporal_proxy,
};

use crate::{
    part::{Part, PartCall},
    tasks::catch_panic,
};

/// Default time limit of a call of a codec that has none of its own.
pub(crate) const CODEC_TIME: Duration = Duration::from_secs(120);

/// Codec with a name, at its place in a pipeline.
#[derive(Clone)]
pub struct Stage {
    part: Arc<Part>,
    pub(crate) codec: Arc<dyn Codec>,
    required: Required,
    /// Time limit of a call, if the codec has none of its own.
    time: Duration,
}

/// Unencrypted payloads that a stage refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Required {
    No,
    ToEncode,
    BothWays,
}

impl Stage {
    /// Returns a stage of this codec. Errors, metrics and logs show the name.
    #[must_use]
    pub fn new(name: &str, codec: impl Codec + 'static) -> Self {
        let (part, codec) = (Part::stage(name), Arc::new(codec));
        Self { part, codec, required: Required::No, time: CODEC_TIME }
    }

    /// Refuses to decode payloads that this stage has not encrypted, and refuses to leave a payload
    /// unencrypted. Without this, such payloads pass.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = Required::BothWays;
        self
    }

    /// Refuses to leave a payload unencrypted, but lets unencrypted payloads pass while decoding: for a
    /// namespace whose histories are older than this stage.
    ///
    /// Anybody who can write into a history can then pass off plaintext as a worker's. Each payload that
    /// passes is counted as [`PLAINTEXT`](crate::metric::PLAINTEXT). A payload that claims an encoding of
    /// any stage is still decoded by that stage, or refused.
    #[must_use]
    pub fn required_to_encode(mut self) -> Self {
        self.required = Required::ToEncode;
        self
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.part.name()
    }

    /// Returns the purpose of its codec.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.codec.description().purpose
    }

    /// Returns the encodings that its codec writes or can read.
    #[must_use]
    pub fn encodings(&self) -> &[String] {
        &self.codec.description().encodings
    }

    /// Returns names of metadata by which its codec also owns payloads, whatever their encoding.
    #[must_use]
    pub fn metadata_names(&self) -> &[String] {
        self.codec.metadata_names()
    }

    /// Returns whether its codec may be tried with payloads of a host's own making.
    #[must_use]
    pub fn takes_probes(&self) -> bool {
        self.codec.takes_probes()
    }

    /// Returns whether it refuses to decode unencrypted payloads.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.required == Required::BothWays
    }

    /// Returns whether it refuses to leave a payload unencrypted.
    #[must_use]
    pub fn is_required_to_encode(&self) -> bool {
        self.required != Required::No
    }

    /// Returns whether it lets a payload pass that [`Stage::required`] would refuse.
    pub(crate) fn lets_plaintext_pass(&self, payload: &Payload) -> bool {
        self.required == Required::ToEncode && !self.owns(payload)
    }

    /// Sets the time limit of a call, if the codec has none of its own.
    pub(crate) fn codec_time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Asks the codec whether it takes another call. A refusal is a failure of the call's first payload.
    pub(crate) fn admit(
        &self,
        ctx: &Context,
        direction: Direction,
        first: usize,
    ) -> Result<(), Error> {
        let admitted = self.codec.admit();
        admitted.map_err(|e| PartCall::refuse_stage(ctx, &self.part, direction, first, e))
    }

    /// Encodes a payload in its place. With `always`, the codec must change it even if that makes it no
    /// smaller.
    pub(crate) async fn encode(
        &self,
        ctx: &Context,
        slot: usize,
        payload: &mut Payload,
        always: bool,
    ) -> Result<(), Error> {
        let size = payload.encoded_len();
        let call = PartCall::stage(ctx, &self.part, Direction::Encode, slot, size);
        let encode = pin!(async {
            let encoded = {
                let encode = pin!(async { self.codec.encode(ctx, payload).await });
                self.call(encode).await?
            };
            let must_change = always || self.owns(payload);
            self.choose(payload, encoded, must_change)?;
            Ok(payload.encoded_len())
        });
        call.run(encode, |bytes| *bytes).await.map(drop)
    }

    /// Puts the codec's result into the place of a payload, or leaves the payload as it was.
    ///
    /// A payload that claims an encoding of this stage must be changed. If it stayed as it is, decoding
    /// would take it for this stage's work and undo what was never done.
    fn choose(
        &self,
        payload: &mut Payload,
        encoded: Encoded,
        must_change: bool,
    ) -> Result<(), Error> {
        match encoded {
            // The encoding itself is text of the codec, and could hold anything.
            Encoded::Changed(changed) if !self.owns(&changed) => {
                Err(Error::new(ErrorKind::Protocol, "wrote an encoding that it did not declare"))
            }
            Encoded::Changed(changed) if must_change || !self.is_futile(payload, &changed) => {
                *payload = changed;
                Ok(())
            }
            Encoded::Unchanged if self.owns(payload) => Err(Error::new(
                ErrorKind::Protocol,
                "left alone a payload whose encoding it would take for its own when decoding",
            )),
            Encoded::Unchanged if self.is_required_to_encode() => Err(Error::new(
                ErrorKind::Unsealed,
                "left a payload unsealed, and this stage is required",
            )),
            Encoded::Changed(_) | Encoded::Unchanged => Ok(()),
        }
    }

    /// Returns whether compression made a payload no smaller.
    fn is_futile(&self, before: &Payload, after: &Payload) -> bool {
        self.purpose() == Purpose::Compression && after.encoded_len() >= before.encoded_len()
    }

    /// Decodes a payload of this stage in its place. Others pass, unless the stage is required. After a
    /// failure, the payload is not to be used.
    pub(crate) async fn decode(
        &self,
        ctx: &Context,
        slot: usize,
        payload: &mut Payload,
    ) -> Result<(), Error> {
        if self.owns(payload) {
            let size = payload.encoded_len();
            let ctx = &opening(ctx, payload);
            let call = PartCall::stage(ctx, &self.part, Direction::Decode, slot, size);
            let decode = pin!(async {
                let decoded = {
                    let decode = pin!(async { self.codec.decode(ctx, take(payload)).await });
                    self.call(decode).await?
                };
                *payload = decoded;
                Ok(payload.encoded_len())
            });
            return call.run(decode, |bytes| *bytes).await.map(drop);
        }
        if self.is_required() {
            let error = unencrypted(payload);
            return Err(PartCall::refuse_stage(ctx, &self.part, Direction::Decode, slot, error));
        }
        Ok(())
    }

    /// Waits for a call of the codec. A panic is an error, and so is exceeding the time limit.
    pub(crate) async fn call<T>(
        &self,
        call: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        let mut call = pin!(catch_panic("the codec", call));
        // A plugin's host counts what the plugin uses. A timer here would also count the load of
        // the machine, and blame the plugin for it.
        if self.codec.is_bounded() {
            return call.await;
        }
        tokio::time::timeout(self.time, call.as_mut()).await.unwrap_or_else(|_| {
            let text = format!("the codec did not finish within {:?}", self.time);
            let error = Error::new(ErrorKind::LimitExceeded(Limit::Time), text);
            Err(error.with_remedies(&[Remedy::CodecTime]))
        })
    }

    /// Returns whether a payload claims an encoding or a metadata name of this stage, and is not another
    /// program's under the same name.
    pub(crate) fn owns(&self, payload: &Payload) -> bool {
        let is_marked = |name: &String| payload.metadata.contains_key(name);
        let is_marked = self.codec.metadata_names().iter().any(is_marked);
        self.codec.description().has_encoding_of(payload)
            || (is_marked && !is_of_temporal_proxy(payload))
    }
}

/// Metadata with the namespace that a payload was encrypted for, as the bundled cipher writes it.
const SEALED_NAMESPACE: &str = "sealed-namespace";

/// Returns the context in which a payload is opened: that of the namespace it was encrypted for, if the
/// operator lets the call's namespace read that one's payloads.
///
/// The entry is a hint of a stranger and no proof. It can only choose among namespaces whose payloads are
/// readable here anyway, and the cipher binds the entry, so a wrong one does not open.
pub(crate) fn opening<'a>(ctx: &'a Context, payload: &Payload) -> Cow<'a, Context> {
    if ctx.readable_namespaces().is_empty() {
        return Cow::Borrowed(ctx);
    }
    let entry = payload.metadata.get(SEALED_NAMESPACE);
    match entry.and_then(|name| std::str::from_utf8(name).ok()) {
        Some(name) => Cow::Owned(ctx.opening(name)),
        None => Cow::Borrowed(ctx),
    }
}

fn unencrypted(payload: &Payload) -> Error {
    let text = if is_of_temporal_proxy(payload) {
        "the payload is encrypted in the format of temporal-proxy, which no stage opens, and this stage \
         is required: accept that format, decode it behind that proxy, or let such payloads pass"
    } else {
        "the payload arrived unsealed, and this stage is required: \
         if it was written before this stage was there, let such payloads pass"
    };
    Error::new(ErrorKind::Unsealed, text).with_remedies(&[Remedy::RequiredToEncode])
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("name", &self.name())
            .field("description", self.codec.description())
            .field("required", &self.required)
            .finish()
    }
}

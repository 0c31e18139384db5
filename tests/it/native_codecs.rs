//! Codecs in Rust that have one fault each.

use cloakroom::{
    Codec, Context, Error, Payload,
    codec::{Description, Encoded, Purpose},
};
use futures::future::BoxFuture;

type Encode = Box<dyn Fn(&Payload) -> Encoded + Send + Sync>;
type Decode = Box<dyn Fn(Payload) -> Result<Payload, Error> + Send + Sync>;

/// A codec that wraps a payload whole.
pub(crate) struct Native {
    description: Description,
    encode: Encode,
    decode: Decode,
}

/// The encoding of [`Native`].
pub(crate) const OWN: &str = "binary/native";

impl Native {
    /// A codec without a fault.
    pub(crate) fn faithful() -> Self {
        Self {
            description: Description {
                encodings: vec![OWN.to_owned()],
                purpose: Purpose::Conversion,
            },
            encode: Box::new(|payload| Encoded::Changed(wrapped(payload))),
            decode: Box::new(|payload| Payload::from_envelope(payload.data)),
        }
    }

    /// One that encodes so.
    pub(crate) fn encoding(
        mut self,
        encode: impl Fn(&Payload) -> Encoded + Send + Sync + 'static,
    ) -> Self {
        self.encode = Box::new(encode);
        self
    }

    /// One that changes what it has decoded so.
    pub(crate) fn spoiling(mut self, spoil: impl Fn(&mut Payload) + Send + Sync + 'static) -> Self {
        self.decode = Box::new(move |payload| {
            let mut payload = Payload::from_envelope(payload.data)?;
            spoil(&mut payload);
            Ok(payload)
        });
        self
    }

    /// One for this.
    pub(crate) fn purpose(mut self, purpose: Purpose) -> Self {
        self.description.purpose = purpose;
        self
    }
}

/// A payload as [`Native`] encodes it.
pub(crate) fn wrapped(payload: &Payload) -> Payload {
    Payload::new(OWN, payload.envelope().to_bytes())
}

/// A cipher that leaves payloads with this body as they are.
pub(crate) fn leaving(body: &'static str) -> Native {
    Native::faithful().purpose(Purpose::Encryption).encoding(move |payload| {
        if payload.data == body { Encoded::Unchanged } else { Encoded::Changed(wrapped(payload)) }
    })
}

impl Codec for Native {
    fn description(&self) -> &Description {
        &self.description
    }

    fn encode<'a>(
        &'a self,
        _: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        Box::pin(async { Ok((self.encode)(payload)) })
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(async { (self.decode)(payload) })
    }
}

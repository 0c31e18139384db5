//! Codec under test, and the calls that rules make.

use std::sync::Arc;

use cloakroom_core::{Codec, Encoded, Error, Payload, Purpose};

use crate::{
    options::Options,
    sample::{Sampler, context},
    verdict::{Stop, broken, call, describe, not_run},
};

/// Codec under test, and its relatives.
pub(crate) struct CodecSubject {
    pub(crate) codec: Arc<dyn Codec>,
    pub(crate) twin: Option<Arc<dyn Codec>>,
    pub(crate) other_key: Option<Arc<dyn Codec>>,
    pub(crate) missing_key: Option<Arc<dyn Codec>>,
    pub(crate) tight: Option<Arc<dyn Codec>>,
    pub(crate) is_repeatable: bool,
    pub(crate) options: Options,
}

impl CodecSubject {
    pub(crate) fn new(codec: Arc<dyn Codec>) -> Self {
        Self {
            codec,
            twin: None,
            other_key: None,
            missing_key: None,
            tight: None,
            is_repeatable: false,
            options: Options::default(),
        }
    }

    pub(crate) fn purpose(&self) -> Purpose {
        self.codec.description().purpose
    }

    pub(crate) fn sampler(&self, rule: &str) -> Sampler {
        Sampler::new(self.options.seed, rule)
    }

    /// Returns an error for rules that only concern codecs that encrypt, if this one does not.
    pub(crate) fn must_encrypt(&self) -> Result<(), Stop> {
        if self.purpose() == Purpose::Encryption {
            Ok(())
        } else {
            Err(not_run("the codec does not encrypt"))
        }
    }

    pub(crate) async fn encode(&self, payload: &Payload) -> Result<Option<Payload>, Error> {
        encode(&*self.codec, payload).await
    }

    pub(crate) async fn decode(&self, payload: Payload) -> Result<Payload, Error> {
        decode(&*self.codec, payload).await
    }

    /// Returns the encoded payload. None if the codec leaves it as it is.
    pub(crate) async fn encoded(
        &self,
        case: &str,
        payload: &Payload,
    ) -> Result<Option<Payload>, Stop> {
        let encoded = self.encode(payload).await;
        encoded.map_err(|error| broken(case, format!("encoding ended with {}", describe(&error))))
    }

    /// Encodes a payload and decodes the result.
    pub(crate) async fn returns(&self, case: &str, payload: &Payload) -> Result<(), Stop> {
        let Some(encoded) = self.encoded(case, payload).await? else {
            return Ok(());
        };
        self.decodes_to(case, encoded, payload).await
    }

    /// Decodes a payload, which must give another one.
    pub(crate) async fn decodes_to(
        &self,
        case: &str,
        encoded: Payload,
        expected: &Payload,
    ) -> Result<(), Stop> {
        self.decodes_to_with(case, encoded, expected, |_| "").await
    }

    /// Does the same, with advice on an error.
    pub(crate) async fn decodes_to_with(
        &self,
        case: &str,
        encoded: Payload,
        expected: &Payload,
        advice: impl Fn(&Error) -> &'static str,
    ) -> Result<(), Stop> {
        match self.decode(encoded).await {
            Ok(decoded) => match difference(expected, &decoded) {
                Some(found) => Err(broken(case, found)),
                None => Ok(()),
            },
            Err(error) => {
                let (error, advice) = (describe(&error), advice(&error));
                Err(broken(case, format!("decoding ended with {error}{advice}")))
            }
        }
    }
}

/// Encodes a payload. None if the codec leaves it as it is.
pub(crate) async fn encode(codec: &dyn Codec, payload: &Payload) -> Result<Option<Payload>, Error> {
    match call(codec.encode(&context(), payload)).await? {
        Encoded::Changed(encoded) => Ok(Some(encoded)),
        Encoded::Unchanged => Ok(None),
    }
}

pub(crate) async fn decode(codec: &dyn Codec, payload: Payload) -> Result<Payload, Error> {
    call(codec.decode(&context(), payload)).await
}

/// Returns how a payload differs from what it should be, without its contents.
fn difference(expected: &Payload, found: &Payload) -> Option<String> {
    if found == expected {
        return None;
    }
    let (sent, back) = (expected.data.len(), found.data.len());
    if sent != back {
        return Some(format!("{back} bytes came back in place of {sent}"));
    }
    if expected.data != found.data {
        return Some("other bytes came back".to_owned());
    }
    let (sent, back) = (expected.metadata.len(), found.metadata.len());
    if sent != back {
        return Some(format!("{back} metadata entries came back in place of {sent}"));
    }
    Some("other metadata came back".to_owned())
}

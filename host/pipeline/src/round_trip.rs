//! Trial of a stage's codec alone, before it gets traffic.

use std::{collections::BTreeSet, pin::pin};

use aws_lc_rs::rand;
use cloakroom_core::{Context, Encoded, Error, ErrorKind, Payload};

use crate::Stage;

impl Stage {
    /// Encodes a payload with the codec of this stage alone and decodes the result. A codec may leave
    /// the payload as it is, unless its encoding is one of the codec's own.
    ///
    /// # Errors
    /// `PluginRejected` if the payload does not come back, or if the codec writes an encoding that it
    /// did not declare; otherwise the codec's own error.
    pub async fn round_trip(&self, ctx: &Context, payload: &Payload) -> Result<(), Error> {
        let encoded = self.call(pin!(async { self.codec.encode(ctx, payload).await })).await?;
        let encoded = match encoded {
            Encoded::Unchanged if self.owns(payload) => {
                return Err(rejected(
                    "it leaves alone a payload with an encoding of its own, and would take it for \
                     its work when decoding",
                ));
            }
            Encoded::Unchanged => return Ok(()),
            Encoded::Changed(encoded) => encoded,
        };
        if !self.owns(&encoded) {
            return Err(rejected("it writes an encoding that it did not declare"));
        }
        if self.call(pin!(async { self.codec.decode(ctx, encoded).await })).await? == *payload {
            Ok(())
        } else {
            Err(rejected("decoding does not give back what was encoded"))
        }
    }

    /// Encodes a payload with a random body and this encoding with the codec of this stage alone.
    /// Returns whether any 16 consecutive bytes of the body are in the result. A payload that is left as
    /// it is counts as not leaked.
    ///
    /// # Errors
    /// The codec's own error.
    pub async fn leaks_plaintext(&self, ctx: &Context, encoding: &str) -> Result<bool, Error> {
        let mut body = vec![0; CANARY];
        rand::fill(&mut body)
            .map_err(|_| Error::new(ErrorKind::Internal, "there is no randomness"))?;
        let payload = Payload::new(encoding, body);
        let encoded = self.call(pin!(async { self.codec.encode(ctx, &payload).await })).await?;
        let Encoded::Changed(encoded) = encoded else {
            return Ok(false);
        };
        let written = encoded.envelope().to_bytes();
        let known: BTreeSet<_> = payload.data.windows(WINDOW).collect();
        Ok(written.windows(WINDOW).any(|part| known.contains(part)))
    }
}

/// Bytes of the random body.
const CANARY: usize = 64;

/// Consecutive bytes of the body whose appearance in a result is no coincidence.
const WINDOW: usize = 16;

fn rejected(text: &str) -> Error {
    Error::new(ErrorKind::PluginRejected, text)
}

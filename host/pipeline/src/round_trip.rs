//! Tries the codec of a stage alone.

use cloakroom_core::{Context, Encoded, Error, ErrorKind, Payload};

use crate::Stage;

impl Stage {
    /// Encodes a payload with the codec of this stage alone and decodes the result. A codec may leave
    /// the payload as it is, unless the encoding is one of its own.
    ///
    /// # Errors
    /// `PluginRejected` if the payload does not come back, or the codec writes an encoding that it did
    /// not declare; else what the codec fails with.
    pub async fn round_trip(&self, ctx: &Context, payload: &Payload) -> Result<(), Error> {
        let encoded = self.call(async { self.codec.encode(ctx, payload).await }).await?;
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
        if self.call(async { self.codec.decode(ctx, encoded).await }).await? == *payload {
            Ok(())
        } else {
            Err(rejected("decoding does not give back what was encoded"))
        }
    }
}

fn rejected(text: &str) -> Error {
    Error::new(ErrorKind::PluginRejected, text)
}

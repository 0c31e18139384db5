//! Answers for readers such as a UI: one payload that cannot be decoded hides no other.

use bytes::Bytes;
use cloakroom_core::{Context, Error, ErrorKind, Payload, clean};
use cloakroom_pipeline::Stage;
use cloakroom_wire::{MessageType, splice};

use crate::exchange::{
    Exchange,
    batch::write,
    found::{malformed, parse},
};

/// Encoding of the payload that takes the place of one that cannot be decoded. No converter of an SDK
/// accepts it, so that nobody takes the text for the value.
pub(crate) const UNDECODABLE: &str = "cloakroom/undecodable";

/// Most characters of the cause in such a payload: a page may have thousands.
const CAUSE: usize = 500;

impl Exchange {
    /// Decodes each payload of a message alone. One that cannot be decoded stays encoded or, where a
    /// stage is required, becomes a marker with the cause: it may be forged plaintext. Returns the
    /// message, how many payloads it has, and what failed.
    ///
    /// # Errors
    /// Those of the message as a whole.
    pub(in crate::exchange) async fn decode_alone(
        &self,
        ctx: &Context,
        message: MessageType,
        bytes: &Bytes,
    ) -> Result<(Bytes, usize, Vec<Error>), Error> {
        let found = self.scan(message, bytes)?;
        let pipeline = self.adapter.pipeline();
        let leaves = !pipeline.stages().iter().any(Stage::is_required);
        let decoded = pipeline.decode_each(ctx, parse(&found)?).await?;
        let mut failed = Vec::new();
        let mut replace = |decoded: Result<Payload, Error>| match decoded {
            Ok(payload) => Some(write(&payload)),
            Err(error) => {
                let error = pipeline.name_remedies(error);
                let written = (!leaves).then(|| write(&marker(&error)));
                failed.push(error);
                written
            }
        };
        let replaced = decoded.into_iter().map(&mut replace).collect();
        let spliced = splice(&found, replaced).map_err(malformed)?;
        let decoded = self.restore_texts(&found, spliced, found.sites().len())?;
        Ok((decoded.bytes, decoded.payloads, failed))
    }
}

fn marker(error: &Error) -> Payload {
    Payload::new(UNDECODABLE, clean(&error.report(), CAUSE))
}

/// Refuses to encode a marker: it stands for a value that its sender never had.
///
/// # Errors
/// `Malformed`.
pub(crate) fn refuse_markers(payloads: Vec<Payload>) -> Result<Vec<Payload>, Error> {
    let is_marker = |payload: &Payload| payload.encoding() == Some(UNDECODABLE);
    match payloads.iter().position(is_marker) {
        None => Ok(payloads),
        Some(slot) => {
            let text = format!(
                "payload {slot} is `{UNDECODABLE}`, which a gateway shows instead of a payload that \
                 it cannot decode: send the value itself"
            );
            Err(Error::new(ErrorKind::Malformed, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_short_and_refused() {
        let marker = marker(&Error::new(ErrorKind::NotFound, "x".repeat(1900)));
        assert!(marker.data.len() <= CAUSE + 3, "{}", marker.data.len());
        let error = refuse_markers(vec![Payload::new("json/plain", "1"), marker]).unwrap_err();
        assert!(error.to_string().starts_with("payload 1 is `cloakroom/undecodable`"), "{error}");
        refuse_markers(vec![Payload::new("json/plain", "1")]).unwrap();
    }
}

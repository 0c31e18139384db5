//! Payloads inside of a workflow engine's envelope, for those who explain them one by one.

use cloakroom_core::{Context, Error, ErrorKind, Payload};

use crate::{Pipeline, envelopes::EnvelopeError};

impl Pipeline {
    /// Returns the payloads inside of an envelope of the workflow engine. Any other payload is returned
    /// alone, as it is.
    ///
    /// # Errors
    /// `Malformed` if it claims to be an envelope and is none that is known in full; `LimitExceeded` or
    /// `Busy` if there is no memory for its payloads.
    pub async fn inner_payloads(
        &self,
        ctx: &Context,
        payload: Payload,
    ) -> Result<Vec<Payload>, Error> {
        let envelopes = self.envelopes.as_ref().filter(|it| it.is_marked(&payload));
        let Some(envelopes) = envelopes else { return Ok(vec![payload]) };
        let mut charge = self.call_memory(ctx).await?.nothing();
        match envelopes.open(&payload, &mut charge) {
            Ok(open) => Ok(open.payloads),
            Err(EnvelopeError::NoMemory(error)) => Err(error),
            Err(EnvelopeError::Unknown(unknown)) => {
                let name = crate::printable::printable(&unknown.name);
                let text = format!("an envelope of the workflow engine: `{name}` {}", unknown.why);
                Err(Error::new(ErrorKind::Malformed, text))
            }
        }
    }
}

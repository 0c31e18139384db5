//! Requests of a check: bounded, counted and audited as all are, without consequences for the ring.

use bytes::Bytes;
use cloakroom_core::{DataKey, KeyContext, KeyServiceError, KeyUse};

use super::Access;
use crate::{
    audit,
    failure::Failure,
    id::{sha256, short},
    outage,
};

impl Access {
    /// Wraps a key. A failure neither pauses the service nor takes a key away.
    ///
    /// # Errors
    /// Those of the service.
    pub(crate) async fn try_wrap(
        &self,
        key: &DataKey,
        context: Option<&KeyContext>,
    ) -> Result<Bytes, KeyServiceError> {
        // Never closed.
        let _permit = self.requests.acquire().await;
        self.send("wrap", self.service.wrap(key, context)).await
    }

    /// Unwraps a key, with an audit line. A failure has no consequences either.
    ///
    /// # Errors
    /// Those of the service.
    pub(crate) async fn try_unwrap(
        &self,
        wrapped: &[u8],
        context: Option<&KeyContext>,
    ) -> Result<DataKey, KeyServiceError> {
        let _permit = self.requests.acquire().await;
        let unwrapped = self.send("unwrap", self.service.unwrap(wrapped, context)).await;
        let (label, is_unwrapped) = (short(&sha256(wrapped)), unwrapped.is_ok());
        let key_use = context.map_or(KeyUse::DataKey, |context| context.key_use);
        audit::unwrap(&self.ring, self.uri(), None, key_use, &label, is_unwrapped);
        unwrapped
    }

    /// Returns the failure of a request for a check.
    pub(crate) fn failure(&self, error: &KeyServiceError) -> Failure {
        outage::failure(error.kind(), self.uri(), &self.ring, error.text(), "")
    }
}

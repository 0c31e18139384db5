//! Data converter for workers on Temporal's SDK.

use cloakroom_temporal::Converter;

use crate::cloakroom::Cloakroom;

impl Cloakroom {
    /// Returns a builder of the data converter for workers on Temporal's SDK: with this pipeline and the
    /// size limits of the configuration, those of later reloads included.
    pub fn converter(&self) -> Converter {
        if self.pipeline().threshold().is_some() && !self.repeats() {
            tracing::warn!(
                "each replay of a workflow will store its large payloads once more: the SDK encodes \
                 them again, and this pipeline seals them differently each time; \
                 `repeatable = true` of `aes-gcm` ends that"
            );
        }
        Converter::of(self).limits(self.clone())
    }
}

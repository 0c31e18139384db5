//! What a worker on Temporal's SDK takes.

use cloakroom_temporal::DataConverterBuilder;

use crate::Cloakroom;

impl Cloakroom {
    /// The data converter of workers on Temporal's SDK, in the making: with this pipeline and the
    /// limits of the configuration, swaps included.
    pub fn converter(&self) -> DataConverterBuilder {
        if self.pipeline().threshold().is_some() && !self.repeats() {
            tracing::warn!(
                "each replay of a workflow will store its large payloads once more: the SDK encodes \
                 them again, and this pipeline seals them differently each time; \
                 `repeatable = true` of `aes-gcm` ends that"
            );
        }
        DataConverterBuilder::new(self).with_size_limits(self.clone())
    }
}

//! Connection and data converter for workers on Temporal's SDK.

use cloakroom_temporal::{ConnectionHook, DataConverterBuilder};

use crate::cloakroom::Cloakroom;

impl Cloakroom {
    /// Returns a builder of a connection to Temporal for workers and clients on its SDK: with this
    /// pipeline, the size limits and the namespaces of the configuration, those of later reloads
    /// included.
    pub fn temporal_connection(&self) -> ConnectionHook {
        let hook = ConnectionHook::new(self).with_size_limits(self.clone());
        hook.with_namespaces(self.clone()).with_page_keys(self.clone())
    }

    /// Returns a builder of the data converter for workers on Temporal's SDK: with this pipeline and the
    /// size limits of the configuration, those of later reloads included.
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

//! What a configuration says to those who speak with Temporal.

use cloakroom_temporal::{Limited, SizeLimits};

use crate::{Cloakroom, config::Size};

/// What Temporal takes, as the configuration of now says.
impl Limited for Cloakroom {
    fn size_limits(&self) -> SizeLimits {
        let current = self.current();
        let size = |size: &Option<Size>| size.as_ref().map(|size| size.0);
        let (field, message) = (size(&current.temporal.field), size(&current.temporal.message));
        SizeLimits::default().of(field, message)
    }
}

#[cfg(feature = "temporal-sdk")]
impl Cloakroom {
    /// The data converter of workers on Temporal's SDK, in the making: with this pipeline and the
    /// limits of the configuration, swaps included.
    pub fn converter(&self) -> cloakroom_temporal::Converter {
        if self.pipeline().threshold().is_some() && !self.repeats() {
            tracing::warn!(
                "each replay of a workflow will store its large payloads once more: the SDK encodes \
                 them again, and this pipeline seals them differently each time; \
                 `repeatable = true` of `aes-gcm` ends that"
            );
        }
        cloakroom_temporal::Converter::of(self).limits(self.clone())
    }
}

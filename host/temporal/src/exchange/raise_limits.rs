//! Limits of a call's namespace, and the answer that raises them.

use bytes::Bytes;
use cloakroom_core::Context;
use cloakroom_wire::MessageType;

use super::{
    Exchange,
    namespace_limits::{blob_limit, raised},
};
use crate::{limits::SizeLimits, namespaces::Mode};

impl Exchange {
    /// Returns the limits of a namespace: those of the configuration, and its real ones where they are
    /// known and tighter.
    pub(crate) fn limits_of(&self, ctx: &Context) -> SizeLimits {
        let mut limits = self.adapter.size_limits();
        let blob = ctx.namespace_name().and_then(|name| self.namespace_limits.get(name));
        if let Some(blob) = blob.and_then(|blob| i64::try_from(blob).ok()) {
            let is_unlimited = limits.field.max <= 0;
            limits.field.max = if is_unlimited { blob } else { blob.min(limits.field.max) };
        }
        limits
    }

    /// Notes the limits in the answer of `DescribeNamespace`, and returns the answer with raised ones. `None`
    /// where payloads are not encoded or not stored, so that the SDK's own check is right, or there are no limits.
    pub(crate) fn raise_limits(
        &self,
        message: MessageType,
        ctx: &Context,
        answer: &Bytes,
    ) -> Option<Bytes> {
        let blob = blob_limit(message, answer)?;
        let namespace = ctx.namespace_name()?;
        self.namespace_limits.learn(namespace, blob);
        if self.namespaces().mode(namespace) != Mode::On {
            return None;
        }
        self.adapter.pipeline().threshold()?;
        raised(message, answer)
    }
}

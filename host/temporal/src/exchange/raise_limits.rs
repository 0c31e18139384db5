//! The answer that tells the limits of a namespace, raised.

use bytes::Bytes;
use cloakroom_core::Context;
use cloakroom_wire::MessageType;

use super::{
    Exchange,
    namespace_limits::{limits, raised},
};
use crate::namespaces::Mode;

impl Exchange {
    /// Notes the limits in the answer of `DescribeNamespace`, and returns the answer with raised ones. `None`
    /// where payloads are not encoded or not stored, so that the SDK's own check is right, or there are no limits.
    pub(crate) fn raise_limits(
        &self,
        message: MessageType,
        ctx: &Context,
        answer: &Bytes,
    ) -> Option<Bytes> {
        let limits = limits(message, answer)?;
        let namespace = ctx.namespace_name()?;
        self.namespace_limits.learn(namespace, limits);
        if self.namespaces().mode(namespace) != Mode::On {
            return None;
        }
        self.adapter.pipeline().threshold()?;
        raised(message, answer)
    }
}

//! The answer that tells the limits of a namespace, raised.

use bytes::Bytes;
use cloakroom_core::Context;
use cloakroom_wire::MessageType;

use super::namespace_limits::{limits, raised};
use crate::exchange::Exchange;
use crate::namespaces::Mode;

impl Exchange {
    /// Notes the limits in the answer of `DescribeNamespace`, and returns the answer with raised ones. `None`
    /// where payloads are neither encoded nor stored, so that the SDK's own check is right, or there are no limits.
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
        let pipeline = self.adapter.pipeline();
        // A stage may compress, so that what the SDK would refuse fits. What does not is not sent.
        if pipeline.threshold_in(namespace).is_none() && pipeline.stages().is_empty() {
            return None;
        }
        raised(message, answer)
    }
}

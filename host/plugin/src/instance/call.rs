//! State of the one call that an instance is in.

use std::sync::Arc;

use cloakroom_core::Context;

use super::{guest_error::Refusal, store_progress::StoreProgress};
use crate::compute::clock::Clock;

/// Call that an instance is in.
pub(crate) struct Call {
    pub(crate) ctx: Context,
    pub(crate) clock: Arc<Clock>,
    /// Bytes of the input, which the caller holds and has charged.
    pub(crate) input: usize,
    /// True while the plugin describes itself: then it has no payload, and reads no bucket, since objects are
    /// payloads.
    pub(crate) describing: bool,
    /// True if the guest has a payload or a secret, which it could write into its log.
    pub(crate) confidential: bool,
    /// Most bytes of an object that is read from a bucket.
    pub(crate) object_limit: u64,
    /// True if objects that are written are parts of the payload: a codec that encodes moves them into a
    /// bucket, and what it returns names them.
    pub(crate) moves_parts: bool,
    /// Last refusal of the host: a guest's own error has no room for the reason. Boxed, as it is rare, and a
    /// call is moved into its instance.
    pub(crate) refusal: Option<Box<Refusal>>,
    pub(crate) progress: StoreProgress,
}

impl Call {
    /// Returns a call in which the guest has a payload.
    pub(crate) fn new(ctx: Context, clock: Arc<Clock>) -> Self {
        Self {
            ctx,
            clock,
            input: 0,
            describing: false,
            confidential: true,
            object_limit: 0,
            moves_parts: false,
            refusal: None,
            progress: StoreProgress::default(),
        }
    }

    /// Returns a call in which a plugin describes itself.
    pub(crate) fn describing(clock: Arc<Clock>) -> Self {
        Self { describing: true, confidential: false, ..Self::new(Context::none(), clock) }
    }
}

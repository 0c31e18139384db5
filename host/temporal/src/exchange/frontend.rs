//! Temporal's frontend, as the exchange asks it for itself.

use std::future::Future;

use bytes::Bytes;
use cloakroom_core::CallMemory;
use cloakroom_grpc::Status;
use http::HeaderMap;

/// Temporal's frontend, reached in any way.
pub(crate) trait Frontend: Sync {
    /// Makes a unary call of WorkflowService with the credentials of the caller, and returns the answer.
    /// Dropping the future cancels the call.
    ///
    /// # Errors
    /// The frontend's status, or `Unavailable` if it cannot be reached.
    fn ask(
        &self,
        method: &str,
        caller: &HeaderMap,
        message: Bytes,
        memory: &CallMemory,
    ) -> impl Future<Output = Result<Bytes, Status>> + Send;

    /// Waits until this process shuts down, and no longer has time for pauses.
    fn stopping(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

//! Methods of Temporal's service that this version does not know.

use cloakroom_core::clean;
use cloakroom_grpc::{Code, Status};
use cloakroom_pipeline::Stage;

use super::Exchange;

/// Most characters of a method's name in an error: the caller wrote it.
const NAME: usize = 60;

impl Exchange {
    /// Refuses a method that the gateway does not know where a stage is required, because it could carry
    /// payloads in plaintext. An operator who knows that it carries none allows it by name.
    ///
    /// # Errors
    /// `Unimplemented`.
    pub(crate) fn check_unknown(&self, method: &str, allowed: &[String]) -> Result<(), Status> {
        let is_allowed = || allowed.iter().any(|allowed| allowed == method);
        let pipeline = self.adapter.pipeline();
        if !pipeline.stages().iter().any(Stage::is_required_to_encode) || is_allowed() {
            return Ok(());
        }
        let text = format!(
            "the gateway does not know the method {:?}, and a stage is required: it could carry \
             payloads in plaintext; if it carries none, add it to the methods that are allowed",
            clean(method, NAME)
        );
        Err(Status::new(Code::Unimplemented, text))
    }
}

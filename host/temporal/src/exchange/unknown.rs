//! Calls of methods that the table does not know.

use cloakroom_pipeline::Stage;

use super::{
    Exchange,
    status::{Code, Status},
};

impl Exchange {
    /// Checks a call that the table does not know. `method` is its name within the service that carries
    /// payloads, or `None` for another service.
    ///
    /// # Errors
    /// `Unimplemented` for a method of that service where a stage is required, because it could carry
    /// payloads in plaintext.
    pub(crate) fn check_unknown(&self, method: Option<&str>) -> Result<(), Status> {
        let pipeline = self.adapter.pipeline();
        if method.is_some() && pipeline.stages().iter().any(Stage::is_required_to_encode) {
            let text = "the gateway does not know this method, and a stage is required: it could \
                        carry payloads in plaintext";
            return Err(Status::new(Code::Unimplemented, text));
        }
        Ok(())
    }
}

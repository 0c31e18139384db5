//! Places of texts in a message: payloads, texts of failures, and others.

use bytes::Bytes;
use cloakroom_core::{Error, ErrorKind};
use cloakroom_wire::Scan;

/// Properties of `GetWorkflow` that hold a payload.
const PAYLOADS: [&str; 3] =
    ["dapr.workflow.custom_status", "dapr.workflow.input", "dapr.workflow.output"];

/// Properties of `GetWorkflow` that hold a text of a failure.
const FAILURES: [&str; 2] =
    ["dapr.workflow.failure.error_message", "dapr.workflow.failure.stack_trace"];

/// Purpose of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A payload of the application.
    Payload,
    /// The message or the stack trace of a failure.
    Failure,
    /// A text of the sidecar.
    Other,
}

/// Returns the purpose of the text at a site.
pub(super) fn place(found: &Scan, site: usize) -> Place {
    // The text lies in a `StringValue`, or in the message itself.
    for span in found.around(site).take(2) {
        let Some(view) = found.view(span) else { continue };
        let name = view.message_type().name();
        if name == "TaskFailureDetails" {
            return Place::Failure;
        }
        if name.ends_with(".PropertiesEntry") {
            return match view.text("key") {
                Some(key) if PAYLOADS.contains(&key) => Place::Payload,
                Some(key) if FAILURES.contains(&key) => Place::Failure,
                _ => Place::Other,
            };
        }
    }
    Place::Payload
}

/// Refuses bytes that are no text: no message of Dapr can hold them.
///
/// # Errors
/// `Malformed`.
pub(super) fn check_text(found: &Scan, site: usize, bytes: &Bytes) -> Result<(), Error> {
    if std::str::from_utf8(bytes).is_ok() {
        return Ok(());
    }
    let path = found.path(site);
    let text = format!(
        "the payload at {path} is not UTF-8, and Dapr carries nothing else: write it as JSON or base64"
    );
    Err(Error::new(ErrorKind::Malformed, text))
}

//! Details of a response for the request log. They travel as response extensions and are not sent.

use cloakroom_core::{Direction, Error};

/// Reason why a request failed.
#[derive(Clone, Debug)]
pub(super) struct FailureReason {
    pub(super) kind: Option<&'static str>,
    pub(super) stage: Option<String>,
    pub(super) plugin: Option<String>,
    pub(super) direction: Option<&'static str>,
    pub(super) slot: Option<usize>,
    /// One line without payload contents.
    pub(super) text: String,
}

/// Numbers of payloads and bytes that a request transferred.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TransferSize {
    /// Payloads in the request. `None` if it could not be parsed.
    pub(super) payloads: Option<usize>,
    /// Bytes of the payloads in the response.
    pub(super) bytes: usize,
}

impl FailureReason {
    /// Creates a reason that concerns the request or the server, not the pipeline.
    pub(super) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { kind: None, stage: None, plugin: None, direction: None, slot: None, text }
    }

    /// Creates a reason from an error of the pipeline.
    pub(super) fn error(error: &Error) -> Self {
        let direction = |direction| match direction {
            Direction::Encode => "encode",
            Direction::Decode => "decode",
        };
        Self {
            kind: Some(error.kind().as_str()),
            stage: error.stage().map(str::to_owned),
            plugin: error.plugin().map(str::to_owned),
            direction: error.direction().map(direction),
            slot: error.slot(),
            text: error.report(),
        }
    }
}

//! Why a request was not served, carried from where it was found to where it is logged.

use cloakroom_core::{Direction, Error};

/// Why a request was not served. Part of the answer, as an extension that is not sent.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    pub(super) kind: Option<&'static str>,
    pub(super) stage: Option<String>,
    pub(super) plugin: Option<String>,
    pub(super) direction: Option<&'static str>,
    pub(super) slot: Option<usize>,
    /// One line, without contents.
    pub(super) text: String,
}

/// Numbers of a request and its answer. Part of the answer, as an extension that is not sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Volume {
    /// Payloads that were sent in.
    pub(super) payloads: Option<usize>,
    /// Bytes of the payloads that were sent back.
    pub(super) bytes: usize,
}

impl Reason {
    /// A reason that lies in the request, or in the server.
    pub(super) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { kind: None, stage: None, plugin: None, direction: None, slot: None, text }
    }

    /// An error of the pipeline.
    pub(super) fn error(error: &Error) -> Self {
        let word = |direction| match direction {
            Direction::Encode => "encode",
            Direction::Decode => "decode",
        };
        Self {
            kind: Some(error.kind().as_str()),
            stage: error.stage().map(str::to_owned),
            plugin: error.plugin().map(str::to_owned),
            direction: error.direction().map(word),
            slot: error.slot(),
            text: error.report(),
        }
    }
}

//! The contract's error.

use std::fmt;

/// The reason that a call cannot be answered.
///
/// The text is for the operator: one lowercase fragment that says what happened and what to do, and
/// never a byte of a payload or key. The host shortens it. A panic ends the instance, and its message
/// is not passed on.
#[derive(Clone, PartialEq, Eq)]
pub enum Error {
    /// The bytes are not what their encoding says: truncated, forged, or sealed for another.
    Malformed(String),
    /// The plugin's settings cannot work.
    Misconfigured(String),
    /// The backend or the host refused.
    Denied(String),
    /// A claim or key names nothing that exists.
    NotFound(String),
    /// The backend did not answer. The same call may succeed later.
    Unavailable(String),
    /// Larger than the plugin accepts.
    TooLarge(String),
    /// None of these.
    Other(String),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, text) = match self {
            Self::Malformed(text) => ("Malformed", text),
            Self::Misconfigured(text) => ("Misconfigured", text),
            Self::Denied(text) => ("Denied", text),
            Self::NotFound(text) => ("NotFound", text),
            Self::Unavailable(text) => ("Unavailable", text),
            Self::TooLarge(text) => ("TooLarge", text),
            Self::Other(text) => ("Other", text),
        };
        f.debug_tuple(&format!("Error::{name}")).field(text).finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Error {}

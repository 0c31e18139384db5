//! Reasons for which the host ends a guest's call.

use cloakroom_core::{Error, Limit};

/// Reason for which the host ends a call, and its instance with it. It travels as a `wasmtime::Error`
/// through the guest's frames, and becomes an [`Error`] in [`super::trap::explain`], where the limits
/// are known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The guest exceeded a limit.
    #[error("a limit was reached")]
    Limit(Limit),
    /// An error that the plugin is not to blame for, returned as it is. Taken out when the call is
    /// explained.
    #[error("the host refused to go on")]
    Refused(Option<Error>),
    /// The guest broke the contract.
    #[error("{0}")]
    Protocol(&'static str),
    /// The host failed.
    #[error("{0}")]
    Internal(String),
}

impl Fault {
    /// Returns the fault as the error of a host function.
    pub(crate) fn trap<T>(self) -> wasmtime::Result<T> {
        Err(self.into())
    }
}

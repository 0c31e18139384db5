//! From the contract's words to ours. Destructured, so that a new case is a compile error.

use cloakroom_core::{Error, ErrorKind, Limit, Purpose};

use super::bindings::{
    cloakroom::plugin::types::Error as GuestError, exports::cloakroom::plugin::codec,
};
use crate::instance::{
    guest_error::{GivenUp, Refusal},
    state::Call,
};

/// Reads an error that a guest returned.
pub(super) fn given_up(error: GuestError) -> GivenUp {
    let (kind, words) = match error {
        GuestError::Malformed(text) => (ErrorKind::Malformed, text),
        GuestError::Misconfigured(text) => (ErrorKind::Config, text),
        GuestError::Denied(text) => (ErrorKind::Denied, text),
        GuestError::NotFound(text) => (ErrorKind::NotFound, text),
        GuestError::Unavailable(text) => (ErrorKind::Unavailable, text),
        GuestError::TooLarge(text) => (ErrorKind::LimitExceeded(Limit::Payload), text),
        GuestError::Other(text) => (ErrorKind::Failed, text),
    };
    GivenUp { kind, words }
}

/// Reads the error of a guest that describes itself. It has read no payload, so its words stay.
pub(super) fn error(error: GuestError) -> Error {
    given_up(error).in_words()
}

/// Returns what a guest is told of an error.
fn to_guest(error: &Error) -> GuestError {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::NotFound => GuestError::NotFound(text),
        ErrorKind::Unavailable => GuestError::Unavailable(text),
        ErrorKind::LimitExceeded(_) => GuestError::TooLarge(text),
        ErrorKind::Denied => GuestError::Denied(text),
        ErrorKind::Malformed => GuestError::Malformed(text),
        _ => GuestError::Other(text),
    }
}

impl Call {
    /// Notes what the host refuses a guest, and returns what the guest is told of it.
    pub(super) fn refuse(&mut self, error: Error) -> GuestError {
        let told = to_guest(&error);
        self.refuse_as(told, error)
    }

    /// The same where the guest is told something else.
    pub(super) fn refuse_as(&mut self, told: GuestError, error: Error) -> GuestError {
        self.refusal = Some(Refusal { told: given_up(told.clone()), error });
        told
    }
}

pub(super) fn purpose(purpose: codec::Purpose) -> Purpose {
    match purpose {
        codec::Purpose::Compression => Purpose::Compression,
        codec::Purpose::Conversion => Purpose::Conversion,
        codec::Purpose::Encryption => Purpose::Encryption,
    }
}

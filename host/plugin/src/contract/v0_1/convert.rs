//! From the contract's words to ours. Destructured, so that a new case is a compile error.

use cloakroom_core::{Error, ErrorKind, Limit, Purpose};

use super::bindings::{
    cloakroom::plugin::types::Error as GuestError, exports::cloakroom::plugin::codec,
};
use crate::log::harmless;

/// A guest's error text is cut here.
const TEXT: usize = 240;

pub(super) fn error(error: GuestError) -> Error {
    let (kind, text) = match error {
        GuestError::Malformed(text) => (ErrorKind::Malformed, text),
        GuestError::Misconfigured(text) => (ErrorKind::Config, text),
        GuestError::Denied(text) => (ErrorKind::Denied, text),
        GuestError::NotFound(text) => (ErrorKind::NotFound, text),
        GuestError::Unavailable(text) => (ErrorKind::Unavailable, text),
        GuestError::TooLarge(text) => (ErrorKind::LimitExceeded(Limit::Payload), text),
        GuestError::Other(text) => (ErrorKind::Failed, text),
    };
    Error::new(kind, harmless(&text, TEXT))
}

/// What a guest is told of an error that a bucket gave. The rest stays with the call.
pub(super) fn to_guest(error: &Error) -> GuestError {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::NotFound => GuestError::NotFound(text),
        ErrorKind::Unavailable => GuestError::Unavailable(text),
        ErrorKind::LimitExceeded(_) => GuestError::TooLarge(text),
        ErrorKind::Denied => GuestError::Denied(text),
        _ => GuestError::Other(text),
    }
}

/// Gives an error of a guest's the error of a bucket that it handed on. One that says the same is
/// replaced, so that no chain says it twice.
pub(crate) fn with_cause(error: Error, cause: Error) -> Error {
    let told = self::error(to_guest(&cause));
    if told.kind() != error.kind() {
        return error;
    }
    if told.to_string() == error.to_string() { cause } else { error.because(cause) }
}

pub(super) fn purpose(purpose: codec::Purpose) -> Purpose {
    match purpose {
        codec::Purpose::Compression => Purpose::Compression,
        codec::Purpose::Conversion => Purpose::Conversion,
        codec::Purpose::Encryption => Purpose::Encryption,
    }
}

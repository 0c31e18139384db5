//! Failures that several callers share.

use std::sync::Arc;

use cloakroom_core::{Error, ErrorKind};

/// Failure of a request that many wait for: each gets an error of its own.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    kind: ErrorKind,
    text: Arc<str>,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, text: impl Into<Arc<str>>) -> Self {
        Self { kind, text: text.into() }
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::new(failure.kind, &*failure.text)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error.to_string())
    }
}

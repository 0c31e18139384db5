//! What a store's refusal means to a caller, and what is refused before a store is asked.

use std::error::Error as StdError;

use cloakroom_core::{Error, ErrorKind};
use object_store::Error as StoreError;

/// Says what kind of failure this is. The store's own words follow as the cause.
pub(crate) fn explain(bucket: &str, error: StoreError) -> Error {
    let (kind, what) = match &error {
        StoreError::NotFound { .. } => (ErrorKind::NotFound, "there is no such object"),
        StoreError::PermissionDenied { .. } => (ErrorKind::Denied, "the store denies this"),
        StoreError::Unauthenticated { .. } => {
            (ErrorKind::Denied, "the store does not know these credentials")
        }
        StoreError::InvalidPath { .. } => (ErrorKind::Denied, "the store has no such keys"),
        StoreError::NotSupported { .. } | StoreError::NotImplemented { .. } => {
            (ErrorKind::Failed, "the store cannot do this")
        }
        other => match status(other) {
            // Later is no better: the request itself is wrong.
            Some(status) if (400..500).contains(&status) && !matches!(status, 408 | 425 | 429) => {
                (ErrorKind::Denied, "the store refuses this request")
            }
            _ => (ErrorKind::Unavailable, "the store did not answer as it should"),
        },
    };
    Error::new(kind, format!("bucket `{bucket}`: {what}")).because(error)
}

/// The HTTP status behind an error. `object_store` keeps its type to itself and tells it in a text.
fn status(error: &StoreError) -> Option<u16> {
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if let Some(rest) = text.strip_prefix("Server returned non-2xx status code: ") {
            return rest.get(..3)?.parse().ok();
        }
        cause = error.source();
    }
    None
}

/// What was written in the configuration cannot be.
pub(crate) fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}

//! Errors of stores on one line: bucket, key, reason, HTTP status and the store's own code.

use std::{error::Error as StdError, io};

use cloakroom_core::{Error, ErrorKind, clean};
use object_store::Error as StoreError;

use crate::store_response::ResponseDetails;

/// Most characters of a key or a bucket's name that are shown.
pub(crate) const MAX_KEY: usize = 1024;

/// Request to a store, for its error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoreRequest<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) key: Option<&'a str>,
    /// True if the request needs no existing object. A 404 then means that the bucket is missing.
    pub(crate) creates: bool,
}

/// Returns the error of a failed request.
///
/// It has no source: the library's error nests the store's XML and the request's URL, on many
/// lines.
pub(crate) fn convert(request: StoreRequest<'_>, error: &StoreError) -> Error {
    let details = ResponseDetails::from_error(error);
    let (kind, reason) = classify(request, error, &details);
    let key = request.key.map(|key| format!(", key `{}`", clean(key, MAX_KEY))).unwrap_or_default();
    let summary = details.summary();
    let bucket = clean(request.bucket, MAX_KEY);
    Error::new(kind, format!("bucket `{bucket}`{key}: {reason}{summary}"))
}

/// Codes for a bucket or container that does not exist.
const NO_BUCKET: [&str; 4] =
    ["NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted", "BucketNotFound"];

/// Codes for a conflict with a concurrent request.
const CONFLICT: [&str; 2] = ["OperationAborted", "ConditionalRequestConflict"];

fn classify(
    request: StoreRequest<'_>,
    error: &StoreError,
    details: &ResponseDetails,
) -> (ErrorKind, String) {
    if let Some(text) = &details.no_credentials {
        return (ErrorKind::Denied, text.clone());
    }
    let code = details.code.as_deref().unwrap_or_default();
    let missing = matches!(error, StoreError::NotFound { .. }) && details.status.is_some();
    let creates = missing && request.creates;
    // Codes before variants: the library reports a missing bucket and a missing object alike.
    let (kind, reason) = match error {
        _ if NO_BUCKET.contains(&code) || (creates && code.is_empty()) => {
            (ErrorKind::Denied, "no such bucket: create it, or correct its URL")
        }
        StoreError::NotFound { .. } if creates => {
            (ErrorKind::Unavailable, "the store has lost the multipart upload")
        }
        StoreError::NotFound { .. } => (
            ErrorKind::NotFound,
            "no such object: it expired, was deleted, or is in another bucket",
        ),
        StoreError::PermissionDenied { .. } => (
            ErrorKind::Denied,
            "the store denies access: check the credentials and their permissions",
        ),
        StoreError::Unauthenticated { .. } => (
            ErrorKind::Denied,
            "the store rejects the credentials: check that they are valid and unexpired",
        ),
        StoreError::InvalidPath { .. } => {
            (ErrorKind::Denied, "the store does not support this key")
        }
        StoreError::NotSupported { .. } | StoreError::NotImplemented { .. } => {
            (ErrorKind::Failed, "the store does not support this operation")
        }
        _ => return classify_status(error, details, code),
    };
    (kind, reason.to_owned())
}

fn classify_status(
    error: &StoreError,
    details: &ResponseDetails,
    code: &str,
) -> (ErrorKind, String) {
    match details.status {
        Some(409) if CONFLICT.contains(&code) => (
            ErrorKind::Unavailable,
            "another request changed this object at the same time".to_owned(),
        ),
        // The request itself is wrong, so a retry would fail as well.
        Some(400..=499) if !matches!(details.status, Some(408 | 425 | 429)) => {
            (ErrorKind::Denied, "the store rejects the request".to_owned())
        }
        Some(300..=399) => (
            ErrorKind::Denied,
            "the store redirects the request, and redirects are not followed: correct `region` or \
             `endpoint`"
                .to_owned(),
        ),
        Some(_) => (ErrorKind::Unavailable, "the store could not answer".to_owned()),
        None if details.is_oversized => (ErrorKind::Unavailable, details.reason.clone()),
        None if details.reason.contains("certificate") => (
            ErrorKind::Denied,
            format!(
                "the store's certificate is not trusted: {}; trust its authority with \
                 SSL_CERT_FILE=authority.pem",
                details.reason
            ),
        ),
        None if is_forbidden(error) => {
            (ErrorKind::Denied, format!("access denied: {}", details.reason))
        }
        None if is_unfit_key(error) => {
            (ErrorKind::Denied, format!("the folder has no place for this key: {}", details.reason))
        }
        None if matches!(error, StoreError::Generic { store: "LocalFileSystem", .. }) => {
            (ErrorKind::Unavailable, format!("the file system failed: {}", details.reason))
        }
        None => (ErrorKind::Unavailable, format!("the store did not answer: {}", details.reason)),
    }
}

/// Returns whether the file system denied access.
fn is_forbidden(error: &StoreError) -> bool {
    matches!(
        io_kind(error),
        Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
    )
}

/// Returns whether the file system has no place for a key: one of its folders is a file, it is a folder
/// itself, or its name is too long. A retry would fail as well.
fn is_unfit_key(error: &StoreError) -> bool {
    let kind = io_kind(error);
    matches!(
        kind,
        Some(
            io::ErrorKind::InvalidFilename
                | io::ErrorKind::IsADirectory
                | io::ErrorKind::NotADirectory
        )
    )
}

/// Returns the kind of the innermost error of the file system.
fn io_kind(error: &StoreError) -> Option<io::ErrorKind> {
    let mut found = None;
    let mut cause = error.source();
    while let Some(error) = cause {
        found = error.downcast_ref::<io::Error>().map(io::Error::kind).or(found);
        cause = error.source();
    }
    found
}

/// Returns an error of kind `Config`.
pub(crate) fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}

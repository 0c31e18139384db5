//! Errors of stores, each as one line: bucket, key, HTTP status and the store's own code.

use std::{error::Error as StdError, io};

use cloakroom_core::{Error, ErrorKind, clean};
use object_store::Error as StoreError;

use crate::store_response::Answer;

/// Keys and names of buckets are shown up to this many characters.
pub(crate) const KEY: usize = 1024;

/// A request to a store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) key: Option<&'a str>,
    /// Whether the request needs no object, so that only the bucket can be missing.
    pub(crate) creates: bool,
}

/// Says what kind of failure this is, in one line and without a cause: what a store wrote is
/// neither short nor on one line.
pub(crate) fn explain(asked: Asked<'_>, error: &StoreError) -> Error {
    let answer = Answer::read(error);
    let (kind, what) = verdict(asked, error, &answer);
    let key = asked.key.map(|key| format!(", key `{}`", clean(key, KEY))).unwrap_or_default();
    let details = answer.details();
    let bucket = clean(asked.bucket, KEY);
    Error::new(kind, format!("bucket `{bucket}`{key}: {what}{details}"))
}

/// Codes for a bucket or a container that is not there.
const NO_BUCKET: [&str; 4] =
    ["NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted", "BucketNotFound"];

/// Codes of a conflict with a request that was in work at the same time.
const CONFLICT: [&str; 2] = ["OperationAborted", "ConditionalRequestConflict"];

fn verdict(asked: Asked<'_>, error: &StoreError, answer: &Answer) -> (ErrorKind, String) {
    if let Some(text) = &answer.no_credentials {
        return (ErrorKind::Denied, text.clone());
    }
    let code = answer.code.as_deref().unwrap_or_default();
    let missing = matches!(error, StoreError::NotFound { .. }) && answer.status.is_some();
    let creates = missing && asked.creates;
    let (kind, what) = match error {
        _ if NO_BUCKET.contains(&code) || (creates && code.is_empty()) => (
            ErrorKind::Denied,
            "the store has no such bucket: create it, or correct `url` in [buckets]",
        ),
        StoreError::NotFound { .. } if creates => {
            (ErrorKind::Unavailable, "the store has lost the upload")
        }
        StoreError::NotFound { .. } => (ErrorKind::NotFound, "there is no such object"),
        StoreError::PermissionDenied { .. } => (ErrorKind::Denied, "the store denies this"),
        StoreError::Unauthenticated { .. } => {
            (ErrorKind::Denied, "the store does not know these credentials")
        }
        StoreError::InvalidPath { .. } => (ErrorKind::Denied, "the store has no such keys"),
        StoreError::NotSupported { .. } | StoreError::NotImplemented { .. } => {
            (ErrorKind::Failed, "the store cannot do this")
        }
        _ => return by_status(error, answer, code),
    };
    (kind, what.to_owned())
}

fn by_status(error: &StoreError, answer: &Answer, code: &str) -> (ErrorKind, String) {
    match answer.status {
        Some(409) if CONFLICT.contains(&code) => {
            (ErrorKind::Unavailable, "another request was in work on this object".to_owned())
        }
        // Later is no better: the request itself is wrong.
        Some(400..=499) if !matches!(answer.status, Some(408 | 425 | 429)) => {
            (ErrorKind::Denied, "the store refuses this request".to_owned())
        }
        Some(300..=399) => (
            ErrorKind::Denied,
            "the store redirects this request, and redirects are not followed: correct `region` or \
             `endpoint`"
                .to_owned(),
        ),
        Some(_) => (ErrorKind::Unavailable, "the store did not answer as it should".to_owned()),
        None if answer.is_oversized => (ErrorKind::Unavailable, answer.reason.clone()),
        None if answer.reason.contains("certificate") => (
            ErrorKind::Denied,
            format!("the store's certificate is not trusted: {}", answer.reason),
        ),
        None if is_forbidden(error) => {
            (ErrorKind::Denied, format!("the store denies this: {}", answer.reason))
        }
        None if matches!(error, StoreError::Generic { store: "LocalFileSystem", .. }) => {
            (ErrorKind::Unavailable, format!("the file system failed: {}", answer.reason))
        }
        None => (ErrorKind::Unavailable, format!("the store did not answer: {}", answer.reason)),
    }
}

/// Returns whether the file system forbids it.
fn is_forbidden(error: &StoreError) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem))
        {
            return true;
        }
        cause = error.source();
    }
    false
}

/// What was written in the configuration cannot be.
pub(crate) fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}

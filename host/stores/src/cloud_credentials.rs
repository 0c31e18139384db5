//! Credentials of clouds for requests that are about no bucket: those of key services.
//!
//! They are found as for a bucket, from the same settings and variables, and fetched by the same client.

#[cfg(feature = "s3")]
pub(crate) mod aws;
#[cfg(feature = "gcs")]
pub(crate) mod google;

use std::time::Duration;

use cloakroom_core::{Error, ErrorKind};
use object_store::Error as StoreError;

use crate::{
    cloud::{Settings, with_client::merge},
    store_response::ResponseDetails,
};

/// Name in the log of the client that fetches credentials.
const NAME: &str = "key service";

/// Time for which the client repeats a request for credentials. The caller's own time is shorter.
const RETRY: Duration = Duration::from_secs(5);

/// Returns the settings, after those of the environment if it is read.
fn merged(
    variables: &[&str],
    settings: &Settings,
    reads_environment: bool,
) -> Vec<(String, String)> {
    merge(if reads_environment { variables } else { &[] }, settings)
}

/// Returns the error of credentials that were not to be had. Only the last cause is shown.
fn convert(error: &StoreError) -> Error {
    let details = ResponseDetails::from_error(error);
    if let Some(text) = details.no_credentials {
        return Error::new(ErrorKind::Denied, text);
    }
    let kind = match details.status {
        Some(400..=403) => ErrorKind::Denied,
        _ => ErrorKind::Unavailable,
    };
    let text = format!("no credentials: {}{}", details.reason, details.summary());
    Error::new(kind, text)
}

/// Returns the error of settings that cannot be used. The cause may quote a secret, and is dropped.
fn unusable() -> Error {
    let text = "the credentials contradict each other, or one of them is malformed";
    crate::error::config(text.to_owned())
}

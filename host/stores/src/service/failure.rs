//! Errors of requests that got no response.

use std::{error::Error as StdError, time::Duration};

use cloakroom_core::{Error, ErrorKind, clean};

use super::secrets::Secrets;

/// Most time until a connection is made.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Most characters of a reason that are shown.
const REASON: usize = 200;

/// Returns the error of a request. The library's own text has the URL, and so the plugin's path: only its
/// last cause is shown.
pub(super) fn convert(error: &reqwest::Error, secrets: &Secrets, time: Duration) -> Error {
    if error.is_timeout() {
        let text = if error.is_connect() {
            format!("cannot be reached: no connection within {:?}", time.min(CONNECT_TIMEOUT))
        } else {
            format!("no answer within the {time:?} of a request")
        };
        return Error::new(ErrorKind::Unavailable, text);
    }
    let reason = reason(error).filter(|reason| !secrets.are_in(reason.as_bytes()));
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    // A certificate stays untrusted, so that a repetition is of no use.
    if reason.contains("certificate") {
        let text = format!("its certificate is not trusted{reason}");
        return Error::new(ErrorKind::Denied, text);
    }
    let what = if error.is_connect() {
        "cannot be reached"
    } else if error.is_body() || error.is_decode() {
        "the response ended early"
    } else {
        "no usable answer"
    };
    Error::new(ErrorKind::Unavailable, format!("{what}{reason}"))
}

/// Returns the error of a request or response that a rule refuses.
pub(super) fn denied(text: &str) -> Error {
    Error::new(ErrorKind::Denied, text)
}

/// Returns the text of the last cause.
fn reason(error: &reqwest::Error) -> Option<String> {
    let mut last = error.source()?;
    while let Some(cause) = last.source() {
        last = cause;
    }
    Some(clean(&last.to_string(), REASON))
}

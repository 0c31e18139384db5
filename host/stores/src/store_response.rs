//! Details of a store's response, extracted from an `object_store` error.
//!
//! The library gives status and code only as text, so its texts are parsed here. Tests against real
//! servers notice when they change.

use std::error::Error as StdError;

use cloakroom_core::clean;
use object_store::Error as StoreError;

#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
use crate::client::OversizedResponse;

/// Most characters of a store's text that are shown.
const MAX_TEXT: usize = 200;

/// Most characters of a store's code, such as `NoSuchKey`.
const MAX_CODE: usize = 64;

/// No source of credentials had any.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoCredentials(pub(crate) String);

/// Status, code and reason of a failed request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ResponseDetails {
    pub(crate) status: Option<u16>,
    /// The store's own code, such as `NoSuchKey`.
    pub(crate) code: Option<String>,
    /// Number of retries of the request.
    pub(crate) retries: u32,
    /// Text of the last cause, on one bounded line.
    pub(crate) reason: String,
    pub(crate) no_credentials: Option<String>,
    /// True if the response was larger than any valid one.
    pub(crate) is_oversized: bool,
}

impl ResponseDetails {
    /// Extracts the details from an error and its causes.
    pub(crate) fn from_error(error: &StoreError) -> Self {
        let mut details = Self { reason: clean(&error.to_string(), MAX_TEXT), ..Self::default() };
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(missing) = error.downcast_ref::<NoCredentials>() {
                details.no_credentials = Some(missing.0.clone());
            }
            #[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
            if error.is::<OversizedResponse>() {
                details.is_oversized = true;
            }
            details.parse_cause(&error.to_string());
            cause = error.source();
        }
        details
    }

    fn parse_cause(&mut self, text: &str) {
        // The last cause wins: those before only say that a request failed.
        self.reason = clean(text, MAX_TEXT);
        if let Some(response) = text.strip_prefix("Server returned non-2xx status code: ") {
            self.status = response.get(..3).and_then(|status| status.parse().ok());
            self.code = code(response);
        } else if let Some(body) = text.strip_prefix("Server returned error response: ") {
            // S3 reports some failures with status 200 and an error in the body.
            self.status = Some(500);
            self.code = code(body);
        } else if text.starts_with("Received redirect without LOCATION") {
            self.status = Some(301);
        } else if let Some(retries) = retries(text) {
            self.retries = self.retries.max(retries);
        }
    }

    /// Returns the numbers in parentheses: ` (HTTP 503 SlowDown, 7 attempts)`.
    pub(crate) fn summary(&self) -> String {
        let mut parts = Vec::new();
        match (self.status, &self.code) {
            (Some(status), Some(code)) => parts.push(format!("HTTP {status} {code}")),
            (Some(status), None) => parts.push(format!("HTTP {status}")),
            (None, _) => {}
        }
        if self.retries != 0 {
            parts.push(format!("{} attempts", self.retries + 1));
        }
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
    }
}

/// Returns the number in "…, after 3 retries, max_retries: 30, …".
fn retries(text: &str) -> Option<u32> {
    let (before, _) = text.split_once(" retries, max_retries: ")?;
    before.rsplit_once("after ")?.1.parse().ok()
}

/// Returns the code in an XML error. Only a single word: the text is a stranger's.
fn code(body: &str) -> Option<String> {
    let (_, after) = body.split_once("<Code>")?;
    let (code, _) = after.split_once("</Code>")?;
    let is_code = code.chars().all(|c| c.is_ascii_alphanumeric()) && code.len() <= MAX_CODE;
    Some(code.to_owned()).filter(|code| is_code && !code.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> ResponseDetails {
        let mut details = ResponseDetails::default();
        for text in texts {
            details.parse_cause(text);
        }
        details
    }

    #[test]
    fn extracts_status_and_code() {
        let details = parse(&[
            "Error performing GET http://h/b/k in 2s, after 6 retries, max_retries: 30, \
             retry_timeout: 30s  - Server returned",
            "Server returned non-2xx status code: 503 Service Unavailable: \
             <?xml version=\"1.0\"?>\n<Error><Code>SlowDown</Code><Message>x</Message></Error>",
        ]);
        assert_eq!(details.summary(), " (HTTP 503 SlowDown, 7 attempts)");
    }

    #[test]
    fn accepts_only_one_word_as_a_code() {
        for (body, expect) in [
            ("<Code>NoSuchKey</Code>", Some("NoSuchKey")),
            ("<Code></Code>", None),
            ("<Code>a b</Code>", None),
            ("<Code>a\nb</Code>", None),
            ("<Code>unending", None),
            ("", None),
        ] {
            assert_eq!(code(body).as_deref(), expect, "{body}");
        }
        assert_eq!(code(&format!("<Code>{}</Code>", "x".repeat(65))), None);
    }
}

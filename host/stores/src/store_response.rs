//! A store's answer, read out of the text of an `object_store` error.

use std::error::Error as StdError;

use cloakroom_core::clean;
use object_store::Error as StoreError;

#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
use crate::client::Oversized;

/// The most characters of a store's text that are shown.
const TEXT: usize = 200;

/// A code of a store, such as `NoSuchKey`, has no more characters.
const CODE: usize = 64;

/// No credentials were found for a store, wherever one may keep them.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoCredentials(pub(crate) String);

/// A store's answer, or the reason for none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: Option<u16>,
    /// The store's own code, such as `NoSuchKey`.
    pub(crate) code: Option<String>,
    /// How many times the request was tried again.
    pub(crate) retries: u32,
    /// What the last cause says, on one line and bounded.
    pub(crate) reason: String,
    pub(crate) no_credentials: Option<String>,
    /// True if the store sent more than any answer needs.
    pub(crate) is_oversized: bool,
}

impl Answer {
    /// Reads the causes of an error.
    pub(crate) fn read(error: &StoreError) -> Self {
        let mut answer = Self { reason: clean(&error.to_string(), TEXT), ..Self::default() };
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(missing) = error.downcast_ref::<NoCredentials>() {
                answer.no_credentials = Some(missing.0.clone());
            }
            #[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
            if error.is::<Oversized>() {
                answer.is_oversized = true;
            }
            answer.note(&error.to_string());
            cause = error.source();
        }
        answer
    }

    fn note(&mut self, text: &str) {
        self.reason = clean(text, TEXT);
        if let Some(answered) = text.strip_prefix("Server returned non-2xx status code: ") {
            self.status = answered.get(..3).and_then(|status| status.parse().ok());
            self.code = code(answered);
        } else if let Some(body) = text.strip_prefix("Server returned error response: ") {
            // A success by its status, and an error by what it says.
            self.status = Some(500);
            self.code = code(body);
        } else if text.starts_with("Received redirect without LOCATION") {
            self.status = Some(301);
        } else if let Some(retries) = retries(text) {
            self.retries = self.retries.max(retries);
        }
    }

    /// The numbers, in brackets: `(HTTP 503 SlowDown, 7 attempts)`.
    pub(crate) fn details(&self) -> String {
        let mut details = Vec::new();
        match (self.status, &self.code) {
            (Some(status), Some(code)) => details.push(format!("HTTP {status} {code}")),
            (Some(status), None) => details.push(format!("HTTP {status}")),
            (None, _) => {}
        }
        if self.retries != 0 {
            details.push(format!("{} attempts", self.retries + 1));
        }
        if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) }
    }
}

/// The number in "…, after 3 retries, max_retries: 30, …".
fn retries(text: &str) -> Option<u32> {
    let (before, _) = text.split_once(" retries, max_retries: ")?;
    before.rsplit_once("after ")?.1.parse().ok()
}

/// The store's code in what it wrote, which is XML.
fn code(body: &str) -> Option<String> {
    let (_, after) = body.split_once("<Code>")?;
    let (code, _) = after.split_once("</Code>")?;
    let is_code = code.chars().all(|c| c.is_ascii_alphanumeric()) && code.len() <= CODE;
    Some(code.to_owned()).filter(|code| is_code && !code.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(texts: &[&str]) -> Answer {
        let mut answer = Answer::default();
        for text in texts {
            answer.note(text);
        }
        answer
    }

    #[test]
    fn reads_status_and_code() {
        let answer = note(&[
            "Error performing GET http://h/b/k in 2s, after 6 retries, max_retries: 30, \
             retry_timeout: 30s  - Server returned",
            "Server returned non-2xx status code: 503 Service Unavailable: \
             <?xml version=\"1.0\"?>\n<Error><Code>SlowDown</Code><Message>x</Message></Error>",
        ]);
        assert_eq!(answer.details(), " (HTTP 503 SlowDown, 7 attempts)");
    }

    #[test]
    fn a_code_is_one_word() {
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

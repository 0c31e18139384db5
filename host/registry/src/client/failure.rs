//! Errors of requests to a registry.

use std::error::Error as StdError;

use cloakroom_core::{Error, ErrorKind, Remedy, clean};
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use crate::remedy::method;

/// Most bytes that are read of an error's body.
const BODY: usize = 16 << 10;

/// Most characters of a registry's code, such as `MANIFEST_UNKNOWN`.
const CODE: usize = 64;

/// Errors of a registry, as it sends them.
#[derive(Deserialize)]
struct Answer {
    errors: Vec<Code>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// Returns the error of a request that was not answered.
pub(super) fn unanswered(error: &reqwest::Error) -> Error {
    let mut last: &dyn StdError = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    let why = clean(&last.to_string(), 200);
    Error::new(ErrorKind::Unavailable, format!("the registry did not answer: {why}"))
}

/// Returns the error of an answer that is no success. `part` is what was asked for.
pub(super) async fn refused(mut response: Response, part: &str) -> Error {
    let status = response.status();
    let mut body = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() > BODY {
            break;
        }
    }
    let code = code(&body).map(|code| format!(" {code}")).unwrap_or_default();
    let details = format!("(HTTP {}{code})", status.as_u16());
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let text = format!("the registry denies access to {part} {details}");
            let error = Error::new(ErrorKind::Denied, text);
            error.with_remedies(&[Remedy::RegistryCredentials]).name_remedies(method)
        }
        StatusCode::NOT_FOUND => {
            Error::new(ErrorKind::NotFound, format!("the registry has no such {part} {details}"))
        }
        _ if status.is_redirection() => {
            let text = format!(
                "the registry redirects the request for {part}, and only downloads of components are \
                 redirected {details}"
            );
            Error::new(ErrorKind::Denied, text)
        }
        _ => {
            let text = format!("the registry could not answer the request for {part} {details}");
            Error::new(ErrorKind::Unavailable, text)
        }
    }
}

/// Returns the first code of an error. Only a single word: the text is a stranger's.
fn code(body: &[u8]) -> Option<String> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let code = answer.errors.into_iter().next()?.code;
    let is_word = |c: char| c.is_ascii_uppercase() || c == '_';
    (code.len() <= CODE && code.chars().all(is_word)).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_one_word_of_a_registry() {
        let text =
            |code: &str| format!("{{\"errors\":[{{\"code\":\"{code}\",\"message\":\"m\"}}]}}");
        assert_eq!(code(text("UNAUTHORIZED").as_bytes()).as_deref(), Some("UNAUTHORIZED"));
        for other in ["two words", "\u{1b}[2J", &"X".repeat(65)] {
            assert_eq!(code(text(other).as_bytes()), None);
        }
        assert_eq!(code(b"<html>"), None);
        assert_eq!(code(b"{\"errors\":[]}"), None);
    }
}

//! Errors of AWS KMS, by code.

use std::time::Duration;

use cloakroom_core::{KeyFailure, KeyServiceError};

use crate::{http::Answer, json};

/// Request to KMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Decrypt,
    Encrypt,
}

impl Action {
    pub(super) fn target(self) -> &'static str {
        match self {
            Self::Decrypt => "TrentService.Decrypt",
            Self::Encrypt => "TrentService.Encrypt",
        }
    }
}

/// Returns the error of an answer that is no success.
pub(super) fn read(answer: &Answer, action: Action) -> KeyServiceError {
    let code = json::text_at(&answer.body, "/__type").unwrap_or_default();
    // Some services put the name of their model before it.
    let code = code.rsplit('#').next().unwrap_or_default();
    let text = ["/message", "/Message"].map(|place| json::text_at(&answer.body, place).ok());
    let text = text.into_iter().flatten().next().unwrap_or_default();
    let kind = kind(answer.status, answer.pause, code, &text, action);
    KeyServiceError::new(kind, format!("{code} {text} (HTTP {})", answer.status))
}

fn kind(
    status: u16,
    pause: Option<Duration>,
    code: &str,
    text: &str,
    action: Action,
) -> KeyFailure {
    match code {
        // A policy's refusal says so. Another one is about a key that the wrapped bytes name.
        "AccessDeniedException"
            if action == Action::Decrypt && !text.contains("not authorized") =>
        {
            KeyFailure::Mismatch
        }
        "AccessDeniedException"
        | "AccessDenied"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidClientTokenId"
        | "InvalidKeyUsageException"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "NotAuthorizedException"
        | "OptInRequired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => KeyFailure::Denied,
        "DisabledException" => KeyFailure::Disabled,
        "IncorrectKeyException" | "InvalidCiphertextException" => KeyFailure::Mismatch,
        "KMSInvalidStateException" => of_state(text),
        "NotFoundException" => KeyFailure::NotFound,
        "LimitExceededException"
        | "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException" => KeyFailure::Throttled { pause },
        // Of an unwrap, only the wrapped bytes are new.
        "ValidationException" if action == Action::Decrypt => KeyFailure::Mismatch,
        "ValidationException" => KeyFailure::NotFound,
        _ if status == 429 => KeyFailure::Throttled { pause },
        _ if matches!(status, 401 | 403) => KeyFailure::Denied,
        _ => KeyFailure::Unavailable,
    }
}

/// Returns the kind of a key whose state forbids the request.
fn of_state(text: &str) -> KeyFailure {
    let text = text.to_ascii_lowercase();
    if text.contains("pending deletion") || text.contains("pending replica deletion") {
        KeyFailure::Deleted
    } else if text.contains("disabled") || text.contains("pending import") {
        KeyFailure::Disabled
    } else {
        // A custom key store that is not connected, or a key that is still being made.
        KeyFailure::Unavailable
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, action: Action, expect: KeyFailure) {
        let body = Zeroizing::new(body.as_bytes().to_vec());
        let error = read(&Answer { status, pause: None, body }, action);
        assert_eq!(error.kind(), expect, "{error}");
    }

    /// Texts as AWS documents them; moto knows no state of a key.
    #[test]
    fn codes_are_told_apart_by_who_must_act() {
        let of = |code: &str, text: &str| format!(r#"{{"__type":"{code}","message":"{text}"}}"#);
        let cases = [
            ("DisabledException", "arn:aws:kms:x is disabled.", KeyFailure::Disabled),
            ("KMSInvalidStateException", "arn:x is pending deletion.", KeyFailure::Deleted),
            ("KMSInvalidStateException", "arn:x is pending import.", KeyFailure::Disabled),
            ("KMSInvalidStateException", "arn:x is unavailable.", KeyFailure::Unavailable),
            ("com.amazonaws.kms#NotFoundException", "Alias x is not found.", KeyFailure::NotFound),
            ("AccessDeniedException", "User: x is not authorized", KeyFailure::Denied),
            ("AccessDeniedException", "The ciphertext refers to a key", KeyFailure::Mismatch),
            ("ExpiredTokenException", "The security token is expired", KeyFailure::Denied),
            ("InvalidCiphertextException", "", KeyFailure::Mismatch),
            ("IncorrectKeyException", "", KeyFailure::Mismatch),
            ("ThrottlingException", "Rate exceeded", KeyFailure::Throttled { pause: None }),
            ("KMSInternalException", "", KeyFailure::Unavailable),
            ("KeyUnavailableException", "", KeyFailure::Unavailable),
            ("SomethingNew", "", KeyFailure::Unavailable),
        ];
        for (code, text, expect) in cases {
            check(400, &of(code, text), Action::Decrypt, expect);
        }
        check(400, &of("ValidationException", ""), Action::Decrypt, KeyFailure::Mismatch);
        check(400, &of("ValidationException", ""), Action::Encrypt, KeyFailure::NotFound);
        check(403, "<html>", Action::Encrypt, KeyFailure::Denied);
        check(503, "", Action::Encrypt, KeyFailure::Unavailable);
    }
}

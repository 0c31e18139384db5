//! Errors of Google Cloud KMS, by status.

use cloakroom_core::{KeyFailure, KeyServiceError};

use crate::{http::Answer, json};

/// Request to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Decrypt,
    Encrypt,
}

impl Action {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Decrypt => "decrypt",
            Self::Encrypt => "encrypt",
        }
    }
}

/// Returns the error of an answer that is no success.
pub(super) fn read(answer: &Answer, action: Action) -> KeyServiceError {
    let status = json::text_at(&answer.body, "/error/status").unwrap_or_default();
    let text = json::text_at(&answer.body, "/error/message").unwrap_or_default();
    let kind = match (answer.status, status.as_str()) {
        (_, "FAILED_PRECONDITION") => of_state(&text),
        (_, "INVALID_ARGUMENT") if action == Action::Decrypt => KeyFailure::Mismatch,
        (_, "INVALID_ARGUMENT" | "NOT_FOUND") | (404, _) => KeyFailure::NotFound,
        (_, "RESOURCE_EXHAUSTED") | (429, _) => KeyFailure::Throttled { pause: answer.pause },
        (_, "PERMISSION_DENIED" | "UNAUTHENTICATED") | (401 | 403, _) => KeyFailure::Denied,
        _ => KeyFailure::Unavailable,
    };
    KeyServiceError::new(kind, format!("{status} {text} (HTTP {})", answer.status))
}

/// Returns the kind of a key whose version may not be used. An unwrap asks for the version that wrapped.
fn of_state(text: &str) -> KeyFailure {
    if text.contains("DESTROY") { KeyFailure::Deleted } else { KeyFailure::Disabled }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn statuses_are_told_apart_by_who_must_act() {
        for (http, status, text, action, expect) in [
            (400, "INVALID_ARGUMENT", "Decryption failed", Action::Decrypt, KeyFailure::Mismatch),
            (400, "INVALID_ARGUMENT", "Resource name", Action::Encrypt, KeyFailure::NotFound),
            (
                400,
                "FAILED_PRECONDITION",
                "state is: DISABLED",
                Action::Decrypt,
                KeyFailure::Disabled,
            ),
            (400, "FAILED_PRECONDITION", "DESTROY_SCHEDULED", Action::Decrypt, KeyFailure::Deleted),
            (401, "UNAUTHENTICATED", "", Action::Encrypt, KeyFailure::Denied),
            (403, "PERMISSION_DENIED", "", Action::Encrypt, KeyFailure::Denied),
            (404, "NOT_FOUND", "", Action::Encrypt, KeyFailure::NotFound),
            (429, "RESOURCE_EXHAUSTED", "", Action::Encrypt, KeyFailure::Throttled { pause: None }),
            (503, "UNAVAILABLE", "", Action::Encrypt, KeyFailure::Unavailable),
        ] {
            let body =
                format!(r#"{{"error":{{"code":{http},"status":"{status}","message":"{text}"}}}}"#);
            let body = Zeroizing::new(body.into_bytes());
            let error = read(&Answer { status: http, pause: None, body }, action);
            assert_eq!(error.kind(), expect, "{error}");
        }
    }
}

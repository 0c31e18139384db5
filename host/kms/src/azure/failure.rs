//! Errors of Azure Key Vault, by status and inner code.

use cloakroom_core::{KeyFailure, KeyServiceError};

use crate::{http::Answer, json};

/// Request to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Unwrap,
    Wrap,
}

impl Action {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unwrap => "unwrapkey",
            Self::Wrap => "wrapkey",
        }
    }
}

/// Returns the error of an answer that is no success.
pub(super) fn read(answer: &Answer, action: Action) -> KeyServiceError {
    let text = |place| json::text_at(&answer.body, place).unwrap_or_default();
    let (code, inner, message) =
        (text("/error/code"), text("/error/innererror/code"), text("/error/message"));
    let kind = match answer.status {
        400 if action == Action::Unwrap => KeyFailure::Mismatch,
        // A key of another type, or a name that cannot be one.
        400 => KeyFailure::NotFound,
        401 => KeyFailure::Denied,
        403 => of_refusal(&inner, &message),
        // An unwrap asks for the version that the wrapped bytes name.
        404 if action == Action::Unwrap => KeyFailure::Mismatch,
        404 => KeyFailure::NotFound,
        409 if code.contains("Deleted") || inner.contains("Deleted") => KeyFailure::Deleted,
        429 => KeyFailure::Throttled { pause: answer.pause },
        _ => KeyFailure::Unavailable,
    };
    KeyServiceError::new(kind, format!("{code} {inner} {message} (HTTP {})", answer.status))
}

/// Returns the kind of a refusal, which is about the key or about the caller.
fn of_refusal(inner: &str, message: &str) -> KeyFailure {
    let is_off = ["KeyDisabled", "KeyExpired", "KeyNotYetValid"].contains(&inner);
    if is_off || message.contains("disabled key") || message.contains("expired key") {
        KeyFailure::Disabled
    } else {
        KeyFailure::Denied
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn refusals_are_told_apart_by_who_must_act() {
        let disabled = "Operation wrapKey is not allowed on a disabled key.";
        for (status, code, inner, message, action, expect) in [
            (400, "BadParameter", "", "", Action::Unwrap, KeyFailure::Mismatch),
            (400, "BadParameter", "", "", Action::Wrap, KeyFailure::NotFound),
            (401, "Unauthorized", "", "AKV10032: Invalid issuer", Action::Wrap, KeyFailure::Denied),
            (403, "Forbidden", "KeyDisabled", disabled, Action::Wrap, KeyFailure::Disabled),
            (
                403,
                "Forbidden",
                "ForbiddenByRbac",
                "not authorized",
                Action::Wrap,
                KeyFailure::Denied,
            ),
            (404, "KeyNotFound", "", "A key was not found", Action::Wrap, KeyFailure::NotFound),
            (404, "KeyNotFound", "", "A key was not found", Action::Unwrap, KeyFailure::Mismatch),
            (
                409,
                "Conflict",
                "ObjectIsDeletedButRecoverable",
                "",
                Action::Wrap,
                KeyFailure::Deleted,
            ),
            (429, "Throttled", "", "", Action::Wrap, KeyFailure::Throttled { pause: None }),
            (500, "InternalServerError", "", "", Action::Wrap, KeyFailure::Unavailable),
        ] {
            let body = format!(
                r#"{{"error":{{"code":"{code}","message":"{message}","innererror":{{"code":"{inner}"}}}}}}"#
            );
            let body = Zeroizing::new(body.into_bytes());
            let error = read(&Answer { status, pause: None, body }, action);
            assert_eq!(error.kind(), expect, "{error}");
        }
    }
}

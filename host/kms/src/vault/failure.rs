//! Errors of Vault and OpenBao, by status and text: there are no codes.

use cloakroom_core::{KeyFailure, KeyServiceError};

use crate::{http::Answer, json};

/// Returns the error of an answer that is no success.
pub(super) fn read(answer: &Answer) -> KeyServiceError {
    let text = json::text_at(&answer.body, "/errors/0").unwrap_or_default();
    let kind = kind(answer, &text);
    let text = match (kind, text.is_empty()) {
        (_, true) => format!("HTTP {}", answer.status),
        (KeyFailure::Unavailable, false) if text.contains("is sealed") => {
            format!("{} (HTTP {}): unseal it", text.trim(), answer.status)
        }
        (_, false) => format!("{} (HTTP {})", text.trim(), answer.status),
    };
    KeyServiceError::new(kind, text)
}

fn kind(answer: &Answer, text: &str) -> KeyFailure {
    match answer.status {
        403 => KeyFailure::Denied,
        404 => KeyFailure::NotFound,
        429 => KeyFailure::Throttled { pause: answer.pause },
        400 => of_request(text),
        _ => KeyFailure::Unavailable,
    }
}

/// Returns the kind of a refused request.
fn of_request(text: &str) -> KeyFailure {
    if text.contains("key not found") {
        KeyFailure::NotFound
    } else if text.contains("soft-deleted") || text.contains("soft deleted") {
        KeyFailure::Deleted
    } else if text.contains("non-AEAD") {
        KeyFailure::Denied
    } else {
        // A version below `min_decryption_version` too: it is a stranger's word, and takes no key away.
        KeyFailure::Mismatch
    }
}

/// Returns the error of a token that no policy lets do this.
pub(super) fn no_policy(action: &str, mount: &str, key: &str) -> KeyServiceError {
    let text = format!(
        "the token is good, and none of its policies has the capability `update` on {mount}/{action}/{key}"
    );
    KeyServiceError::new(KeyFailure::Denied, text)
}

/// Returns the error of a token that the server does not know.
pub(super) fn no_token(origin: String) -> KeyServiceError {
    let text = format!("{origin} is unknown, was revoked or has expired: make another");
    KeyServiceError::new(KeyFailure::Denied, text)
}

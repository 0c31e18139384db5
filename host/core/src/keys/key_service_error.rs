//! Errors of key services, by what an operator does about them.

use std::{error::Error as StdError, fmt, time::Duration};

use crate::{ErrorKind, clean};

/// Longest text of a service, in characters.
const TEXT: usize = 300;

/// Reason why a key service did not wrap or unwrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFailure {
    /// The key is destroyed, or waits for it.
    Deleted,
    /// The caller may not use the key: a policy, a token that was revoked or expired, no credentials.
    Denied,
    /// The key is switched off.
    Disabled,
    /// These bytes do not unwrap under this key with this context.
    Mismatch,
    /// The service has no such key: a wrong name or region.
    NotFound,
    /// The service wants fewer requests.
    Throttled {
        /// The pause that it asks for.
        pause: Option<Duration>,
    },
    /// The service does not answer, is sealed, or fails.
    Unavailable,
}

impl KeyFailure {
    /// Returns the word in metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Denied => "denied",
            Self::Disabled => "disabled",
            Self::Mismatch => "mismatch",
            Self::NotFound => "not_found",
            Self::Throttled { .. } => "throttled",
            Self::Unavailable => "unavailable",
        }
    }

    /// Returns what happened and what to do about it, as the end of a sentence about the service.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Deleted => {
                "says that the key is deleted or waits for its deletion: cancel the deletion, or restore \
                 the key; payloads under it open no other way"
            }
            Self::Denied => {
                "denies the use of the key: grant this process the right to encrypt and decrypt with it, \
                 or renew its credentials"
            }
            Self::Disabled => "says that the key is disabled: enable it",
            Self::Mismatch => {
                "cannot unwrap the data key: it was wrapped under another key, for another ring or \
                 namespace, or changed since"
            }
            Self::NotFound => "has no such key: check name, region and account in its URI",
            Self::Throttled { .. } => {
                "wants fewer requests: raise its quota, or the lifetime of data keys"
            }
            Self::Unavailable => "does not answer: check that it runs and can be reached",
        }
    }

    /// Returns the kind of the error that a payload fails with.
    #[must_use]
    pub fn error_kind(self) -> ErrorKind {
        match self {
            Self::Denied | Self::Disabled => ErrorKind::Denied,
            Self::Deleted => ErrorKind::UnknownKey,
            Self::Mismatch => ErrorKind::Malformed,
            Self::NotFound => ErrorKind::NotFound,
            Self::Throttled { .. } | Self::Unavailable => ErrorKind::Unavailable,
        }
    }

    /// Returns whether the key may not be used any more, so that unwrapped data keys must be forgotten.
    #[must_use]
    pub fn revokes(self) -> bool {
        matches!(self, Self::Deleted | Self::Denied | Self::Disabled)
    }
}

/// Failed request to a key service.
///
/// Its text is what the service said, on one bounded line. A client takes it from the service's error
/// message alone, never from a request or a response that may hold a key.
pub struct KeyServiceError {
    kind: KeyFailure,
    text: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl KeyServiceError {
    /// Returns an error with the service's own words, which are cut to one line.
    #[must_use]
    pub fn new(kind: KeyFailure, text: impl AsRef<str>) -> Self {
        Self { kind, text: clean(text.as_ref(), TEXT), source: None }
    }

    /// Returns the error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns the reason.
    #[must_use]
    pub fn kind(&self) -> KeyFailure {
        self.kind
    }

    /// Returns the service's own words.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for KeyServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.as_str(), self.text)
    }
}

impl fmt::Debug for KeyServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for KeyServiceError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_bounded_line_with_its_kind() {
        let error = KeyServiceError::new(KeyFailure::Denied, format!("no\n{}", "x".repeat(999)));
        let text = error.to_string();
        assert!(text.starts_with("denied: no") && text.chars().count() < 330, "{text}");
        assert!(!text.contains('\n'), "{text}");
    }

    #[test]
    fn only_what_may_pass_by_itself_is_transient() {
        use KeyFailure::*;
        let transient = [Throttled { pause: None }, Unavailable];
        assert!(transient.iter().all(|kind| kind.error_kind().is_transient() && !kind.revokes()));
        let lasting = [Deleted, Denied, Disabled, Mismatch, NotFound];
        assert!(lasting.iter().all(|kind| !kind.error_kind().is_transient()));
        assert!(!Mismatch.revokes() && !NotFound.revokes());
    }
}

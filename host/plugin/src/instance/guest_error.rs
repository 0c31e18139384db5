//! Errors that guests return, and how they are shown.
//!
//! A guest may put anything into its text that it has read, payload bytes included, and errors reach logs
//! and workflow histories. So the text is shown only if the guest has read no payload, or if the operator
//! granted its log. Otherwise the host reports what it knows itself: the kind of error, and the last
//! request that it refused.

use cloakroom_core::{Error, ErrorKind, Remedy, clean};

use crate::{grants::Grants, settings::Settings};

/// Most characters of a guest's text that are shown.
const TEXT: usize = 240;

/// Error that a guest returned.
#[derive(Debug)]
pub(crate) struct GuestError {
    pub(crate) kind: ErrorKind,
    pub(crate) text: String,
}

/// Request that the host refused: the error for the guest, and the one for the operator.
pub(crate) struct Refusal {
    pub(crate) for_guest: GuestError,
    pub(crate) error: Error,
}

impl GuestError {
    /// Returns the error with the guest's text. For calls in which it has read no payload.
    pub(crate) fn with_text(self) -> Error {
        Error::new(self.kind, clean(&self.text, TEXT))
    }

    /// Returns the error of a call in which the guest had a payload. `refusal` is the last request that
    /// the host refused in that call: it is reported if the guest returns the same kind of error, or one
    /// that guests use for anything.
    pub(crate) fn explain(
        self,
        refusal: Option<Refusal>,
        grants: &Grants,
        settings: &Settings,
    ) -> Error {
        // A guest that was refused and fails for another reason later must not be explained by the refusal.
        match refusal.filter(|refusal| refusal.for_guest.kind == self.kind || self.is_vague()) {
            Some(refusal) if refusal.for_guest.kind != self.kind && !grants.log => {
                self.without_text(grants, settings).with_source(refusal.error)
            }
            Some(refusal) if !grants.log || refusal.covers(&self) => refusal.error,
            Some(refusal) => self.with_text().with_source(refusal.error),
            None if grants.log => self.with_text(),
            None => self.without_text(grants, settings),
        }
    }

    /// Returns whether guests use this kind for any failure, so that the host's last refusal may
    /// explain it.
    fn is_vague(&self) -> bool {
        matches!(self.kind, ErrorKind::Config | ErrorKind::Failed)
    }

    fn without_text(&self, grants: &Grants, settings: &Settings) -> Error {
        let what = match self.kind {
            ErrorKind::Malformed => {
                "the plugin rejected the payload as malformed: changed, cut short, or encoded under another \
                 key or for another namespace"
            }
            ErrorKind::Config => "the plugin rejected its settings",
            ErrorKind::Denied => "the plugin was denied access, or denied it itself",
            ErrorKind::NotFound => "the plugin did not find what it looked for",
            ErrorKind::Unavailable => "the plugin could not reach a service that it needs",
            ErrorKind::LimitExceeded(_) => "the plugin rejected the payload as too large",
            _ => "the plugin gave up",
        };
        let hint = match self.kind {
            ErrorKind::Denied | ErrorKind::Unavailable => {
                list("; it may connect to", grants.tcp.names())
            }
            ErrorKind::Config | ErrorKind::LimitExceeded(_) => {
                list("; its settings are", settings.names().map(str::to_owned))
            }
            _ => String::new(),
        };
        let text = format!(
            "{what}{hint}; its own words are not shown, since they could hold payload bytes: grant it \
             the log to see them"
        );
        Error::new(self.kind, text).with_remedies(remedies(self.kind, grants))
    }
}

/// Returns the grants to change. The address that was refused is not known here, and only a plugin with
/// a network can have been refused one.
fn remedies(kind: ErrorKind, grants: &Grants) -> &'static [Remedy] {
    match kind {
        ErrorKind::Denied | ErrorKind::Unavailable if !grants.tcp.is_empty() => {
            &[Remedy::GrantTcp, Remedy::GrantLog]
        }
        _ => &[Remedy::GrantLog],
    }
}

/// Returns `prefix` and names that the operator chose, or an empty text if there are none.
fn list(prefix: &str, names: impl Iterator<Item = String>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { String::new() } else { format!("{prefix} {}", names.join(", ")) }
}

/// The refusal of a request whose guest was given no more than a code.
#[cfg(feature = "http")]
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let for_guest = GuestError { kind: error.kind(), text: String::new() };
        Self { for_guest, error }
    }
}

impl Refusal {
    /// Returns whether a guest's error adds nothing to the host's own. The contract has no case for an
    /// unknown key, so a guest can only return that something was not found.
    fn covers(&self, error: &GuestError) -> bool {
        self.error.kind() == ErrorKind::UnknownKey || self.for_guest.text == error.text
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn guest_error(kind: ErrorKind, text: &str) -> GuestError {
        GuestError { kind, text: text.to_owned() }
    }

    fn refusal(for_guest: ErrorKind, kind: ErrorKind) -> Option<Refusal> {
        let for_guest = guest_error(for_guest, "told");
        Some(Refusal { for_guest, error: Error::new(kind, "ours") })
    }

    fn none() -> Settings {
        Settings::none()
    }

    const NOT_FOUND: ErrorKind = ErrorKind::NotFound;

    #[test]
    fn text_is_shown_only_if_the_log_is_granted() {
        let silent = guest_error(NOT_FOUND, "canary").explain(None, &Grants::none(), &none());
        assert_eq!(silent.kind(), NOT_FOUND);
        let text = silent.to_string();
        assert!(!text.contains("canary") && text.contains("grant it the log"), "{text}");
        let heard =
            guest_error(NOT_FOUND, "can\nary").explain(None, &Grants::none().with_log(), &none());
        assert_eq!(heard.to_string(), "can ary");
        let long = guest_error(NOT_FOUND, &"x".repeat(1 << 20)).explain(
            None,
            &Grants::none().with_log(),
            &none(),
        );
        assert_eq!(long.to_string().chars().count(), TEXT);
    }

    #[test]
    fn a_refusal_is_reported_if_the_guest_returns_it() {
        for grants in [Grants::none(), Grants::none().with_log()] {
            let same = guest_error(NOT_FOUND, "told").explain(
                refusal(NOT_FOUND, NOT_FOUND),
                &grants,
                &none(),
            );
            assert_eq!((&*same.to_string(), same.source().is_some()), ("ours", false));
            let unknown = refusal(NOT_FOUND, ErrorKind::UnknownKey);
            let unknown = guest_error(NOT_FOUND, "other").explain(unknown, &grants, &none());
            assert_eq!(unknown.kind(), ErrorKind::UnknownKey);
            let own = guest_error(ErrorKind::Malformed, "own");
            let own = own.explain(refusal(NOT_FOUND, NOT_FOUND), &grants, &none());
            assert_eq!(own.kind(), ErrorKind::Malformed);
            assert!(!own.to_string().contains("ours") && own.source().is_none());
        }
        let other = || guest_error(NOT_FOUND, "canary");
        let silent = other().explain(refusal(NOT_FOUND, NOT_FOUND), &Grants::none(), &none());
        assert_eq!(silent.report(), "ours");
        let heard =
            other().explain(refusal(NOT_FOUND, NOT_FOUND), &Grants::none().with_log(), &none());
        assert_eq!(heard.report(), "canary: ours");
    }

    #[test]
    fn a_vague_error_has_the_refusal_as_its_cause() {
        let vague = guest_error(ErrorKind::Config, "canary");
        let vague = vague.explain(refusal(NOT_FOUND, NOT_FOUND), &Grants::none(), &none());
        assert_eq!(vague.kind(), ErrorKind::Config);
        assert!(vague.report().ends_with(": ours") && !vague.report().contains("canary"));
    }

    #[test]
    fn names_that_the_operator_chose_are_shown() {
        let grants = Grants::none().with_tcp(([127, 0, 0, 1], 6379).into());
        let error = guest_error(ErrorKind::Unavailable, "").explain(None, &grants, &none());
        assert!(error.to_string().contains("connect to `127.0.0.1:6379`"), "{error}");
        let settings = Settings::none().with_setting("max_bytes", 7).with_setting("bucket", "b");
        let error = guest_error(ErrorKind::Config, "").explain(None, &grants, &settings);
        assert!(error.to_string().contains("settings are `bucket`, `max_bytes`; "), "{error}");
    }
}

//! An error that a guest returned, and what of it is shown.
//!
//! A guest may put into its words whatever it has read. So they are shown only where it has read no
//! payload, or where the operator granted its log. Elsewhere the host says what it knows itself:
//! the kind of error, and what it last refused the guest.

use cloakroom_core::{Error, ErrorKind, clean};

use crate::{Grants, Settings};

/// The most characters of a guest's words that are shown.
const WORDS: usize = 240;

/// An error that a guest returned.
#[derive(Debug)]
pub(crate) struct GivenUp {
    pub(crate) kind: ErrorKind,
    pub(crate) words: String,
}

/// The host's last refusal in a call: the error that the guest got, and the one for the operator.
pub(crate) struct Refusal {
    pub(crate) told: GivenUp,
    pub(crate) error: Error,
}

impl GivenUp {
    /// Returns the error in the guest's own words. For calls in which it has read no payload.
    pub(crate) fn in_words(self) -> Error {
        Error::new(self.kind, clean(&self.words, WORDS))
    }

    /// Returns the error of a call in which the guest had a payload. `refusal` is what the host
    /// last refused in that call: it is reported where the guest hands on what it was told.
    pub(crate) fn explain(
        self,
        refusal: Option<Refusal>,
        grants: &Grants,
        settings: &Settings,
    ) -> Error {
        match refusal.filter(|refusal| refusal.told.kind == self.kind || self.is_vague()) {
            Some(refusal) if refusal.told.kind != self.kind && !grants.log => {
                self.without_words(grants, settings).with_source(refusal.error)
            }
            Some(refusal) if !grants.log || refusal.says_all(&self) => refusal.error,
            Some(refusal) => self.in_words().with_source(refusal.error),
            None if grants.log => self.in_words(),
            None => self.without_words(grants, settings),
        }
    }

    /// Returns whether guests use this kind for any failure, so that the host's last refusal may
    /// explain it.
    fn is_vague(&self) -> bool {
        matches!(self.kind, ErrorKind::Config | ErrorKind::Failed)
    }

    fn without_words(&self, grants: &Grants, settings: &Settings) -> Error {
        let what = match self.kind {
            ErrorKind::Malformed => {
                "the plugin calls the payload malformed: changed, cut short, or encoded under another \
                 key or for another namespace"
            }
            ErrorKind::Config => "the plugin calls its settings wrong",
            ErrorKind::Denied => "the plugin was denied something, or denies it itself",
            ErrorKind::NotFound => "the plugin does not find what it looks for",
            ErrorKind::Unavailable => "the plugin cannot reach what it needs",
            ErrorKind::LimitExceeded(_) => "the plugin calls the payload too large",
            _ => "the plugin gave up",
        };
        let hint = match self.kind {
            ErrorKind::Denied | ErrorKind::Unavailable => list(
                "; `grants.tcp` lets it connect to",
                grants.tcp.iter().map(ToString::to_string),
            ),
            ErrorKind::Config | ErrorKind::LimitExceeded(_) => {
                list("; its settings are", settings.names().map(str::to_owned))
            }
            _ => String::new(),
        };
        let text = format!(
            "{what}{hint} (its own words are not shown, since they could hold payload bytes: grant \
             `log` to see them)"
        );
        Error::new(self.kind, text)
    }
}

/// Returns names of the operator's behind `what`, or nothing if there are none.
fn list(what: &str, names: impl Iterator<Item = String>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { String::new() } else { format!("{what} {}", names.join(", ")) }
}

impl Refusal {
    /// Returns whether a guest's error adds nothing to the host's own. The contract has no case
    /// for an unknown key, so a guest can only hand on that something was not found.
    fn says_all(&self, given_up: &GivenUp) -> bool {
        self.error.kind() == ErrorKind::UnknownKey || self.told.words == given_up.words
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn given_up(kind: ErrorKind, words: &str) -> GivenUp {
        GivenUp { kind, words: words.to_owned() }
    }

    fn refusal(told: ErrorKind, kind: ErrorKind) -> Option<Refusal> {
        Some(Refusal { told: given_up(told, "told"), error: Error::new(kind, "ours") })
    }

    fn none() -> Settings {
        Settings::none()
    }

    const NOT_FOUND: ErrorKind = ErrorKind::NotFound;

    #[test]
    fn words_are_shown_only_where_the_log_is_granted() {
        let silent = given_up(NOT_FOUND, "canary").explain(None, &Grants::none(), &none());
        assert_eq!(silent.kind(), NOT_FOUND);
        let text = silent.to_string();
        assert!(!text.contains("canary") && text.contains("grant `log`"), "{text}");
        let heard = given_up(NOT_FOUND, "can\nary").explain(None, &Grants::none().log(), &none());
        assert_eq!(heard.to_string(), "can ary");
        let long =
            given_up(NOT_FOUND, &"x".repeat(1 << 20)).explain(None, &Grants::none().log(), &none());
        assert_eq!(long.to_string().chars().count(), WORDS);
    }

    #[test]
    fn what_the_host_refused_is_reported_if_the_guest_hands_it_on() {
        for grants in [Grants::none(), Grants::none().log()] {
            let same = given_up(NOT_FOUND, "told").explain(
                refusal(NOT_FOUND, NOT_FOUND),
                &grants,
                &none(),
            );
            assert_eq!((&*same.to_string(), same.source().is_some()), ("ours", false));
            let unknown = refusal(NOT_FOUND, ErrorKind::UnknownKey);
            let unknown = given_up(NOT_FOUND, "other").explain(unknown, &grants, &none());
            assert_eq!(unknown.kind(), ErrorKind::UnknownKey);
            let own = given_up(ErrorKind::Malformed, "own");
            let own = own.explain(refusal(NOT_FOUND, NOT_FOUND), &grants, &none());
            assert_eq!(own.kind(), ErrorKind::Malformed);
            assert!(!own.to_string().contains("ours") && own.source().is_none());
        }
        let other = || given_up(NOT_FOUND, "canary");
        let silent = other().explain(refusal(NOT_FOUND, NOT_FOUND), &Grants::none(), &none());
        assert_eq!(silent.report(), "ours");
        let heard = other().explain(refusal(NOT_FOUND, NOT_FOUND), &Grants::none().log(), &none());
        assert_eq!(heard.report(), "canary: ours");
    }

    #[test]
    fn a_vague_error_has_what_was_refused_as_its_cause() {
        let vague = given_up(ErrorKind::Config, "canary");
        let vague = vague.explain(refusal(NOT_FOUND, NOT_FOUND), &Grants::none(), &none());
        assert_eq!(vague.kind(), ErrorKind::Config);
        assert!(vague.report().ends_with(": ours") && !vague.report().contains("canary"));
    }

    #[test]
    fn what_the_operator_wrote_is_named() {
        let grants = Grants::none().tcp(([127, 0, 0, 1], 6379).into());
        let error = given_up(ErrorKind::Unavailable, "").explain(None, &grants, &none());
        assert!(error.to_string().contains("connect to `127.0.0.1:6379`"), "{error}");
        let settings = Settings::none().set("max_bytes", 7).set("bucket", "b");
        let error = given_up(ErrorKind::Config, "").explain(None, &grants, &settings);
        assert!(error.to_string().contains("settings are `bucket`, `max_bytes` ("), "{error}");
    }
}

//! Identities: callers that may connect, and their namespaces.

use std::{collections::BTreeSet, fmt, sync::Arc};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use cloakroom_core::Error;
use zeroize::Zeroizing;

use crate::{
    access::{CertificateNames, check_token},
    caller::{Caller, Namespaces},
};

/// Name that stands for every namespace.
const EVERY: &str = "*";

/// A caller that may connect: how it is recognised, and the namespaces that it may use.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct Identity {
    caller: Arc<Caller>,
    alternative_names: Vec<String>,
    common_names: Vec<String>,
    subjects: Vec<String>,
    tokens: Vec<Zeroizing<String>>,
}

impl Identity {
    /// Returns an identity that nothing recognises yet. The namespace `*` stands for all of them, and
    /// for calls that belong to none.
    pub fn new<'a>(name: &str, namespaces: impl IntoIterator<Item = &'a str>) -> Self {
        let listed: BTreeSet<_> = namespaces.into_iter().map(str::to_owned).collect();
        let namespaces =
            if listed.contains(EVERY) { Namespaces::Every } else { Namespaces::Listed(listed) };
        Self {
            caller: Arc::new(Caller::new(name, namespaces)),
            alternative_names: Vec::new(),
            common_names: Vec::new(),
            subjects: Vec::new(),
            tokens: Vec::new(),
        }
    }

    /// Says that it shows payloads to people: an answer in which not every payload can be decoded
    /// reaches it with the others decoded. Others get an error.
    pub fn reading(mut self) -> Self {
        Arc::make_mut(&mut self.caller).reads = true;
        self
    }

    /// Says that it may make calls that administer the server: its protocol
    /// says which these are. Others get an error.
    pub fn administering(mut self) -> Self {
        Arc::make_mut(&mut self.caller).administers = true;
        self
    }

    /// Says that it decodes for itself: answers reach it as they are. For another gateway.
    pub fn without_decoding(mut self) -> Self {
        Arc::make_mut(&mut self.caller).decodes = false;
        self
    }

    /// Recognises certificates with this URI or DNS name among their subject alternative names, such
    /// as `spiffe://acme/payments`. Names are compared as a whole.
    pub fn with_alternative_name(mut self, name: &str) -> Self {
        self.alternative_names.push(name.to_owned());
        self
    }

    /// Recognises certificates with this common name, if it is their only one.
    pub fn with_common_name(mut self, name: &str) -> Self {
        self.common_names.push(name.to_owned());
        self
    }

    /// Recognises signed tokens with this subject (`sub`).
    pub fn with_subject(mut self, subject: &str) -> Self {
        self.subjects.push(subject.to_owned());
        self
    }

    /// Recognises this token in `authorization: Bearer`.
    ///
    /// # Errors
    /// `Config` if the token has fewer than 16 bytes.
    pub fn with_token(mut self, token: &str) -> Result<Self, Error> {
        self.tokens.push(check_token(token)?);
        Ok(self)
    }

    /// Returns the name, for logs and errors.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.caller.name
    }

    /// Returns the caller that it stands for.
    pub(super) fn caller(&self) -> Arc<Caller> {
        self.caller.clone()
    }

    /// Returns whether it may make administrative calls, and not use all namespaces.
    pub(super) fn administers_some(&self) -> bool {
        self.caller.administers && self.caller.namespaces != Namespaces::Every
    }

    /// Returns everything that recognises it except tokens, each as it is written in errors.
    pub(super) fn marks(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let alternative = self.alternative_names.iter().map(|name| ("name", &**name));
        let common = self.common_names.iter().map(|name| ("common name", &**name));
        let subjects = self.subjects.iter().map(|name| ("subject", &**name));
        alternative.chain(common).chain(subjects)
    }

    /// Returns whether tokens recognise it, plain or signed.
    pub(super) fn has_tokens(&self) -> bool {
        !self.tokens.is_empty() || !self.subjects.is_empty()
    }

    /// Returns whether certificates recognise it.
    pub(super) fn has_certificates(&self) -> bool {
        !self.alternative_names.is_empty() || !self.common_names.is_empty()
    }

    /// Returns whether signed tokens recognise it.
    pub(super) fn has_subjects(&self) -> bool {
        !self.subjects.is_empty()
    }

    /// Returns whether it has a token of the other identity.
    pub(super) fn shares_token_with(&self, other: &Self) -> bool {
        self.tokens.iter().any(|token| other.is_token(token))
    }

    /// Returns whether a certificate with these names is its own.
    pub(super) fn is_certificate(&self, names: &CertificateNames) -> bool {
        self.alternative_names.iter().any(|name| names.alternative.contains(name))
            || names.common.as_ref().is_some_and(|name| self.common_names.contains(name))
    }

    /// Returns whether a signed token with this subject is its own.
    pub(super) fn is_subject(&self, subject: &str) -> bool {
        self.subjects.iter().any(|known| known == subject)
    }

    /// Returns whether a token is its own. The time depends on the length of the token alone: an early
    /// exit would reveal a token byte by byte.
    pub(super) fn is_token(&self, token: &str) -> bool {
        let is_equal = |known: &Zeroizing<String>| {
            verify_slices_are_equal(known.as_bytes(), token.as_bytes()).is_ok()
        };
        self.tokens.iter().any(is_equal)
    }
}

/// Shows the number of tokens, never their text.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("caller", &self.caller)
            .field("tokens", &self.tokens.len())
            .finish_non_exhaustive()
    }
}

//! Who may ask: a bearer token that the operator knows, or one that an identity provider signed.

use std::{fmt, time::Duration};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use cloakroom_core::{Error, ErrorKind};
use http::{HeaderMap, header::AUTHORIZATION};
use zeroize::Zeroizing;

use super::{
    jwks::Jwks,
    jwt::{KeySource, Verifier},
    key_set::KeySet,
};

/// Who may ask. Whoever has one of the tokens; by default, anybody.
#[derive(Clone, Default)]
pub struct Auth {
    tokens: Vec<Zeroizing<String>>,
    signed: Option<Verifier>,
}

/// A client that was let in.
#[derive(Debug)]
pub(super) struct Admitted {
    /// The subject of a signed token, `token` for the operator's.
    pub(super) subject: String,
    /// The namespaces that it may ask for; none for all.
    pub(super) namespaces: Option<Vec<String>>,
}

/// Why a request was not let in, for the log: without anything of its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Token(&'static str),
    /// There are no keys to check tokens with, because none could be fetched.
    NoKeys(&'static str),
}

impl Auth {
    /// Adds whoever sends this as `Authorization: Bearer …`. The token reaches every namespace.
    ///
    /// # Errors
    /// `Config` if it is empty or too short to be a secret.
    pub fn token(mut self, token: &str) -> Result<Self, Error> {
        let token = token.trim();
        if token.len() < 16 {
            let text = "the token is too short to be one: use 16 characters or more, at random";
            return Err(Error::new(ErrorKind::Config, text));
        }
        self.tokens.push(Zeroizing::new(token.to_owned()));
        Ok(self)
    }

    /// Adds whoever sends a token that one of these keys signed, and that has not expired. `keys`
    /// is a JSON Web Key Set.
    ///
    /// Without an audience, a token that the same provider signed for another application is as
    /// good.
    ///
    /// # Errors
    /// `Config` if there is no key in it that can be used, or one that is a secret.
    pub fn signed(
        mut self,
        keys: &[u8],
        audience: Option<String>,
        issuer: Option<String>,
    ) -> Result<Self, Error> {
        let keys = KeySource::fixed(KeySet::parse(keys)?);
        self.signed = Some(Verifier::new(keys, audience, issuer));
        Ok(self)
    }

    /// Does the same with keys that are fetched from a URL when they are first needed, again every
    /// `refresh`, and when a token names a key that is not known. The last good keys are kept.
    ///
    /// # Errors
    /// `Config` unless the URL is `https:`, or `http:` to a loopback address.
    pub fn signed_by(
        mut self,
        url: &str,
        refresh: Duration,
        audience: Option<String>,
        issuer: Option<String>,
    ) -> Result<Self, Error> {
        let keys = KeySource::fetched(Jwks::new(url, refresh)?);
        self.signed = Some(Verifier::new(keys, audience, issuer));
        Ok(self)
    }

    /// Lets a signed token ask for those namespaces alone that it names in this claim: a list of
    /// names, or a text of names with spaces between them. Without the claim it may ask for none.
    pub fn namespaces(mut self, claim: &str) -> Self {
        self.signed = self.signed.map(|signed| signed.namespaces(claim));
        self
    }

    /// Returns whether anybody may ask.
    pub fn is_open(&self) -> bool {
        self.tokens.is_empty() && self.signed.is_none()
    }

    /// Returns who asks, of a server that is not open.
    pub(super) async fn admit(&self, headers: &HeaderMap) -> Result<Admitted, Refused> {
        let token = bearer(headers).map_err(Refused::Token)?;
        let equal = |known: &Zeroizing<String>| {
            verify_slices_are_equal(known.as_bytes(), token.as_bytes()).is_ok()
        };
        if self.tokens.iter().any(equal) {
            return Ok(Admitted { subject: "token".to_owned(), namespaces: None });
        }
        let text = "the token is not that of `codec_server.token`";
        let signed = self.signed.as_ref().ok_or(Refused::Token(text))?;
        signed.admit(token).await
    }

    /// Returns whether the other lets in the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_same_signed = match (&self.signed, &other.signed) {
            (Some(one), Some(other)) => one.is_same(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        self.tokens == other.tokens && is_same_signed
    }

    /// Takes over the keys that another has fetched from the same place.
    pub(super) fn adopt(&mut self, other: &Self) {
        if let (Some(signed), Some(other)) = (&mut self.signed, &other.signed) {
            signed.adopt(other);
        }
    }
}

impl Admitted {
    /// Returns whether it may ask for the namespace of a request.
    pub(super) fn may_reach(&self, namespace: Option<&str>) -> bool {
        match (&self.namespaces, namespace) {
            (None, _) => true,
            (Some(may), Some(namespace)) => may.iter().any(|name| name == namespace),
            (Some(_), None) => false,
        }
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, &'static str> {
    let sent = headers.get(AUTHORIZATION).ok_or("the request has no `Authorization` header")?;
    let sent = sent.to_str().ok().and_then(|value| value.trim().split_once(' '));
    let (_, token) = sent
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .ok_or("the `Authorization` header is not `Bearer` and a token")?;
    Ok(token.trim())
}

/// Shows whether there are tokens, never which.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("tokens", &self.tokens.len())
            .field("signed", &self.signed.is_some())
            .finish()
    }
}

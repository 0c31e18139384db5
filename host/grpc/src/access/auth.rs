//! Authentication: bearer tokens of the operator, and tokens that an identity provider signed.

use std::{fmt, time::Duration};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use cloakroom_core::{Error, ErrorKind};
use http::{HeaderMap, header::AUTHORIZATION};
use zeroize::Zeroizing;

use super::{
    client::{AuthError, Client},
    jwks::Jwks,
    jwt::{KeySource, TokenVerifier},
    key_set::KeySet,
};

/// Shortest token in bytes that is accepted as a secret.
const MIN_TOKEN: usize = 16;

/// Tokens that a server accepts. Default: none, so the server asks for no token.
#[derive(Clone, Default)]
#[must_use]
pub struct Auth {
    tokens: Vec<Zeroizing<String>>,
    verifier: Option<TokenVerifier>,
}

impl Auth {
    /// Accepts this token in `Authorization: Bearer`, for every namespace. May be called
    /// repeatedly.
    ///
    /// # Errors
    /// `Config` if the token has fewer than 16 bytes.
    pub fn with_token(mut self, token: &str) -> Result<Self, Error> {
        self.tokens.push(check_token(token)?);
        Ok(self)
    }

    /// Accepts unexpired tokens that a key of this JSON Web Key Set signed.
    ///
    /// Set an audience: without one, a token that the same provider issued for another application
    /// is accepted too.
    ///
    /// # Errors
    /// `Config` if the set has no usable key, or has a symmetric one.
    pub fn with_key_set(
        mut self,
        keys: &[u8],
        audience: Option<String>,
        issuer: Option<String>,
    ) -> Result<Self, Error> {
        let keys = KeySource::fixed(KeySet::parse(keys)?);
        self.verifier = Some(TokenVerifier::new(keys, audience, issuer));
        Ok(self)
    }

    /// Accepts unexpired tokens that a key of the JSON Web Key Set at `url` signed.
    ///
    /// The set is fetched when the first token arrives, again every `refresh`, and when a token
    /// names an unknown key. If a fetch fails, the last good set stays.
    ///
    /// # Errors
    /// `Config` unless the URL is `https:`, or `http:` to a loopback address.
    pub fn with_key_set_url(
        mut self,
        url: &str,
        refresh: Duration,
        audience: Option<String>,
        issuer: Option<String>,
    ) -> Result<Self, Error> {
        let keys = KeySource::fetched(Jwks::new(url, refresh)?);
        self.verifier = Some(TokenVerifier::new(keys, audience, issuer));
        Ok(self)
    }

    /// Restricts signed tokens to the namespaces that they list in this claim: a JSON array of
    /// names, or names separated by spaces. A token without the claim may ask for none.
    ///
    /// Default: signed tokens are good for every namespace.
    pub fn with_namespace_claim(mut self, claim: &str) -> Self {
        self.verifier = self.verifier.map(|verifier| verifier.with_namespace_claim(claim));
        self
    }

    /// Returns whether the server asks for no token.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.tokens.is_empty() && self.verifier.is_none()
    }

    /// Authenticates a request to a server that is not open.
    ///
    /// # Errors
    /// The reason to refuse the request, for the log.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Client, AuthError> {
        let token = bearer_token(headers).map_err(AuthError::InvalidToken)?;
        // In constant time: the duration of an early exit would reveal a token byte by byte.
        let is_equal = |known: &Zeroizing<String>| {
            verify_slices_are_equal(known.as_bytes(), token.as_bytes()).is_ok()
        };
        if self.tokens.iter().any(is_equal) {
            let subject = "token".to_owned();
            return Ok(Client { subject, signed_subject: None, namespaces: None });
        }
        let text = "the token is not one of the operator's";
        let verifier = self.verifier.as_ref().ok_or(AuthError::InvalidToken(text))?;
        verifier.authenticate(token).await
    }

    /// Returns whether both accept the same tokens.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let is_same_verifier = match (&self.verifier, &other.verifier) {
            (Some(one), Some(other)) => one.is_same(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        self.tokens == other.tokens && is_same_verifier
    }

    /// Takes over the key set that `other` has fetched from the same URL.
    ///
    /// Otherwise the first tokens after a reload would wait for the identity provider, and be
    /// refused while it is down.
    pub fn adopt_keys(&mut self, other: &Self) {
        if let (Some(verifier), Some(other)) = (&mut self.verifier, &other.verifier) {
            verifier.adopt_keys(other);
        }
    }
}

/// Returns a token of the operator without the white space around it.
///
/// # Errors
/// `Config` if it has fewer than 16 bytes.
pub(crate) fn check_token(token: &str) -> Result<Zeroizing<String>, Error> {
    let token = token.trim();
    if token.len() < MIN_TOKEN {
        let text = format!(
            "the token has {} bytes, but at least {MIN_TOKEN} are needed: use random ones, such as \
             those of `openssl rand -base64 32`",
            token.len()
        );
        return Err(Error::new(ErrorKind::Config, text));
    }
    Ok(Zeroizing::new(token.to_owned()))
}

/// Returns the token of a request.
///
/// # Errors
/// The reason, if there is none.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<&str, &'static str> {
    let header = headers.get(AUTHORIZATION).ok_or("the request has no `Authorization` header")?;
    let parts = header.to_str().ok().and_then(|value| value.trim().split_once(' '));
    let (_, token) = parts
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .ok_or("the `Authorization` header is not `Bearer` and a token")?;
    Ok(token.trim())
}

/// Shows how many tokens there are, never their text.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("tokens", &self.tokens.len())
            .field("signed", &self.verifier.is_some())
            .finish()
    }
}

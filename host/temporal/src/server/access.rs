//! Who may ask: a bearer token that the operator knows, or one that an identity provider signed.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use cloakroom_core::{Error, ErrorKind, clean};
use http::{HeaderMap, header::AUTHORIZATION};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, Jwk, JwkSet},
};
use serde::Deserialize;
use zeroize::Zeroizing;

/// The most characters of a subject in the log.
const LONGEST_SUBJECT: usize = 64;

/// Who may ask. Whoever has one of the tokens; by default, anybody.
#[derive(Clone, Default)]
pub struct Access {
    tokens: Vec<Zeroizing<String>>,
    signed: Option<Signed>,
}

/// What is asked of a signed token.
#[derive(Clone)]
struct Signed {
    keys: Vec<(Option<String>, Vec<Algorithm>, DecodingKey)>,
    audience: Option<String>,
    issuer: Option<String>,
}

impl Access {
    /// Whoever sends this as `Authorization: Bearer …`.
    ///
    /// # Errors
    /// `Config` if it is empty or too short to be a secret.
    pub fn token(mut self, token: &str) -> Result<Self, Error> {
        let token = token.trim();
        if token.len() < 16 {
            let text = "the token is too short to be one: use 16 characters or more, at random";
            return Err(config(text.to_owned()));
        }
        self.tokens.push(Zeroizing::new(token.to_owned()));
        Ok(self)
    }

    /// Whoever sends a token that one of these keys signed, and that has not expired. `keys` is a
    /// JSON Web Key Set.
    ///
    /// Without an audience, a token that the same provider signed for another application is as good.
    ///
    /// # Errors
    /// `Config` if there is no key in it that can be used, or one that is a secret.
    pub fn signed(
        mut self,
        keys: &[u8],
        audience: Option<String>,
        issuer: Option<String>,
    ) -> Result<Self, Error> {
        let set: JwkSet = serde_json::from_slice(keys)
            .map_err(|error| config(format!("not a JSON Web Key Set (line {})", error.line())))?;
        let mut known = Vec::new();
        for key in &set.keys {
            let name = key.common.key_id.clone();
            let shown = name.as_deref().unwrap_or("without a name");
            let usable = algorithms(key).ok_or_else(|| {
                config(format!("key `{shown}` is a secret: those do not belong into a key set"))
            })?;
            // Providers list keys for other purposes, too.
            if usable.is_empty() {
                continue;
            }
            let decoding = DecodingKey::from_jwk(key)
                .map_err(|error| config(format!("key `{shown}`: {error}")))?;
            known.push((name, usable, decoding));
        }
        if known.is_empty() {
            return Err(config(
                "the key set holds no key that verifies RS, PS, ES256, ES384 or EdDSA".to_owned(),
            ));
        }
        self.signed = Some(Signed { keys: known, audience, issuer });
        Ok(self)
    }

    /// Whether anybody may ask.
    pub fn is_open(&self) -> bool {
        self.tokens.is_empty() && self.signed.is_none()
    }

    /// Returns who asks: the subject of a signed token, `token` for the operator's, nobody's name if
    /// anybody may ask.
    ///
    /// # Errors
    /// Why not, for the log: without anything of the token.
    pub(super) fn admit(&self, headers: &HeaderMap) -> Result<Option<String>, &'static str> {
        if self.is_open() {
            return Ok(None);
        }
        let sent = headers.get(AUTHORIZATION).ok_or("the request has no `Authorization` header")?;
        let sent = sent.to_str().ok().and_then(|value| value.trim().split_once(' '));
        let (_, token) = sent
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .ok_or("the `Authorization` header is not `Bearer` and a token")?;
        let token = token.trim();
        let equal = |known: &Zeroizing<String>| {
            verify_slices_are_equal(known.as_bytes(), token.as_bytes()).is_ok()
        };
        if self.tokens.iter().any(equal) {
            return Ok(Some("token".to_owned()));
        }
        let signed = self.signed.as_ref().ok_or("the token is not that of `codec_server.token`")?;
        signed.admit(token).map(Some)
    }
}

impl Signed {
    /// Returns who asks.
    fn admit(&self, token: &str) -> Result<String, &'static str> {
        let header = decode_header(token).map_err(|_| "the token is not a signed one")?;
        // A token without a name of its key is tried with all.
        let named = |(name, algorithms, _): &&(Option<String>, Vec<Algorithm>, _)| {
            algorithms.contains(&header.alg) && (header.kid.is_none() || *name == header.kid)
        };
        let mut refused = "no key of `codec_server.jwt` has the token's key id and algorithm";
        for (_, _, key) in self.keys.iter().filter(named) {
            match decode::<Claims>(token, key, &self.validation(header.alg)) {
                Ok(checked) => return Ok(checked.claims.subject()),
                Err(error) => refused = why(error.kind()),
            }
        }
        Err(refused)
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.validate_nbf = true;
        validation.validate_aud = self.audience.is_some();
        let mut required = vec!["exp"];
        if let Some(audience) = &self.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        validation
    }
}

/// What is read of a signed token besides what is checked.
#[derive(Deserialize)]
struct Claims {
    /// Text, if the provider keeps to the standard.
    #[serde(default)]
    sub: serde_json::Value,
}

impl Claims {
    fn subject(&self) -> String {
        let subject = self.sub.as_str().map(|subject| clean(subject, LONGEST_SUBJECT));
        subject.filter(|subject| !subject.is_empty()).unwrap_or_else(|| "jwt".to_owned())
    }
}

fn why(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind as Kind;
    match kind {
        Kind::ExpiredSignature => "the token has expired",
        Kind::ImmatureSignature => "the token is not valid yet",
        Kind::InvalidSignature => "no key of `codec_server.jwt` verifies the token",
        Kind::InvalidAudience => "the token is for another audience than `codec_server.jwt` has",
        Kind::InvalidIssuer => "the token is by another issuer than `codec_server.jwt` has",
        Kind::MissingRequiredClaim(_) => "the token has no `exp`, or no `aud` or `iss` to check",
        _ => "the token cannot be verified",
    }
}

/// What a key may have signed with: what it says, or else what its kind allows. None for a key that
/// signs and verifies alike: it would let every reader of the file in.
fn algorithms(key: &Jwk) -> Option<Vec<Algorithm>> {
    use jsonwebtoken::jwk::EllipticCurve;
    let possible = match &key.algorithm {
        AlgorithmParameters::RSA(_) => vec![
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => vec![Algorithm::ES256],
            EllipticCurve::P384 => vec![Algorithm::ES384],
            _ => Vec::new(),
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            vec![Algorithm::EdDSA]
        }
        AlgorithmParameters::OctetKey(_) => return None,
        _ => Vec::new(),
    };
    let said = key.common.key_algorithm.map(|said| said.to_string());
    Some(match said {
        Some(said) => {
            possible.into_iter().filter(|algorithm| format!("{algorithm:?}") == said).collect()
        }
        None => possible,
    })
}

fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}

/// Shows whether there are tokens, never which.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("tokens", &self.tokens.len())
            .field("signed", &self.signed.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_short_word_in_the_log() {
        let long = "x".repeat(100);
        for (sub, expect) in [
            (serde_json::json!("alice@example.com"), "alice@example.com".to_owned()),
            (serde_json::json!("a\nb\u{1b}[2J"), "a b [2J".to_owned()),
            (serde_json::json!(long), format!("{}…", "x".repeat(63))),
            (serde_json::json!(" "), "jwt".to_owned()),
            (serde_json::json!({ "not": "text" }), "jwt".to_owned()),
            (serde_json::Value::Null, "jwt".to_owned()),
        ] {
            assert_eq!(Claims { sub }.subject(), expect);
        }
    }
}

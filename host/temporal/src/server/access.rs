//! Who may ask: a bearer token that the operator knows, or one that an identity provider signed.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use cloakroom_core::{Error, ErrorKind};
use http::{HeaderMap, header::AUTHORIZATION};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, Jwk, JwkSet},
};

/// Who may ask. Whoever has one of the tokens; by default, anybody.
#[derive(Clone, Default)]
pub struct Access {
    tokens: Vec<String>,
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
        self.tokens.push(token.to_owned());
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

    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        if self.is_open() {
            return true;
        }
        let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some((scheme, token)) = sent.and_then(|value| value.trim().split_once(' ')) else {
            return false;
        };
        let equal = |known: &String| {
            verify_slices_are_equal(known.as_bytes(), token.trim().as_bytes()).is_ok()
        };
        scheme.eq_ignore_ascii_case("bearer")
            && (self.tokens.iter().any(equal)
                || self.signed.as_ref().is_some_and(|signed| signed.admits(token.trim())))
    }
}

impl Signed {
    fn admits(&self, token: &str) -> bool {
        let Ok(header) = decode_header(token) else {
            return false;
        };
        // A token without a name of its key is tried with all.
        let named = |(name, algorithms, _): &&(Option<String>, Vec<Algorithm>, _)| {
            algorithms.contains(&header.alg) && (header.kid.is_none() || *name == header.kid)
        };
        self.keys.iter().filter(named).any(|(_, _, key)| {
            let checked = decode::<serde::de::IgnoredAny>(token, key, &self.validation(header.alg));
            checked.is_ok()
        })
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
